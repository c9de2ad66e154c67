"""Instructions: written from snippets, evolved, and selected for D_0 (RefineCoder, section 4.3)."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from refinement.completion.requests import Answer, found_in
from refinement.leakage.similarity import BenchmarkOverlap
from refinement.methods.acr.answers import concepts, evolution
from refinement.miniature.lists.grammar import read_instruction
from refinement.records.accounts import Account
from refinement.records.randomness import keyed
from refinement.records.record_types import Record


def collect_ideas(
    snippets: Sequence[Record], answers: Mapping[tuple[str, int], Answer], per_snippet: int, account: Account
) -> Iterable[Record]:
    """Round 0: read the instructions that the teacher wrote from the snippets."""
    for snippet in snippets:
        for sample in range(1, per_snippet + 1):
            account.taken += 1
            name = f"{snippet['id']}.{sample}"
            answer = found_in(answers, snippet["id"], sample)
            idea = concepts.read(answer.text) if answer.text is not None else None
            if idea is None:
                account.reject(name, answer.error or "unreadable", answer.text)
                continue
            account.given += 1
            yield {
                "id": name,
                "instruction": idea.instruction,
                "concepts": idea.concepts,
                "snippet": snippet["id"],
                "lineage": [],
            }


def choose_strategy(record_id: str, strategies: Sequence[str], seed: int, number: int) -> str:
    """Choose the strategy that evolves an instruction in round ``number``: uniformly, determined by the seed."""
    return keyed(seed, "strategy", number, record_id).choice(strategies)


def find_fault(old: str, new: str, phrases: Sequence[str], overlap: BenchmarkOverlap | None) -> tuple[str, str] | None:
    """The reason to reject an evolved instruction and a detail; None if the instruction is acceptable."""
    if " ".join(new.split()) == " ".join(old.split()):
        return "unchanged", new
    if phrase := next((phrase for phrase in phrases if phrase.lower() in new.lower()), None):
        return "forbidden_phrase", phrase
    if overlap and (gram := overlap.find(new)):
        return "benchmark_overlap", gram
    return None


def collect_evolutions(
    instructions: Sequence[Record],
    answers: Mapping[tuple[str, int], Answer],
    strategy_of: Callable[[str], str],
    number: int,
    phrases: Sequence[str],
    overlap: BenchmarkOverlap | None,
    keep_all: bool,
    account: Account,
) -> Iterable[Record]:
    """Round ``number``: replace each instruction by its new version or, with ``keep_all``, add the new version.

    If the new version is rejected, its parent stays. The account counts the new versions.
    """
    for parent in instructions:
        account.taken += 1
        answer = found_in(answers, parent["id"])
        new = evolution.read(answer.text) if answer.text is not None else None
        fault = ("unreadable" if answer.error is None else answer.error, "")
        if new is not None:
            fault = find_fault(parent["instruction"], new, phrases, overlap)
        if fault:
            account.reject(parent["id"], *fault)
        if fault or keep_all:
            yield parent
        if new is not None and not fault:
            account.given += 1
            lineage = [*parent["lineage"], strategy_of(parent["id"])]
            name = f"{parent['id']}.r{number}" if keep_all else parent["id"]
            yield {**parent, "id": name, "instruction": new, "lineage": lineage}


def identity_of(text: str, kind: str) -> str:
    """A text that is equal for two instructions if they count as the same.

    ``kind``: "text" compares the words; "specification" compares the miniature's specifications, and the words of
    an instruction that has none.
    """
    if kind == "specification" and (wording := read_instruction(text)):
        return str(wording.specification)
    return " ".join(text.lower().split())


def select(
    instructions: Sequence[Record],
    problems: Sequence[str],
    identity: str,
    near_duplicates: Callable[[Sequence[str]], Mapping[int, int]] | None,
    overlap: BenchmarkOverlap | None,
    size: int,
    seed: int,
    account: Account,
) -> list[Record]:
    """Select the instructions of D_0: no duplicates, no benchmark problems, at most ``size``, drawn by ``seed``.

    ``identity``: the ``kind`` of :func:`identity_of`; ``near_duplicates``: maps texts to the indices of those that
    nearly repeat an earlier one, and to the index of the earlier one.
    """
    taken = {identity_of(prompt, identity): "benchmark_overlap" for prompt in problems}
    repeated = near_duplicates([record["instruction"] for record in instructions]) if near_duplicates else {}
    clean = []
    for index, record in enumerate(account.take(instructions)):
        name = identity_of(record["instruction"], identity)
        gram = overlap.find(record["instruction"]) if overlap else None
        if name in taken:
            account.reject(record["id"], taken[name], record["instruction"])
        elif index in repeated:
            account.reject(record["id"], "near_duplicate", instructions[repeated[index]]["id"])
        elif gram:
            account.reject(record["id"], "benchmark_overlap", gram)
        else:
            taken[name] = "duplicate"
            clean.append(record)
    order = sorted(range(len(clean)), key=lambda i: keyed(seed, "selection", clean[i]["id"]).random())
    chosen = set(order[:size])
    for index, record in enumerate(clean):
        if index not in chosen:
            account.reject(record["id"], "surplus")
    account.given = len(chosen)
    return [record for index, record in enumerate(clean) if index in chosen]
