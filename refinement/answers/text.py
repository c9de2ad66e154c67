"""What the readers of structured answers share: one strict format, and the deviations that models are forgiven."""

import re

_START = re.compile(r"<{2,3}\s*OUTPUT\s*>{2,3}", re.IGNORECASE)
_END = re.compile(r"<{2,3}\s*/\s*OUTPUT\s*>{2,3}", re.IGNORECASE)
_ABOVE = r"^[ \t>*_#|\-\d.)`]*"  # what may stand before a label: quotes, bullets, numbers, bold, headings, tables
_SCALE = r"(?:[ \t]*(?:/|out[ \t]+of)[ \t]*10?(?:\.0)?(?![\d.]))?"
_AFTER = r"[ \t*_.`|]*(?:$|[,;:(–—].*$|[ \t*]+(?:-|–|—|because|since)[ \t].*$)"


def output_block(text: str) -> str:
    """What stands between the last <<<OUTPUT>>> and its end, or the whole text."""
    starts = list(_START.finditer(text))
    if starts:
        text = text[starts[-1].end() :]
    end = _END.search(text)
    return text[: end.start()] if end else text


def values_of(label: str, value: str, block: str) -> list[str]:
    """Every ``label: [[value]]`` in a block: bold or plain, numbered or not, on a scale (8/10), with text behind it.

    ``label`` and ``value`` are patterns. Brackets may be missing, but not half of them.
    """
    pattern = re.compile(
        rf"{_ABOVE}(?:{label})[ \t*_`]*[:=|][ \t*_`]*(?P<open>\[{{1,2}}[ \t*]*)?(?P<value>{value}){_SCALE}"
        rf"(?(open)[ \t*]*\]{{1,2}}){_SCALE}(?(open)(?![\]\d]).*$|{_AFTER})",
        re.IGNORECASE | re.MULTILINE,
    )
    return [match["value"] for match in pattern.finditer(block)]
