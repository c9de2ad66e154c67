"""The scripted teacher: it writes concepts, instructions, evolved instructions and answers.

It is stateless and reads only the text of the request, as a model would.
"""

import ast
import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from refinement.miniature.lists.critic import criticize
from refinement.miniature.lists.grammar import (
    CALL,
    CONCEPTS,
    PARAMETERS,
    REDUCERS,
    STEPS,
    Operation,
    Specification,
    Step,
    Wording,
    instruct,
    read_instruction,
)
from refinement.miniature.lists.mistakes import Mistakes, write_answer
from refinement.miniature.lists.reading import read_response
from refinement.miniature.lists.tasks import draw_meaningful, draw_step, draw_wording, is_meaningful
from refinement.records.randomness import keyed

_SNIPPET = re.compile(r"### Code Snippet\n(.*?)\n### Response", re.DOTALL)
_GIVEN = "#Given Prompt#:"
_DRAFT = re.compile(r"@@Problem\n(.*?)\n\n@@Existing Code\n(.*?)\n\n@@Execution Result\n", re.DOTALL)
_STRATEGIES: Mapping[str, str] = {
    "breadth": r"brand new",
    "misdirection": r"wrong code|erroneous code",
    "complexity": r"time or space complexity",
    "diversion": r"constraints",
    "increase": r"less common",
    "concretizing": r"general concepts",
    "deepening": r"depth",
    "reasoning": r"reasoning in several steps|multiple-step",
    "addition": r"add more",
}
_MAX_TRIES = 50


def find_concepts(code: str) -> list[str]:
    """Programming concepts in a snippet's syntax tree, those of the grammar first. Raises SyntaxError."""
    nodes = list(ast.walk(ast.parse(code)))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    def has(*types: type) -> bool:
        return any(isinstance(node, types) for node in nodes)

    found = {
        "condition": has(ast.If, ast.IfExp),
        "arithmetic": has(ast.BinOp),
        "sorting": bool(names & {"sorted", "sort", "sort_key"}),
        "slicing": has(ast.Slice) or "reversed" in names,
        "sets": has(ast.Set, ast.SetComp, ast.Dict, ast.DictComp) or bool(names & {"set", "dict"}),
        "accumulation": has(ast.AugAssign) or bool(names & {"sum", "append", "join"}),
        "counting": bool(names & {"len", "count", "enumerate", "range"}),
        "comparison": has(ast.Compare) or bool(names & {"max", "min"}),
        "iteration": has(ast.For, ast.While, ast.ListComp, ast.GeneratorExp),
        "exceptions": has(ast.Try, ast.Raise),
    }
    return [concept for concept, present in found.items() if present]


def _prefer(generator: random.Random, choices: Sequence[Operation], concepts: Sequence[str]) -> Sequence[Operation]:
    liked = [operation for operation in choices if operation.concept in concepts]
    return liked if liked and generator.random() < 0.7 else choices


def invent_specification(concepts: Sequence[str], generator: random.Random) -> Specification:
    """A meaningful task of one to three steps, mostly with the given concepts."""
    while True:
        depth = generator.choice((1, 2, 3))
        steps = tuple(draw_step(generator, _prefer(generator, STEPS, concepts)) for _ in range(depth))
        specification = Specification(steps, draw_step(generator, _prefer(generator, REDUCERS, concepts)))
        if is_meaningful(specification):
            return specification


@cache
def _with_concepts(*concepts: str) -> tuple[Operation, ...]:
    return tuple(operation for operation in STEPS if operation.concept in concepts)


def _insert(specification: Specification, position: int, step: Step) -> Specification:
    steps = specification.steps
    return specification._replace(steps=(*steps[:position], step, *steps[position:]))


def _swap(specification: Specification, position: int, step: Step) -> Specification:
    steps = specification.steps
    return specification._replace(steps=(*steps[:position], step, *steps[position + 1 :]))


def _addition(old: Specification, generator: random.Random) -> Specification:
    return _insert(old, old.depth, draw_step(generator))


def _breadth(old: Specification, generator: random.Random) -> Specification:
    return draw_meaningful(generator, old.depth)


def _complexity(old: Specification, generator: random.Random) -> Specification:
    return _insert(old, generator.randint(0, old.depth), draw_step(generator, _with_concepts("sorting", "sets")))


def _concretizing(old: Specification, generator: random.Random) -> Specification:
    specific = [operation for operation in STEPS if operation.takes_parameter]
    return _swap(old, generator.randrange(old.depth), draw_step(generator, specific))


def _deepening(old: Specification, generator: random.Random) -> Specification:
    return _insert(old, generator.randrange(old.depth), draw_step(generator))


def _diversion(old: Specification, generator: random.Random) -> Specification:
    return _insert(old, generator.randint(0, old.depth), draw_step(generator, _with_concepts("condition")))


def _increase(old: Specification, generator: random.Random) -> Specification:
    return _swap(old, generator.randrange(old.depth), draw_step(generator))


def _misdirection(old: Specification, generator: random.Random) -> Specification:
    step = old.steps[position := generator.randrange(old.depth)]
    others = [k for k in PARAMETERS if k != step.k]
    return old if step.k is None else _swap(old, position, step._replace(k=generator.choice(others)))


def _reasoning(old: Specification, generator: random.Random) -> Specification:
    return _insert(old, generator.randint(0, old.depth), draw_step(generator, _with_concepts("arithmetic", "slicing")))


_CHANGES: Mapping[str, Callable[[Specification, random.Random], Specification]] = {
    "addition": _addition,
    "breadth": _breadth,
    "complexity": _complexity,
    "concretizing": _concretizing,
    "deepening": _deepening,
    "diversion": _diversion,
    "increase": _increase,
    "misdirection": _misdirection,
    "reasoning": _reasoning,
}


def recognize_strategy(request: str) -> str | None:
    """The evolution strategy, of nine, that a request asks for; None if none is recognized."""
    task = request[: request.rfind(_GIVEN)]
    return next((name for name, pattern in _STRATEGIES.items() if re.search(pattern, task, re.IGNORECASE)), None)


def _reword(old: Wording, specification: Specification, generator: random.Random) -> Wording:
    known = dict(zip((*old.specification.steps, old.specification.reducer), old.paraphrases, strict=True))
    fresh = draw_wording(generator, specification)
    steps = (*specification.steps, specification.reducer)
    kept = tuple(known.get(step, new) for step, new in zip(steps, fresh.paraphrases, strict=True))
    return Wording(specification, kept)


def evolve(request: str, generator: random.Random) -> str:
    """The evolved instruction; the given one, unchanged, if no evolution is possible."""
    given = request[request.rfind(_GIVEN) + len(_GIVEN) :].rpartition("\n\n#")[0].strip()
    wording, strategy = read_instruction(given), recognize_strategy(request)
    if wording is None or strategy is None:
        return given
    for _ in range(_MAX_TRIES):
        specification = _CHANGES[strategy](wording.specification, generator)
        if is_meaningful(specification):
            break
    else:
        return given
    remark = ""
    if strategy == "misdirection":
        wrong = generator.choice([r for r in REDUCERS if r.name != specification.reducer.operation])
        remark = f"A draft ends in `return {wrong.code}`."
    return instruct(_reword(wording, specification, generator), remark)


def write_idea(request: str, generator: random.Random) -> str:
    """The concepts in the request's last snippet, and an instruction inspired by them."""
    snippets = _SNIPPET.findall(request)
    try:
        concepts = find_concepts(snippets[-1])
    except (SyntaxError, ValueError, IndexError):
        return "There is no code here that I could read."
    wording = draw_wording(generator, invent_specification([c for c in concepts if c in CONCEPTS], generator))
    return f"[Concepts]\n{', '.join(concepts) or 'functions'}\n[Instruction]\n{instruct(wording)}"


def answer(instruction: str, mistakes: Mistakes, key: Sequence[object]) -> str:
    """A fenced program for an instruction, with the teacher's mistakes."""
    wording = read_instruction(instruction)
    if wording is None:
        return "I do not understand this task."
    return f"```python\n{write_answer(wording, mistakes, key)}\n{CALL}\n```"


def suggest_fix(instruction: str, draft: str) -> str:
    """A colleague's comment on a draft: how it fails, and which step to correct."""
    return criticize(read_response(instruction, draft), read_instruction(instruction))


def reply(text: str, key: Sequence[object], options: Mapping[str, object]) -> str:
    """The teacher's answer to a request; ``key`` seeds its choices."""
    if found := _DRAFT.search(text):
        return suggest_fix(*found.groups())
    generator = keyed("teacher", options.get("seed", 0), *key)
    if "[Concepts]" in text:
        return write_idea(text, generator)
    if _GIVEN in text:
        return evolve(text, generator)
    return answer(text, Mistakes(**options), key)  # type: ignore[arg-type]
