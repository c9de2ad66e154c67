"""Turn anybody's samples of a benchmark into responses, so that they can be scored without asking a model.

A sample is a line with task_id and solution, a whole program, or completion,
which goes on from the head of the problem's function: the format of evalplus
and bigcodebench. Several lines of a task are its samples, in their order.

Samples are read as a model's answers are: by evalplus' sanitizer, say. With
--whole, here and in collect_solutions, they run as they stand.
"""

import ast
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Mapping

from refinement.benchmarks.coverage import coverage_faults, named
from refinement.benchmarks.kinds import read_answer
from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.record_types import RESPONSE
from refinement.completion.requests import ask, respond
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, write_records
from refinement.records.record_types import Record
from refinement.records.sources import read_rows
from refinement.running.command_line import parser, run_step

HEAD = "code_prompt"  # a problem's field with the head of its function


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("samples", help="JSONL, gzipped or not: task_id and solution or completion")
    options.add_argument("--problems", required=True, help="JSONL: problems")
    options.add_argument(
        "--whole", action="store_true", help="for collect_solutions --whole: nothing is read, all is run"
    )
    options.add_argument(
        "--partial", help="JSONL, to be written: the problems that have samples; without it all must have some"
    )
    options.add_argument("--output", required=True, help="JSONL: responses, as of iteration 0")
    return options


def program_of(where: str, sample: Record, problems: Mapping[str, Record]) -> str:
    """A sample's program. Raises BadInput where there is none."""
    if isinstance(sample.get("solution"), str):
        return sample["solution"]
    if not isinstance(sample.get("completion"), str):
        raise BadInput(f"{where}: a sample needs the text 'solution' or 'completion'; add one")
    problem = problems.get(sample["task_id"], {HEAD: ""})
    if HEAD not in problem:
        raise BadInput(
            f"{where}: a completion, but {sample['task_id']} has no head that it goes on from; "
            "give the whole program as 'solution'"
        )
    return problem[HEAD] + sample["completion"]


def read_samples(path: str, problems: Mapping[str, Record]) -> dict[str, list[str]]:
    """Programs by problem, in the file's order. Raises BadInput for a line that is no sample, and for no line."""
    found: dict[str, list[str]] = {}
    for row in read_rows(path):
        if not isinstance(row.record, dict) or not isinstance(row.record.get("task_id"), str):
            raise BadInput(f"{row.where}: a sample is an object with the text 'task_id'; mend or remove the line")
        found.setdefault(row.record["task_id"], []).append(program_of(row.where, row.record, problems))
    if not found:
        raise BadInput(f"{path}: no sample in it; name a file with some")
    return found


def check_samples(path: str, found: Mapping[str, list[str]], problems: Collection[str], partial: bool) -> list[str]:
    """The problems without samples. Raises BadInput where there are any and ``partial`` is not said.

    So it does for samples of unknown problems, and for more samples of one problem than of another.
    """
    faults = coverage_faults({name: len(programs) for name, programs in found.items()}, problems, partial)
    if faults:
        raise BadInput(f"{path}: {faults}; mend the file, or name this benchmark's problems")
    return [name for name in problems if name not in found]


def statements(text: str) -> list[str]:
    """A Python program's statements, without what does not matter: blanks, comments. None of any other text."""
    try:
        return [ast.dump(node) for node in ast.parse(text).body]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def holds(answer: Mapping[str, object] | None, program: str) -> bool:
    """Whether what is read of an answer has all of the program in it: its text, or its statements."""
    files = answer.get("files") if answer else None
    texts = [*map(str, files.values())] if isinstance(files, dict) else [str(answer.get("code"))] if answer else []
    own = set(statements(program))
    return any(program.strip() in text or (own and own <= set(statements(text))) for text in texts)


def as_answer(program: str, problem: Record) -> str:
    """The program as a text that the benchmark's reader reads it from: itself, or in a fence where that is needed."""
    fenced = f"```{problem.get('language', 'python')}\n{program}\n```"
    return next((text for text in (program, fenced) if holds(read_answer(text, problem), program)), program)


def main(options: Namespace) -> None:
    problems = index_records(load_records(options.problems, PROBLEM), "id")
    found = read_samples(options.samples, problems)
    missing = check_samples(options.samples, found, problems, bool(options.partial))
    responses, changed, empty = [], [], []
    for name in (name for name in problems if name in found):
        for number, program in enumerate(found[name], start=1):
            text = program if options.whole else as_answer(program, problems[name])
            answer = {"code": text} if options.whole else read_answer(text, problems[name])
            if answer is None:
                empty.append(f"{name}:{number}")
            elif not holds(answer, program):
                changed.append(f"{name}:{number}")
            request = ask(f"0/{name}", problems[name]["prompt"], {}, (0, "sample"), number)
            responses.append(respond(request, text))
    write_records(options.output, responses, RESPONSE)
    if options.partial:
        write_records(options.partial, (problems[name] for name in problems if name in found), PROBLEM)
    told = [f"{len(responses)} samples of {len(found)} problems, {len(responses) // len(found)} each"]
    told += [f"problems left out, without a sample: {named(missing)}"] if missing else []
    told += [f"without code, which pass nothing: {named(empty)}"] if empty else []
    told += [f"read otherwise than they stand, as the benchmark reads answers: {named(changed)}"] if changed else []
    print("; ".join(told))


if __name__ == "__main__":
    run_step(main, arguments())
