"""What the readers of structured answers share."""

import re

_START = re.compile(r"<{2,3}\s*OUTPUT\s*>{2,3}", re.IGNORECASE)
_END = re.compile(r"<{2,3}\s*/\s*OUTPUT\s*>{2,3}", re.IGNORECASE)


def output_block(text: str) -> str:
    """What stands between the last <<<OUTPUT>>> and its end, or the whole text."""
    starts = list(_START.finditer(text))
    if starts:
        text = text[starts[-1].end() :]
    end = _END.search(text)
    return text[: end.start()] if end else text


def bracketed(label: str, value: str) -> re.Pattern[str]:
    """Pattern of ``label: [[value]]`` on a line, bold or plain, brackets optional."""
    return re.compile(
        rf"^[ \t>*\-\d.)]*{label}[ \t*]*[:=][ \t*]*"
        rf"\[{{0,2}}[ \t]*({value})[ \t]*(?:/[ \t]*10)?[ \t]*\]{{0,2}}[ \t*.]*$",
        re.IGNORECASE | re.MULTILINE,
    )
