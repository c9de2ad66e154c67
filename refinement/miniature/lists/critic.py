"""The scripted critic: it reports how a program fails and which step to correct."""

import re
from collections.abc import Mapping, Sequence

from refinement.miniature.lists.grammar import OPERATIONS, Wording, fill, read_instruction, write_code
from refinement.miniature.lists.reading import Reading, read_response

_PARTS = re.compile(
    r"\[Instruction\]\n(.*?)\n\n\[The start of RESPONSE 1\]\n(.*?)\n\[The end of RESPONSE 1\]\n\n"
    r"\[The start of RESPONSE 2\]\n(.*?)\n\[The end of RESPONSE 2\]",
    re.DOTALL,
)


def _bare(line: str) -> str:
    return line.partition("  #")[0].rstrip()


def _step_to_mend(code: str, wording: Wording) -> str | None:
    wanted = write_code(wording.specification).split("\n")[1:]
    written = [_bare(line) for line in code.split("\n") if line.startswith("    ")]
    steps = (*wording.specification.steps, wording.specification.reducer)
    for index, (step, paraphrase) in enumerate(zip(steps, wording.paraphrases, strict=True)):
        if index >= len(written) or written[index] != wanted[index]:
            return fill(OPERATIONS[step.operation].phrases[paraphrase], step)
    return None


def criticize(reading: Reading, wording: Wording | None) -> str:
    """The user's message in the second round."""
    if reading.code is None:
        return "There is no code in it. Please write the function."
    if not reading.parses or wording is None:
        return "The code does not run. Please write it again."
    if reading.symptom is None:
        return "It works. Please write it more clearly."
    seen = f"solve({list(reading.symptom.xs)}) gives {reading.symptom.actual}, not {reading.symptom.expected}."
    phrase = _step_to_mend(reading.code, wording)
    return f"{seen} Mend this step: {phrase}." if phrase else f"{seen} Check each step."


def reply(text: str, key: Sequence[object], options: Mapping[str, object]) -> str:
    """The conversation of two rounds, in the requested output format (RefineCoder, Figure 10)."""
    found = _PARTS.search(text)
    if not found:
        return "I see no instruction with two responses."
    instruction, first, second = found.groups()
    critique = criticize(read_response(instruction, first), read_instruction(instruction))
    parts = (
        ("Round1_from_User", instruction),
        ("Round1_from_Assistant", first),
        ("Round2_from_User", critique),
        ("Round2_from_Assistant", second),
    )
    return "\n".join(["<<<OUTPUT>>>", *(f"{name}:\n{part}" for name, part in parts), "<<</OUTPUT>>>"])
