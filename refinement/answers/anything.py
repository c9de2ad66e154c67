"""A teacher's free text: whatever is not empty can be read."""


def read(text: str) -> str | None:
    """The text, or None if there is none."""
    return text if text.strip() else None
