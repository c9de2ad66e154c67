"""Reads free text: any answer that is not empty is valid."""


def read(text: str) -> str | None:
    """The text, or None if it is blank."""
    return text if text.strip() else None
