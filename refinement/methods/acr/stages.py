"""The stages of an iteration between the calls of models and the sandbox, as functions from records to records.

Source: RefineCoder, sections 3.2 and 3.3.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from refinement.answers.code import extract_code, fenced_blocks
from refinement.benchmarks.programs import find_execution, standalone_program
from refinement.completion.requests import Answer, found_in
from refinement.methods.acr.answers import comparison, critique, judgement
from refinement.methods.acr.refining import current_answer
from refinement.methods.acr.scoring import choose_best, decide_winner, normalize, weigh
from refinement.records.accounts import Account
from refinement.records.randomness import keyed
from refinement.records.record_types import Record

Answers = Mapping[tuple[str, int], Answer]
SELF_FIRST, ORIGINAL_FIRST = 1, 2


def all_answers(
    dataset: Sequence[Record], samples: Mapping[tuple[str, int], Record], n: int
) -> Iterator[tuple[str, int, str]]:
    """Yield (id, sample, response) of y0, as sample 0, and of each sample that exists."""
    for record in dataset:
        yield record["id"], 0, current_answer(record)
        for sample in range(1, n + 1):
            if found := samples.get((record["id"], sample)):
                yield record["id"], sample, found["response"]


def collect_samples(dataset: Sequence[Record], answers: Answers, n: int, account: Account) -> Iterator[Record]:
    """Read the self-generated answers y_1..y_n of each instruction."""
    for record in dataset:
        for sample in range(1, n + 1):
            account.taken += 1
            answer = found_in(answers, record["id"], sample)
            if answer.text is None:
                account.reject(f"{record['id']}:{sample}", answer.error or "no_response")
                continue
            account.given += 1
            yield {"id": record["id"], "sample": sample, "response": answer.text, "finish_reason": answer.finish_reason}


def collect_executions(responses: Iterable[tuple[str, int, str]], executions: Mapping[str, Record]) -> Iterator[Record]:
    """Equation 4 for every response; a response without code is not executable.

    ``responses``: (id, sample, response); ``executions``: the sandbox's results, by program id.
    """
    for name, sample, response in responses:
        program = standalone_program(response)
        execution = find_execution(program and program["id"], executions)
        verdict = "no_code" if execution is None else execution["verdict"]
        if execution and verdict == "error" and (execution["error"] or "").startswith("ModuleNotFoundError"):
            verdict = "missing_package"
        yield {"id": name, "sample": sample, "executed": int(verdict == "passed"), "verdict": verdict}


def collect_judgements(samples: Sequence[Record], answers: Answers, account: Account) -> Iterator[Record]:
    """Read the judgement of every sample (equation 1), or the reason why there is none."""
    for sample in account.take(samples):
        answer = found_in(answers, sample["id"], sample["sample"])
        scores = judgement.read(answer.text) if answer.text is not None else None
        reason = None if scores else answer.error or "unreadable"
        if reason:
            account.reject(f"{sample['id']}:{sample['sample']}", reason, answer.text)
        else:
            account.given += 1
        yield {"id": sample["id"], "sample": sample["sample"], "scores": scores, "reason": reason}


def select_best(
    dataset: Sequence[Record],
    judgements: Mapping[tuple[str, int], Record],
    executions: Mapping[tuple[str, int], Record],
    weights: Mapping[str, float],
    n: int,
) -> Iterator[Record]:
    """Equations 2 to 5 for every instruction."""
    for record in dataset:
        name = record["id"]
        judged = [judgements.get((name, sample)) for sample in range(1, n + 1)]
        points = normalize([weigh(found["scores"], weights) if found else None for found in judged])
        results = [executions.get((name, sample)) for sample in range(n + 1)]
        executed = [found["executed"] if found else 0 for found in results]
        best = choose_best(points, executed)
        yield {"id": name, "score_point": points, "score_exec": executed, "best_self": best}


def comparison_orders(record_id: str, order: str, seed: int) -> list[int]:
    """The orders of the two answers in the judge's prompts.

    ``order``: "both", or "coin" for one order, which a random number seeded by the record's id decides.
    """
    if order == "both":
        return [SELF_FIRST, ORIGINAL_FIRST]
    return [keyed(seed, "pair order", record_id).choice((SELF_FIRST, ORIGINAL_FIRST))]


def read_comparison(text: str, order: int) -> dict[str, float | str] | None:
    """Read a pair-wise answer and rename its A and B to self and original; None if it is unreadable."""
    verdict = comparison.read(text)
    if verdict is None:
        return None
    names = ("self", "original") if order == SELF_FIRST else ("original", "self")
    better = {"A": names[0], "B": names[1], "tie": "tie"}[verdict.better]
    return {names[0]: verdict.rating_a, names[1]: verdict.rating_b, "better": better}


def contradicts(record: Record) -> bool:
    """Whether a comparison's verdict contradicts its ratings."""
    if record["self"] is None:
        return False
    implied = (
        "tie" if record["self"] == record["original"] else "self" if record["self"] > record["original"] else "original"
    )
    return implied != record["better"]


def collect_comparisons(
    best: Sequence[Record], answers: Answers, order: str, seed: int, account: Account
) -> Iterator[Record]:
    """Read the comparison of every instruction with a best sample (equation 6), once for each order."""
    for record in best:
        if record["best_self"] is None:
            continue
        for first in comparison_orders(record["id"], order, seed):
            account.taken += 1
            answer = found_in(answers, record["id"], first)
            found = read_comparison(answer.text, first) if answer.text is not None else None
            reason = None if found else answer.error or "unreadable"
            if reason:
                account.reject(f"{record['id']}:{first}", reason, answer.text)
            else:
                account.given += 1
            yield {
                "id": record["id"],
                "order": "self" if first == SELF_FIRST else "original",
                **(found or {"self": None, "original": None, "better": None}),
                "reason": reason,
            }


def _mean_ratings(records: Sequence[Record]) -> tuple[float, float] | None:
    known = [record for record in records if record["self"] is not None]
    if not known:
        return None
    return (
        sum(record["self"] for record in known) / len(known),
        sum(record["original"] for record in known) / len(known),
    )


def rank(best: Sequence[Record], comparisons: Iterable[Record]) -> Iterator[Record]:
    """Equations 7 and 8 for every instruction."""
    by_id: dict[str, list[Record]] = {}
    for record in comparisons:
        by_id.setdefault(record["id"], []).append(record)
    for record in best:
        chosen, executed = record["best_self"], record["score_exec"]
        ratings = _mean_ratings(by_id.get(record["id"], [])) if chosen is not None else None
        score = decide_winner(ratings, executed[chosen or 0], executed[0])
        yield {**record, "score_self": score.score_self, "score_original": score.score_original, "winner": score.winner}


def best_answers(rankings: Iterable[Record], samples: Mapping[tuple[str, int], Record]) -> dict[str, str]:
    """The best self-generated answer y_self by instruction; without instructions that have none."""
    return {
        ranking["id"]: samples[ranking["id"], ranking["best_self"]]["response"]
        for ranking in rankings
        if ranking["best_self"] is not None
    }


def _same_code(before: str, after: str) -> bool:
    """Whether two texts have the same code blocks and the same program."""

    def code(text: str) -> tuple[list[str], str | None]:
        whole = extract_code(text)
        return [block.strip() for block in fenced_blocks(text)], whole.strip() if whole else None

    return code(before) == code(after)


def collect_critiques(
    rankings: Sequence[Record],
    original_of: Mapping[str, str],
    best_of: Mapping[str, str],
    answers: Answers,
    rewrite: str,
    account: Account,
) -> Iterator[Record]:
    """Read the critique of every instruction that the current answer won (equation 9).

    ``original_of``: the current answers, by instruction; ``best_of``: the self-generated answers that lost.
    ``rewrite``: "original" keeps both answers word for word; "polished" takes the critic's wording of both if it
    left all code unchanged.
    """
    for ranking in rankings:
        if ranking["winner"] != "original":
            continue
        account.taken += 1
        name = ranking["id"]
        answer = found_in(answers, name)
        parts = critique.read(answer.text) if answer.text is not None else None
        reason = None if parts else answer.error or "unreadable"
        record = dict.fromkeys(("parts", "critique", "first_answer", "second_answer", "code_unchanged"))
        if parts:
            account.given += 1
            texts = best_of[name], original_of[name]
            written = parts["Round1_from_Assistant"], parts["Round2_from_Assistant"]
            same = all(_same_code(text, new) for text, new in zip(texts, written, strict=True))
            first, second = written if rewrite == "polished" and same else texts
            record = {
                "parts": parts,
                "critique": parts["Round2_from_User"],
                "first_answer": first,
                "second_answer": second,
                "code_unchanged": int(same),
            }
        else:
            account.reject(name, reason or "unreadable", answer.text)
        yield {"id": name, **record, "reason": reason}
