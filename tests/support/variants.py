"""Right, wrong and odd solutions made of evalplus' canonical ones, and evalplus' own verdicts on them."""

import ast
import json
import os
import random
import subprocess
import sys
from itertools import islice

_WRAPPED = """
_right = {name}
def {name}(*arguments):
    {body}
"""
# Bodies of functions around the canonical solution; each is tried on some problems, in turn.
WRAPPED = {
    "prints": "print('PASSED', arguments); return _right(*arguments)",
    "none": "return None",
    "raises": "raise ValueError(arguments)",
    "exits": "import sys; sys.exit(0)",
    "list for tuple": "out = _right(*arguments); return list(out) if type(out) is tuple else out",
    "tuple for list": "out = _right(*arguments); return tuple(out) if type(out) is list else out",
    "text": "return str(_right(*arguments))",
    "whole number for float": "out = _right(*arguments); return int(out) if type(out) is float and out == out and abs(out) < 1e300 else out",
    "float for whole number": "out = _right(*arguments); return float(out) if type(out) is int and abs(out) < 1e300 else out",
    "float off by 1e-9": "out = _right(*arguments); return out + 1e-9 if type(out) is float else out",
    "float off by 1e-5": "out = _right(*arguments); return out + 1e-5 if type(out) is float else out",
    "float off by 1e-8 of it": "out = _right(*arguments); return out * (1 + 1e-8) if type(out) is float else out",
    "generator": "out = _right(*arguments); return (item for item in out) if type(out) is list else out",
    "set": "out = _right(*arguments); return set(out) if type(out) is list and all(isinstance(i, (int, str)) for i in out) else out",
    "changes its arguments": "out = _right(*arguments); [item.clear() for item in arguments if type(item) is list and item is not out]; return out",
    "same object each time": "globals().setdefault('held', []).clear(); out = _right(*arguments); return (held.extend(out), held)[1] if type(out) is list else out",
    "wrong from the third call on": "globals()['n'] = globals().get('n', 0) + 1; return _right(*arguments) if n < 3 else 'x'",
    "subclass": "out = _right(*arguments); return type('S', (type(out),), {})(out) if type(out) in (int, str, list, tuple, float) else out",
    "bool for whole number": "out = _right(*arguments); return bool(out) if out in (0, 1) else out",
    "waits": "import time; time.sleep(0.0001); return _right(*arguments)",
}  # fmt: skip
LOOP = "while True: pass"  # takes a second or more in evalplus and here, so few problems get it
WHOLE = {
    "empty": lambda code, name: code[: code.rindex("def ")] + f"def {name}(*arguments): pass",
    "no syntax": lambda code, name: code + "\n)",
    "exits at once": lambda code, name: "import sys\nsys.exit(0)\n" + code,
    "not defined": lambda code, name: code.replace(f"def {name}(", f"def other_{name}("),
}


_SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
             ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And}  # fmt: skip


class _Mutation(ast.NodeTransformer):
    """Changes the constant or the operator of the number ``place``."""

    def __init__(self, place, constants):
        self.place, self.constants, self.seen = place, constants, 0

    def _mine(self):
        self.seen += 1
        return self.seen == self.place + 1

    def visit_Expr(self, node):
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return node if is_text else self.generic_visit(node)  # a docstring changes nothing

    def visit_Constant(self, node):
        if self.constants and type(node.value) in (int, float, str, bool) and self._mine():
            changed = {bool: lambda v: not v, int: lambda v: v + 1, float: lambda v: v + 1, str: lambda v: v + "x"}
            return ast.copy_location(ast.Constant(changed[type(node.value)](node.value)), node)
        return node

    def visit(self, node):
        node = super().visit(node)
        for field in () if self.constants else ("op", "ops"):
            held = getattr(node, field, None)
            first = held[0] if isinstance(held, list) and held else held
            if type(first) in _SWAPS and self._mine():
                new = _SWAPS[type(first)]()
                setattr(node, field, [new, *held[1:]] if isinstance(held, list) else new)
        return node


def mutate(code, place, constants=True):
    """The program with one constant or operator changed; None where it has none of the number ``place``."""
    mutation = _Mutation(place, constants)
    tree = mutation.visit(ast.parse(code))
    return ast.unparse(tree) if mutation.seen > place else None


def wrapped(task, body):
    """A solution that calls the canonical one; ``body``: of WRAPPED."""
    code = task["prompt"] + task["canonical_solution"]
    return code + _WRAPPED.format(name=task["entry_point"], body=body)


def variants(tasks, seed=0):
    """Variants without end, of one task after the other: the task's id, the variant's name, the program."""
    chance = random.Random(seed)
    names = [*WRAPPED, *WHOLE, *["constant", "operator"] * 8, "canonical"]
    turn = 0
    while True:
        for task in tasks:
            code, name = task["prompt"] + task["canonical_solution"], names[turn % len(names)]
            turn += 1
            if turn % 97 == 0:
                name, made = "loop", wrapped(task, LOOP)
            elif name in WRAPPED:
                made = wrapped(task, WRAPPED[name])
            elif name in WHOLE:
                made = WHOLE[name](code, task["entry_point"])
            elif name == "canonical":
                made = code
            else:
                made = mutate(code, chance.randrange(6), name == "constant") or mutate(code, 0) or code
            yield task["task_id"], name, made


def some_variants(tasks, number):
    """The first ``number`` variants."""
    return list(islice(variants(tasks), number))


def evalplus_verdicts(dataset, data, solutions, folder, least=1.0):
    """What evalplus' own evaluate says, in its processes: for each solution, whether it passes base and plus.

    ``least``: its min_time_limit, seconds by the clock for each call.
    """
    samples = folder / f"{dataset}.samples.jsonl"
    with open(samples, "w") as file:
        for task, _, code in solutions:
            file.write(json.dumps({"task_id": task, "solution": code}) + "\n")
    path = {"humaneval": "HUMANEVAL_OVERRIDE_PATH", "mbpp": "MBPP_OVERRIDE_PATH"}[dataset]
    environment = {**os.environ, path: str(data), "XDG_CACHE_HOME": str(folder / "cache")}
    command = "import sys; from evalplus.evaluate import evaluate; evaluate(sys.argv[1], sys.argv[2], parallel=2, min_time_limit=float(sys.argv[3]))"
    subprocess.run(
        [sys.executable, "-c", command, dataset, str(samples), str(least)], env=environment, check=True, capture_output=True,
        stdin=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    results = json.loads((folder / f"{dataset}.samples_eval_results.json").read_text())["eval"]
    taken = {task: iter(found) for task, found in results.items()}
    answers = [next(taken[task]) for task, _, _ in solutions]
    assert [answer["solution"] for answer in answers] == [code for _, _, code in solutions]
    return [answer["base_status"] == answer["plus_status"] == "pass" for answer in answers]
