"""Options of backends are declared once; the config's keys, the checks, the arguments and --help follow from that."""

import math
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from refinement.completion import backends
from refinement.completion.options import CONFIG, RULE, STEP, with_defaults
from refinement.records.errors import BadInput
from scripts.engines.complete_requests import arguments
from support.workflow import ROOT

DECLARED = [(name, option) for name in backends.names() for option in backends.declared_options(name)]
HEAVY = ("torch", "transformers", "openai", "aiohttp", "httpx2", "numpy")
KEYWORDS = {"type", "enum", "anyOf", "minimum", "exclusiveMinimum", "maximum", "minLength", "pattern", "items"}
ALPHA = {"alpha": 1.0, "beta": 1, "syntax_rate": 0.1, "errors": "none", "seed": 1}


def test_each_option_is_declared_once_and_shared_by_the_backends_that_read_it():
    declarations = {}
    for name, option in DECLARED:
        assert declarations.setdefault(option.name, option) is option, f"{name}: {option.name}"
    for name in backends.names():
        mine = [option.name for option in backends.declared_options(name)]
        assert len(set(mine)) == len(mine) > 0


def test_a_config_may_give_every_option_but_those_of_the_step():
    properties = backends.option_properties()
    for name, option in DECLARED:
        assert option.giver in (CONFIG, RULE, STEP)
        assert (option.name in properties) == (option.giver != STEP) == (option.name in backends.config_options(name))
    assert set(properties) == set.union(*map(backends.config_options, backends.names()))
    assert {option.name for _, option in DECLARED} - set(properties) == {"seed", "log", "responses"}


def test_a_description_says_who_reads_the_option_and_what_its_absence_means():
    texts = {name: entry["description"] for name, entry in backends.option_properties().items()}
    assert texts["alpha"] == "scripted teacher: error rates of phrases follow Beta(alpha, beta)"
    assert texts["concurrency"] == "endpoint, server: requests in flight; 32 where absent"
    assert texts["tokens_per_minute"].endswith("at most; no limit where absent")
    assert texts["port"] == "server: its port; null for a free one"


def test_fragments_are_schemas_that_the_checks_of_a_backend_understand():
    for _, option in DECLARED:
        Draft202012Validator.check_schema(dict(option.schema))
        parts = [option.schema, *option.schema.get("anyOf", ())]
        assert set().union(*parts) <= KEYWORDS
        assert option.default is None or Draft202012Validator(option.schema).is_valid(option.default), option.name
        assert option.default is None or not option.required


VALUES = (None, True, 0, 1, 7, 8, -1, 0.5, 1.5, "", "x", "float32", [], ["x"], {})


@pytest.mark.parametrize(("name", "option"), DECLARED, ids=lambda value: getattr(value, "name", value))
def test_a_backend_and_a_config_refuse_the_same_values(name, option):
    schema = {key: value for key, value in option.schema.items() if key != "pattern"}
    for value in VALUES:
        if value is None and option.default is None:  # for a backend, null stands for an option that is absent
            continue
        assert (option.fault(value) is None) == Draft202012Validator(schema).is_valid(value), (option.name, value)


@pytest.mark.parametrize(
    ("name", "model", "required"),
    [
        ("scripted", "teacher", ("alpha", "beta", "syntax_rate", "errors")),
        ("scripted", "judge", ("noise", "flip_rate")),
        ("scripted", "critic", ()),
        ("scripted", None, ()),
        ("transformers", "m", ()),
        ("endpoint", "m", ("base_url",)),
        ("server", "m", ("command",)),
        ("replay", None, ("run",)),
    ],
)
def test_what_a_config_must_give(name, model, required):
    assert backends.required_options(name, model) == required


@pytest.mark.parametrize(
    ("name", "model", "options", "message"),
    [
        ("scripted", "teacher", {}, "the backend scripted lacks 'alpha'; add it .error rates"),
        ("scripted", "judge", {"noise": 1, "seed": 1}, "the backend scripted lacks 'flip_rate'; add it"),
        ("scripted", "judge", {"noise": 1, "flip_rate": 0}, "the backend scripted lacks 'seed'; add it"),
        ("scripted", "teacher", {**ALPHA, "errors": "some"}, "option errors: 'some' must be one of concept, indep"),
        ("scripted", "teacher", {**ALPHA, "alpha": 0}, "option alpha: 0 must be a number above 0"),
        (
            "scripted",
            "teacher",
            {**ALPHA, "syntax_rate": 2},
            "syntax_rate: 2 must be a number of at least 0 and up to 1",
        ),
        ("endpoint", "m", {}, "the backend endpoint lacks 'base_url'; add it .where the server answers"),
        ("endpoint", "m", {"base_url": 1}, "option base_url: 1 must be a text"),
        ("endpoint", "m", {"base_url": "http://x", "retries": 1.0}, "option retries: 1.0 must be a whole number of"),
        ("endpoint", "m", {"base_url": "http://x", "retries": True}, "option retries: True must be a whole number of"),
        (
            "endpoint",
            "m",
            {"base_url": "http://x", "longest_wait": math.nan},
            "longest_wait: nan must be a number above",
        ),
        ("server", "m", {}, "the backend server lacks 'command'; add it"),
        ("server", "m", {"command": "x", "gpus": 0.5}, "option gpus: 0.5 must be a whole number of at least 0"),
        (
            "server",
            "m",
            {"command": "x", "port": 0},
            "port: 0 must be a whole number of at least 1 and up to 65535 or null",
        ),
        ("transformers", "m", {"dtype": "int8"}, "option dtype: 'int8' must be one of float32, bfloat16, float16"),
        ("transformers", "m", {"max_rows": 7}, "option max_rows: 7 must be a whole number of at least 8"),
        ("replay", None, {"run": "results/x"}, "the backend replay lacks 'responses'; add it"),
        ("replay", None, {"responses": "x"}, "option responses: 'x' must be a list"),
    ],
)
def test_what_is_missing_or_cannot_be_meant_is_named(name, model, options, message):
    with pytest.raises(BadInput, match=message):
        backends.load_backend(name, model, options)


def test_null_stands_for_an_option_without_a_default():
    options = {"base_url": "http://x", "key_variable": None, "requests_per_minute": None, "tokens_per_minute": None}
    backends.load_backend("endpoint", "m", options).close()
    with pytest.raises(BadInput, match="option retries: None must be"):
        backends.load_backend("endpoint", "m", {**options, "retries": None})


def test_defaults_fill_what_is_not_given_and_other_options_are_left_out():
    found = with_defaults(backends.declared_options("transformers"), {"max_rows": 9, "base_url": "http://x"})
    assert found == {"max_rows": 9, "dtype": "float32"}


def test_the_help_lists_every_option_with_its_default():
    text = " ".join(arguments().format_help().split())
    for name in backends.names():
        paragraph = text.partition(f"options of the backend {name}: ")[2].partition("options of the backend")[0]
        for option in backends.declared_options(name):
            assert (f"{option.name} " in paragraph) == (option.giver != RULE), (name, option.name)
            assert option.giver == RULE or option.meaning in paragraph
    assert "max_rows rows of a forward pass, at most; 448 where absent" in text
    assert "base_url where the server answers, mostly up to /v1; required" in text


def test_arguments_of_their_own_have_the_types_that_are_declared():
    named = ["--base-url", "u", "--key-variable", "k", "--concurrency", "4", "--command", "c", "--responses", "a", "b"]
    found = arguments().parse_args(["in", "--output", "out", "--backend", "endpoint", *named])
    own = {option.name: getattr(found, option.name) for option, _ in backends.argument_options()}
    expected = {"base_url": "u", "key_variable": "k", "concurrency": 4, "command": "c", "responses": ["a", "b"]}
    assert own == expected


def test_declarations_are_read_without_what_takes_long_to_import():
    code = (
        "import sys\nfrom refinement.completion import backends\nbackends.option_properties()\n"
        f"assert not [name for name in {HEAVY} if name in sys.modules]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
