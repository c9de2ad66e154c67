"""Convert samples that were made elsewhere into responses, so that they can be scored without asking a model.

The format is that of evalplus and bigcodebench: each line has a task_id and either a
solution, which is a whole program, or a completion, which continues the head of the
problem's function. Several lines of one task are its samples, in order.

Samples are read like a model's answers, for example by evalplus' sanitizer. With
--whole, here and in collect_solutions.py, they are executed unchanged.
"""

import ast
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Mapping

from refinement.benchmarks.coverage import coverage_faults, list_names
from refinement.benchmarks.kinds import read_answer
from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.record_types import RESPONSE
from refinement.completion.requests import ask, respond
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, write_records
from refinement.records.record_types import Record
from refinement.records.sources import read_rows
from refinement.running.command_line import parser, run_step

HEAD = "code_prompt"  # the field of a problem with the head of its function


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("samples", help="JSONL, optionally gzipped: task_id and solution or completion")
    options.add_argument("--problems", required=True, help="JSONL: problems")
    options.add_argument(
        "--whole", action="store_true", help="execute samples unchanged; give it to collect_solutions.py, too"
    )
    options.add_argument(
        "--partial", help="JSONL: write the problems that have samples here; without it, all problems need samples"
    )
    options.add_argument("--output", required=True, help="JSONL: responses, with iteration 0")
    return options


def sample_program(where: str, sample: Record, problems: Mapping[str, Record]) -> str:
    """The program of a sample. Raises BadInput if there is none."""
    if isinstance(sample.get("solution"), str):
        return sample["solution"]
    if not isinstance(sample.get("completion"), str):
        raise BadInput(f"{where}: a sample needs the text 'solution' or 'completion'; add one")
    problem = problems.get(sample["task_id"], {HEAD: ""})
    if HEAD not in problem:
        raise BadInput(
            f"{where}: a completion, but {sample['task_id']} has no function head to continue; "
            "give the whole program as 'solution'"
        )
    return problem[HEAD] + sample["completion"]


def read_samples(path: str, problems: Mapping[str, Record]) -> dict[str, list[str]]:
    """Programs by problem, in the order of the file. Raises BadInput for an invalid line and for an empty file."""
    found: dict[str, list[str]] = {}
    for row in read_rows(path):
        if not isinstance(row.record, dict) or not isinstance(row.record.get("task_id"), str):
            raise BadInput(f"{row.where}: a sample is an object with the text 'task_id'; correct or remove the line")
        found.setdefault(row.record["task_id"], []).append(sample_program(row.where, row.record, problems))
    if not found:
        raise BadInput(f"{path}: holds no samples; name a file with samples")
    return found


def check_samples(path: str, found: Mapping[str, list[str]], problems: Collection[str], partial: bool) -> list[str]:
    """The problems without samples.

    Raises BadInput for problems without samples unless ``partial``, for samples of
    unknown problems, and for different numbers of samples per problem.
    """
    faults = coverage_faults({name: len(programs) for name, programs in found.items()}, problems, partial)
    if faults:
        raise BadInput(f"{path}: {faults}; correct the file, or name the matching problems")
    return [name for name in problems if name not in found]


def statements(text: str) -> list[str]:
    """The statements of a Python program, without comments and blanks; empty for any other text."""
    try:
        return [ast.dump(node) for node in ast.parse(text).body]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def holds(answer: Mapping[str, object] | None, program: str) -> bool:
    """Whether the answer, as it was read, contains the whole program: its text, or all of its statements."""
    files = answer.get("files") if answer else None
    texts = [*map(str, files.values())] if isinstance(files, dict) else [str(answer.get("code"))] if answer else []
    own = set(statements(program))
    return any(program.strip() in text or (own and own <= set(statements(text))) for text in texts)


def to_answer(program: str, problem: Record) -> str:
    """The program as a text from which the benchmark's reader extracts it: unchanged, or fenced if that is needed."""
    fenced = f"```{problem.get('language', 'python')}\n{program}\n```"
    return next((text for text in (program, fenced) if holds(read_answer(text, problem), program)), program)


def main(options: Namespace) -> None:
    problems = index_records(load_records(options.problems, PROBLEM), "id")
    found = read_samples(options.samples, problems)
    missing = check_samples(options.samples, found, problems, bool(options.partial))
    responses, changed, empty = [], [], []
    for name in (name for name in problems if name in found):
        for number, program in enumerate(found[name], start=1):
            text = program if options.whole else to_answer(program, problems[name])
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
    told += [f"problems left out because they have no samples: {list_names(missing)}"] if missing else []
    told += [f"samples without code, which fail: {list_names(empty)}"] if empty else []
    told += [f"samples changed by the benchmark's reader of answers: {list_names(changed)}"] if changed else []
    print("; ".join(told))


if __name__ == "__main__":
    run_step(main, arguments())
