"""Errors that a user can correct."""


class BadInput(Exception):
    """An error that a user can correct; its message is one line: what is wrong, where, and what to do."""
