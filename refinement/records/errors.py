"""What a user can mend."""


class BadInput(Exception):
    """Something a user can mend; its text is one line: what, where, what to do."""
