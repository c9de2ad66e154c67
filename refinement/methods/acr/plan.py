"""What an experiment in ACR asks of whom, stage by stage; sizes and shares that only the run can tell are assumed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from refinement.results.plan import Work

Count = Callable[[str, str], float]  # tokens of a text to a role


def at(shares: Sequence[float], iteration: int) -> float:
    """A share by iteration; the last holds for all that follow."""
    return shares[min(iteration, len(shares) - 1)]


def dataset_sizes(d0: float, chain: Mapping[str, Any], shares: Mapping[str, Any]) -> list[float]:
    """Expected records of D_0, D_1, ... of a variant (equation 10, and what its ablations drop)."""
    sizes = [d0]
    for iteration in range(max(chain["trained"], default=0)):
        dropped = 0.0
        if chain["on_self_win"] == "drop":
            dropped += at(shares["self_wins"], iteration)
        if chain["on_original_win"] == "drop":
            dropped += at(shares["original_wins"], iteration)
        sizes.append(sizes[-1] * (1 - dropped))
    return sizes


def _versions(settings: Mapping[str, Any], round_: int) -> float:
    """Instructions before a round of evolution: new versions replace theirs, or join them."""
    return settings["snippets"] * settings["per_snippet"] * (2 ** (round_ - 1) if settings["keep"] == "all" else 1)


def d0_size(settings: Mapping[str, Any]) -> float:
    """Expected instructions of D_0."""
    return min(settings["d0_size"], _versions(settings, settings["rounds"] + 1))


class Planner:
    """Stages of one run, from ``settings``: what the rules know (docs/config.md, ``plan``)."""

    def __init__(self, settings: Mapping[str, Any], templates: Mapping[str, Sequence[str]], count: Count) -> None:
        self._settings, self._roles, self._assumed = settings, settings["roles"], settings["plan"]
        self._templates, self._count = templates, count
        self._lengths: Mapping[str, float] = self._assumed["lengths"]

    def works(self) -> Iterator[Work]:
        """All work, in the method's order."""
        yield from self._instructions()
        for chain in self._settings["chains"]:
            yield from self._iterations(chain)
        asked: set[str] = set()
        for solved in self._settings["solved"]:
            together = solved["folder"].rpartition("/")[0]  # one job asks a variant's models for all its benchmarks
            yield from self._benchmark(solved, joins=together in asked)
            asked.add(together)

    def _asked(self, role: str, template: str | None, *parts: str) -> float:
        """Tokens of a request: its template (of several, the mean), what fills it, and the role's system message."""
        texts = self._templates[template] if template else [""]
        written = sum(self._count(role, text) for text in texts) / len(texts)
        return self._count(role, self._roles[role].get("system") or "") + written + self._tokens(role, *parts)

    def _tokens(self, role: str, *parts: str) -> float:
        """Tokens of texts whose lengths are assumed."""
        factor = self._assumed["student_tokens"] if role == "student" else 1.0
        return factor * sum(self._lengths[part] for part in parts)

    def _work(
        self, stage: str, role: str, requests: float, asked: float, answer: str, responses: str, times: str,
        model: str | None = None, shards: str | None = None,
    ) -> Work:  # fmt: skip
        again = 1 + (self._roles[role]["attempts"] > 1) * self._assumed["asked_again"]
        jobs = self._settings["shards"][shards or role]
        name = model or self._roles[role].get("model", role)
        out = self._tokens(role, answer)
        return Work(stage, role, name, requests * again, asked, out, responses, times, jobs)

    def _instructions(self) -> Iterator[Work]:
        done = "instructions/responses"
        yield self._work(
            "Instructions", "teacher", _versions(self._settings, 1), self._asked("teacher", "concepts", "snippet"),
            "concepts", f"{done}/round_0.*.jsonl", "ask_teacher/round_0.*.tsv",
        )  # fmt: skip
        for number in range(1, self._settings["rounds"] + 1):
            yield self._work(
                "Evolution", "teacher", _versions(self._settings, number),
                self._asked("teacher", "evolution", "instruction"), "instruction",
                f"{done}/round_{number}.*.jsonl", f"ask_teacher/round_{number}.*.tsv",
            )  # fmt: skip
        for folder, times in self._settings["teachers"]:
            yield self._work(
                "Answers of D_0", "teacher", d0_size(self._settings), self._asked("teacher", None, "instruction"),
                "answer", f"{folder}/responses/answers.*.jsonl", times,
            )  # fmt: skip

    def _iterations(self, chain: Mapping[str, Any]) -> Iterator[Work]:
        sizes = dataset_sizes(d0_size(self._settings), chain, self._assumed["shares"])
        for iteration in chain["sampled"]:
            folder = f"{chain['folder']}/iter_{iteration}"
            yield from self._iteration(chain, iteration, sizes[iteration], f"{folder}/responses", folder)
        for iteration in chain["trained"]:
            yield self._training(chain, iteration, sizes[iteration])

    def _iteration(
        self, chain: Mapping[str, Any], iteration: int, size: float, done: str, times: str
    ) -> Iterator[Work]:
        n, orders = self._settings["samples"], self._settings["orders"]
        yield self._work(
            "Samples", "student", size * n, self._asked("student", None, "instruction"), "answer",
            f"{done}/samples.*.jsonl", f"{times}/ask_student.*.tsv", chain["student"],
        )  # fmt: skip
        yield self._work(
            "Judgements", "judge", size * n, self._asked("judge", "judge_point", "instruction", "answer"), "judgement",
            f"{done}/judgements.*.jsonl", f"{times}/ask_judgements.*.tsv",
        )  # fmt: skip
        yield self._work(
            "Comparisons", "judge", size * orders,
            self._asked("judge", "judge_pair", "instruction", "answer", "answer"), "comparison",
            f"{done}/comparisons.*.jsonl", f"{times}/ask_comparisons.*.tsv",
        )  # fmt: skip
        if iteration in chain["criticized"]:
            lost = size * at(self._assumed["shares"]["original_wins"], iteration)
            yield self._work(
                "Critiques", "critic", lost, self._asked("critic", "critic", "instruction", "answer", "answer"),
                "critique", f"{done}/critiques.*.jsonl", f"{times}/ask_critiques.*.tsv",
            )  # fmt: skip

    def _training(self, chain: Mapping[str, Any], iteration: int, size: float) -> Work:
        length = self._tokens("student", "instruction", "answer")
        if iteration and chain["on_original_win"] == "critique":
            second = self._tokens("student", "feedback", "answer")
            length += at(self._assumed["shares"]["original_wins"], iteration - 1) * second
        times = f"{chain['folder']}/iter_{iteration}/train_model.tsv"
        return Work("Training", "training", chain["student"], size, chain["epochs"] * length, 0, "", times, 1)

    def _benchmark(self, solved: Mapping[str, Any], joins: bool) -> Iterator[Work]:
        folder, work, student = solved["folder"], solved["work"], solved["student"]
        answers = solved["problems"] * solved["models"] * solved["samples"]
        stage = {"benchmarks": "Benchmarks", "further": "Further iterations", "scoring": "Scored answers"}.get(work)
        solutions, times = f"{folder}/responses/solutions.*.jsonl", f"{folder}/ask_models.*.tsv"
        if work == "feedback":
            yield from self._feedback(solved, answers * self._assumed["shares"]["failing"], joins)
            return
        asked = self._asked("student", None, "instruction")
        own = self._work(stage or work, "student", answers, asked, "answer", solutions, times, student, "benchmark")
        yield own._replace(jobs=0) if joins else own
        if work == "scoring":
            yield self._work(
                "Scores", "judge", answers, self._asked("judge", "judge_point", "instruction", "answer"), "judgement",
                f"{folder}/responses/judgements.*.jsonl", f"{folder}/ask_judge_of_scores.*.tsv",
                shards="solutions",
            )  # fmt: skip

    def _feedback(self, solved: Mapping[str, Any], failed: float, joins: bool) -> Iterator[Work]:
        folder = solved["folder"]
        yield self._work(
            "Suggestions", "teacher", failed,
            self._asked("teacher", "suggestion", "instruction", "answer", "feedback"), "suggestion",
            f"{folder}/responses/suggestions.*.jsonl", f"{folder}/ask_teacher_for_suggestions.*.tsv",
            shards="solutions",
        )  # fmt: skip
        template = "second_try" if self._settings["format"] == "single" else None
        own = self._work(
            "Second tries", "student", 2 * failed,
            self._asked("student", template, "instruction", "answer", "feedback"), "answer",
            f"{folder}/responses/solutions.*.jsonl", f"{folder}/ask_models.*.tsv", solved["student"], "benchmark",
        )  # fmt: skip
        yield own._replace(jobs=0) if joins else own
