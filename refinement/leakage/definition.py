"""The Test Leakage Indicator (TLI) as it is defined, one pair of texts at a time.

The definition is XCoder's (Wang et al. 2024), which RefineCoder's Table 3 and
Figure 7 use. A text is split at white space, and its case is kept. G(text) is
the one set of its 4-grams and 5-grams, with n - 1 symbols before its start and
after its end. The similarity of a training record r to a test question t is

    S(t, r) = |G(t) & G(r)| / |G(t)|,

leak(t) is the mean of its k largest values, and the TLI is the mean of leak(t)
over a benchmark's questions. The unpadded variant leaves the symbols out, so
that short questions which only begin or end alike do not count as overlap.

The symbols are not text: a token that is spelled like a symbol is another token.

The indicator recognises neither paraphrases nor translations (docs/leakage.md).
"""

from difflib import SequenceMatcher

# Numbers of what is no word; the numbers of words begin at FIRST.
UNKNOWN, START, END, FIRST = 0, 1, 2, 3
Gram = tuple[str | int, ...]


def grams_of(text: str, padded: bool = True) -> set[Gram]:
    """Return G(text), written as the definition reads; the symbols are the numbers START and END."""
    tokens, found = text.split(), set()
    for n in (4, 5):
        row = [START] * (n - 1) + tokens + [END] * (n - 1) if padded else tokens
        found.update(zip(*(row[start:] for start in range(n)), strict=False))
    return found


def similarity(question: str, record: str, padded: bool = True) -> float:
    """Return S(t, r) as defined; 0 for a question that has no gram."""
    own = grams_of(question, padded)
    return len(own & grams_of(record, padded)) / max(len(own), 1)


def shared_grams(question: str, record: str) -> list[str]:
    """List the grams that both texts have, in the order of the question; the symbols are written <s> and </s>."""
    known, symbols = grams_of(record), {START: "<s>", END: "</s>"}
    row = [START] * 4 + question.split() + [END] * 4
    rows = (tuple(row[place : place + n]) for place in range(len(row) - 4) for n in (4, 5))
    found = dict.fromkeys(gram for gram in rows if gram in known)
    return [" ".join(symbols[part] if isinstance(part, int) else part for part in gram) for gram in found]


def stretch(question: str, record: str) -> float:
    """Return the share of the question's tokens in its longest sequence that the record has too; 1 without tokens.

    Sets of grams forget their order: a longer text that says something else
    may contain all the grams of a short question.
    """
    own, other = question.split(), record.split()
    return SequenceMatcher(None, own, other, autojunk=False).find_longest_match().size / len(own) if own else 1.0
