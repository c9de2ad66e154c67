"""Who may import whom: lower layers know nothing of higher ones, and no two modules need each other."""

import ast
import re
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# From the lowest on; a module may import its own package, and those of lower layers.
LAYERS = (
    {"records"},
    {"running"},
    {"answers", "sandbox", "completion", "leakage", "training"},
    {"benchmarks", "miniature"},
    {"results"},
    {"experiment"},
    {"methods"},
    {"scripts"},
)
# The folders of methods and of backends are looked through by name, and so are all packages for their record types.
LISTED = {("refinement.experiment.method", "refinement.methods"), ("refinement.records.catalogue", "refinement")}
# What holds no code of its own but what must run first, or what finds a module by its name.
NOT_EMPTY = {"refinement", "refinement.completion.backends", "refinement.sandbox.modes"}


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for top in ("refinement", "scripts") for path in sorted(Path(top).rglob("*.py"))}


def for_checkers(tree: ast.Module) -> set[ast.AST]:
    """What only type checkers read."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {node for block in blocks for part in block.body for node in ast.walk(part)}


def imported(path: Path, checked: bool) -> set[str]:
    """Modules of the project that a module imports, at its top or in functions; for type checkers too, if ``checked``."""
    tree = ast.parse(path.read_text())
    found, left_out = set(), set() if checked else for_checkers(tree)
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= whole & set(MODULES) or {node.module}
    return {name for name in found if name in MODULES or name.partition(".")[0] in ("refinement", "scripts")}


@cache
def graph(checked: bool = True) -> dict[str, frozenset[str]]:
    return {name: frozenset(imported(path, checked) - {name}) for name, path in MODULES.items()}


def package(name: str) -> str:
    """The layer's name of a module: its package below refinement, or scripts."""
    parts = name.split(".")
    return parts[0] if parts[0] == "scripts" or len(parts) == 1 else parts[1]


def layer(name: str) -> int:
    return next(place for place, packages in enumerate(LAYERS) if package(name) in packages)


def test_every_package_has_its_layer():
    packages = {package(name) for name in MODULES} - {"refinement", "__main__"}
    assert packages == set().union(*LAYERS)


def test_every_import_of_the_project_is_of_a_module_that_is_there():
    for name, others in graph().items():
        assert others <= set(MODULES), name


def test_no_module_imports_a_higher_layer_or_a_neighbour():
    wrong = []
    for name, others in graph().items():
        if package(name) in ("refinement", "__main__"):
            continue
        for other in others:
            mine, theirs = package(name), package(other)
            allowed = mine == theirs or (name, other) in LISTED
            if not allowed and (theirs == "refinement" or layer(other) >= layer(name)):
                wrong.append(f"{name} imports {other}")
    assert wrong == []


def test_the_root_of_the_package_needs_the_two_lowest_layers_alone():
    for root in ("refinement", "refinement.__main__"):
        assert {package(other) for other in graph()[root]} <= LAYERS[0] | LAYERS[1]


def test_methods_do_not_import_each_other():
    for name, others in graph().items():
        if name.startswith("refinement.methods."):
            mine = name.split(".")[2]
            theirs = {other.split(".")[2] for other in others if other.startswith("refinement.methods.")}
            assert theirs <= {mine}, name


def test_a_method_s_steps_import_no_other_method():
    methods = {name.split(".")[2] for name in MODULES if name.startswith("refinement.methods.")}
    for name, others in graph().items():
        if name.startswith("scripts.") and (area := name.split(".")[1]) in methods:
            theirs = {other.split(".")[2] for other in others if other.startswith("refinement.methods.")}
            assert theirs <= {area}, name


def test_no_step_imports_another():
    for name, others in graph().items():
        assert not [other for other in others if other.startswith("scripts.")], name


def test_no_circle_of_imports():
    # A package is loaded before its modules, whatever they import.
    loaded = graph(checked=False)
    known = {name: {other for other in others if not name.startswith(f"{other}.")} for name, others in loaded.items()}
    try:
        list(TopologicalSorter(known).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_packages_hold_no_code_of_their_own():
    for name, path in MODULES.items():
        if path.name == "__init__.py" and name not in NOT_EMPTY and package(name) != "scripts":
            backend = name.startswith("refinement.completion.backends.")
            assert backend or not path.read_text().strip(), path


def test_rules_and_modules_are_short():
    lengths = {path: len(path.read_text().splitlines()) for path in MODULES.values()}
    assert {path: length for path, length in lengths.items() if length > 500} == {}
    rules = [*Path("rules").rglob("*.smk"), Path("Snakefile")]
    assert len(rules) > 15
    for path in rules:
        assert len(path.read_text().splitlines()) <= 200, path


def names_in(path: Path) -> Counter:
    """How often each word stands in a file."""
    return Counter(re.findall(r"\w+", path.read_text()))


def test_everything_that_is_defined_is_used():
    """By its name, somewhere else or again in its module: what only tests use is used by nobody."""
    places = [
        *MODULES.values(),
        *Path("rules").rglob("*.smk"),
        Path("Snakefile"),
        *Path("docs").glob("*.py"),
        Path("setup.py"),
    ]
    words = sum(map(names_in, places), Counter())
    unused = []
    for path in MODULES.values():
        tree = ast.parse(path.read_text())
        # Methods of a class with bases may be called by those.
        hooks = {
            node for owner in ast.walk(tree) if isinstance(owner, ast.ClassDef) and owner.bases for node in owner.body
        }
        for node in set(ast.walk(tree)) - hooks:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("__"):
                unused += [f"{path}:{node.lineno}: {node.name}"] if words[node.name] == 1 else []
    assert unused == []
