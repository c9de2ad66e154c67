"""Plan an ACR run: the expected requests and tokens of each stage, by the config and its assumed lengths and shares."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from refinement.results.plan import Work

CountTokens = Callable[[str, str], float]  # from a role and a text to the number of tokens


def share_at(shares: Sequence[float], iteration: int) -> float:
    """The share at an iteration; the last share holds for all later iterations."""
    return shares[min(iteration, len(shares) - 1)]


def dataset_sizes(d0: float, chain: Mapping[str, Any], shares: Mapping[str, Any]) -> list[float]:
    """Expected numbers of records in D_0, D_1, ... of a variant: equation 10 keeps all, some ablations drop records."""
    sizes = [d0]
    for iteration in range(max(chain["trained"], default=0)):
        dropped = 0.0
        if chain["on_self_win"] == "drop":
            dropped += share_at(shares["self_wins"], iteration)
        if chain["on_original_win"] == "drop":
            dropped += share_at(shares["original_wins"], iteration)
        sizes.append(sizes[-1] * (1 - dropped))
    return sizes


def _instructions_before(settings: Mapping[str, Any], round_: int) -> float:
    """Number of instructions before a round of evolution; a round doubles it if all versions are kept."""
    return settings["snippets"] * settings["per_snippet"] * (2 ** (round_ - 1) if settings["keep"] == "all" else 1)


def d0_size(settings: Mapping[str, Any]) -> float:
    """Expected number of instructions in D_0."""
    return min(settings["d0_size"], _instructions_before(settings, settings["rounds"] + 1))


class Planner:
    """Plans the stages of one run.

    ``settings``: made by :func:`refinement.methods.acr.planned.settings`; ``templates``: the texts of the prompt
    templates, by name.
    """

    def __init__(
        self, settings: Mapping[str, Any], templates: Mapping[str, Sequence[str]], count_tokens: CountTokens
    ) -> None:
        self._settings, self._roles, self._assumed = settings, settings["roles"], settings["plan"]
        self._templates, self._count_tokens = templates, count_tokens
        self._lengths: Mapping[str, float] = self._assumed["lengths"]

    def works(self) -> Iterator[Work]:
        """Yield all planned work, in the method's order."""
        yield from self._instructions()
        for chain in self._settings["chains"]:
            yield from self._iterations(chain)
        job_folders: set[str] = set()
        for solved in self._settings["solved"]:
            # One job answers all benchmarks of a variant, so only the first of them starts the model.
            job_folder = solved["folder"].rpartition("/")[0]
            yield from self._benchmark(solved, shares_job=job_folder in job_folders)
            job_folders.add(job_folder)

    def _request_tokens(self, role: str, template: str | None, *parts: str) -> float:
        """Tokens of a request: the system message, the template (the mean of several), and the texts that fill it."""
        texts = self._templates[template] if template else [""]
        template_tokens = sum(self._count_tokens(role, text) for text in texts) / len(texts)
        system_tokens = self._count_tokens(role, self._roles[role].get("system") or "")
        return system_tokens + template_tokens + self._assumed_tokens(role, *parts)

    def _assumed_tokens(self, role: str, *parts: str) -> float:
        """Assumed number of tokens of some kinds of text (``plan.lengths``), for the tokenizer of a role."""
        factor = self._assumed["student_tokens"] if role == "student" else 1.0
        return factor * sum(self._lengths[part] for part in parts)

    def _work(
        self, stage: str, role: str, requests: float, tokens_in: float, answer: str, responses: str, times: str,
        model: str | None = None, shards: str | None = None,
    ) -> Work:  # fmt: skip
        """The work of a role in a stage; ``answer``: the kind of text that it writes."""
        attempts = 1 + (self._roles[role]["attempts"] > 1) * self._assumed["asked_again"]
        jobs = self._settings["shards"][shards or role]
        name = model or self._roles[role].get("model", role)
        tokens_out = self._assumed_tokens(role, answer)
        return Work(stage, role, name, requests * attempts, tokens_in, tokens_out, responses, times, jobs)

    def _instructions(self) -> Iterator[Work]:
        folder = "instructions/responses"
        yield self._work(
            "Instructions", "teacher", _instructions_before(self._settings, 1),
            self._request_tokens("teacher", "concepts", "snippet"), "concepts",
            f"{folder}/round_0.*.jsonl", "ask_teacher/round_0.*.tsv",
        )  # fmt: skip
        for number in range(1, self._settings["rounds"] + 1):
            yield self._work(
                "Evolution", "teacher", _instructions_before(self._settings, number),
                self._request_tokens("teacher", "evolution", "instruction"), "instruction",
                f"{folder}/round_{number}.*.jsonl", f"ask_teacher/round_{number}.*.tsv",
            )  # fmt: skip
        for d0_folder, times in self._settings["teachers"]:
            yield self._work(
                "Answers of D_0", "teacher", d0_size(self._settings),
                self._request_tokens("teacher", None, "instruction"), "answer",
                f"{d0_folder}/responses/answers.*.jsonl", times,
            )  # fmt: skip

    def _iterations(self, chain: Mapping[str, Any]) -> Iterator[Work]:
        sizes = dataset_sizes(d0_size(self._settings), chain, self._assumed["shares"])
        for iteration in chain["sampled"]:
            folder = f"{chain['folder']}/iter_{iteration}"
            yield from self._iteration(chain, iteration, sizes[iteration], folder)
        for iteration in chain["trained"]:
            yield self._training(chain, iteration, sizes[iteration])

    def _iteration(self, chain: Mapping[str, Any], iteration: int, size: float, folder: str) -> Iterator[Work]:
        n, orders = self._settings["samples"], self._settings["orders"]
        yield self._work(
            "Samples", "student", size * n, self._request_tokens("student", None, "instruction"), "answer",
            f"{folder}/responses/samples.*.jsonl", f"{folder}/ask_student.*.tsv", chain["student"],
        )  # fmt: skip
        yield self._work(
            "Judgements", "judge", size * n, self._request_tokens("judge", "judge_point", "instruction", "answer"),
            "judgement", f"{folder}/responses/judgements.*.jsonl", f"{folder}/ask_judgements.*.tsv",
        )  # fmt: skip
        yield self._work(
            "Comparisons", "judge", size * orders,
            self._request_tokens("judge", "judge_pair", "instruction", "answer", "answer"), "comparison",
            f"{folder}/responses/comparisons.*.jsonl", f"{folder}/ask_comparisons.*.tsv",
        )  # fmt: skip
        if iteration in chain["criticized"]:
            critiques = size * share_at(self._assumed["shares"]["original_wins"], iteration)
            yield self._work(
                "Critiques", "critic", critiques,
                self._request_tokens("critic", "critic", "instruction", "answer", "answer"), "critique",
                f"{folder}/responses/critiques.*.jsonl", f"{folder}/ask_critiques.*.tsv",
            )  # fmt: skip

    def _training(self, chain: Mapping[str, Any], iteration: int, size: float) -> Work:
        length = self._assumed_tokens("student", "instruction", "answer")
        if iteration and chain["on_original_win"] == "critique":
            second_round = self._assumed_tokens("student", "feedback", "answer")
            length += share_at(self._assumed["shares"]["original_wins"], iteration - 1) * second_round
        times = f"{chain['folder']}/iter_{iteration}/train_model.tsv"
        return Work("Training", "training", chain["student"], size, chain["epochs"] * length, 0, "", times, 1)

    def _benchmark(self, solved: Mapping[str, Any], shares_job: bool) -> Iterator[Work]:
        folder, work, student = solved["folder"], solved["work"], solved["student"]
        answers = solved["problems"] * solved["models"] * solved["samples"]
        stage = {"benchmarks": "Benchmarks", "further": "Further iterations", "scoring": "Scored answers"}.get(work)
        solutions, times = f"{folder}/responses/solutions.*.jsonl", f"{folder}/ask_models.*.tsv"
        if work == "feedback":
            yield from self._feedback(solved, answers * self._assumed["shares"]["failing"], shares_job)
            return
        tokens_in = self._request_tokens("student", None, "instruction")
        answering = self._work(
            stage or work, "student", answers, tokens_in, "answer", solutions, times, student, "benchmark"
        )
        yield answering._replace(jobs=0) if shares_job else answering
        if work == "scoring":
            yield self._work(
                "Scores", "judge", answers, self._request_tokens("judge", "judge_point", "instruction", "answer"),
                "judgement", f"{folder}/responses/judgements.*.jsonl", f"{folder}/ask_judge_of_scores.*.tsv",
                shards="solutions",
            )  # fmt: skip

    def _feedback(self, solved: Mapping[str, Any], failed: float, shares_job: bool) -> Iterator[Work]:
        folder = solved["folder"]
        yield self._work(
            "Suggestions", "teacher", failed,
            self._request_tokens("teacher", "suggestion", "instruction", "answer", "feedback"), "suggestion",
            f"{folder}/responses/suggestions.*.jsonl", f"{folder}/ask_teacher_for_suggestions.*.tsv",
            shards="solutions",
        )  # fmt: skip
        template = "second_try" if self._settings["format"] == "single" else None
        second_tries = self._work(
            "Second tries", "student", 2 * failed,
            self._request_tokens("student", template, "instruction", "answer", "feedback"), "answer",
            f"{folder}/responses/solutions.*.jsonl", f"{folder}/ask_models.*.tsv", solved["student"], "benchmark",
        )  # fmt: skip
        yield second_tries._replace(jobs=0) if shares_job else second_tries
