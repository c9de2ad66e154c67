"""Shared by the readers of structured answers: one strict format, and the common deviations that are accepted."""

import re

_START = re.compile(r"<{2,3}\s*OUTPUT\s*>{2,3}", re.IGNORECASE)
_END = re.compile(r"<{2,3}\s*/\s*OUTPUT\s*>{2,3}", re.IGNORECASE)
_ABOVE = r"^[ \t>*_#|\-\d.)`]*"  # allowed before a label: quotes, bullets, numbers, bold, headings, table borders
_SCALE = r"(?:[ \t]*(?:/|out[ \t]+of)[ \t]*10?(?:\.0)?(?![\d.]))?"
_AFTER = r"[ \t*_.`|]*(?:$|[,;:(–—].*$|[ \t*]+(?:-|–|—|because|since)[ \t].*$)"


def output_block(text: str) -> str:
    """The text between the last <<<OUTPUT>>> and its end marker; the whole text if there is none."""
    starts = list(_START.finditer(text))
    if starts:
        text = text[starts[-1].end() :]
    end = _END.search(text)
    return text[: end.start()] if end else text


def values_of(label: str, value: str, block: str) -> list[str]:
    """Every ``label: [[value]]`` in a block.

    ``label``, ``value``: regular expressions.

    Labels may be bold or numbered, and values may have a scale (8/10) or an explanation
    behind them. The brackets may be missing, but not only one of a pair.
    """
    pattern = re.compile(
        rf"{_ABOVE}(?:{label})[ \t*_`]*[:=|][ \t*_`]*(?P<open>\[{{1,2}}[ \t*]*)?(?P<value>{value}){_SCALE}"
        rf"(?(open)[ \t*]*\]{{1,2}}){_SCALE}(?(open)(?![\]\d]).*$|{_AFTER})",
        re.IGNORECASE | re.MULTILINE,
    )
    return [match["value"] for match in pattern.finditer(block)]
