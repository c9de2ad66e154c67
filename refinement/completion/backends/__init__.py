"""Who answers requests. Each backend is a module or a package of this folder, found by its name.

A backend declares ``OPTIONS``, a tuple of :class:`Option`, and ``load(model,
options)``, which makes it. Declarations are read whenever a workflow starts:
what takes long to import is imported in ``load``.
"""

import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from refinement.completion.engine import Backend
from refinement.completion.options import RULE, Option
from refinement.records.errors import BadInput

_NAMES = ("scripted", "transformers", "endpoint", "server", "replay")


def names() -> tuple[str, ...]:
    """The backends' names."""
    return _NAMES


def _module(name: str) -> ModuleType:
    # By name, so that the digest of a step's code follows the one backend that its role has, and no other.
    return importlib.import_module(f"{__name__}.{name}")


def declared_options(name: str) -> tuple[Option, ...]:
    """All options of a backend, whoever gives them."""
    return _module(name).OPTIONS


def _by_readers() -> Iterator[tuple[Option, list[str]]]:
    """Every option once, with those who read it."""
    readers: dict[str, list[str]] = {}
    found: dict[str, Option] = {}
    for name in _NAMES:
        for option in declared_options(name):
            readers.setdefault(option.name, []).append(option.readers(name))
            if found.setdefault(option.name, option) is not option:
                raise ValueError(f"two backends declare the option '{option.name}'; one must take over the other's")
    return ((option, readers[name]) for name, option in found.items())


def option_properties() -> dict[str, dict[str, Any]]:
    """The ``properties`` of a JSON schema: all options that a config may give, with a description each."""
    return {
        option.name: {**option.schema, "description": f"{', '.join(readers)}: {option.meaning}"}
        for option, readers in _by_readers() if option.is_for_configs
    }  # fmt: skip


def argument_options() -> list[tuple[Option, str]]:
    """The options that have a command-line argument of their own, each with its help."""
    return [
        (option, f"{', '.join(readers)}: {option.meaning}") for option, readers in _by_readers() if option.has_argument
    ]


def options_help() -> str:
    """All options that the backends themselves need, for a --help: a paragraph for each backend."""
    lines = []
    for name in _NAMES:
        lines.append(f"options of the backend {name}:")
        for option in (option for option in declared_options(name) if option.giver != RULE):
            models = f"{' and '.join(option.models)}: " if option.models else ""
            lines.append(f"  {option.name:<20} {models}{option.meaning}{'; required' if option.required else ''}")
        lines.append("")
    return "\n".join(lines)


def config_options(name: str) -> set[str]:
    """Names of a backend's options that a config may give."""
    return {option.name for option in declared_options(name) if option.is_for_configs}


def required_options(name: str, model: str | None) -> tuple[str, ...]:
    """Names of the options that a config must give where this model of the backend answers."""
    return tuple(
        option.name for option in declared_options(name)
        if option.required and option.is_for_configs and option.is_read_by(model)
    )  # fmt: skip


def load_backend(name: str, model: str | None, options: Mapping[str, Any]) -> Backend:
    """The backend of that name.

    Raises BadInput if there is none, or for an option that it does not have, that it lacks or that cannot be meant.
    """
    if name not in _NAMES:
        raise BadInput(f"--backend {name}: there is none; choose one of {', '.join(_NAMES)}")
    declared = {option.name: option for option in declared_options(name)}
    if unknown := sorted(set(options) - set(declared)):
        raise BadInput(f"the backend {name} has no option '{unknown[0]}'; it has {', '.join(sorted(declared))}")
    for option in declared.values():
        if option.name not in options:
            if option.required and option.giver != RULE and option.is_read_by(model):
                raise BadInput(f"the backend {name} lacks '{option.name}'; add it ({option.description})")
        elif fault := option.fault(options[option.name]):
            raise BadInput(fault)
    return _module(name).load(model, options)
