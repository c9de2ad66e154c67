"""How students are trained: bases, settings, the command line."""

import json

import pytest

from refinement.experiment import training
from support.experiments import experiment_of, student, variant


def options(experiment, *overrides, run="miniature", stage=("model", "1")):
    return json.loads(training.settings(experiment, run, *overrides, stage=stage))


def test_a_variant_s_settings_stand_over_the_student_s_and_those_over_the_common_ones():
    longer = variant("longer", 0, training={"epochs": 9})
    experiment = experiment_of(
        students=[student("s", training={"epochs": 2, "batch_size": 4, "learning_rate": 0.1})],
        variants=[variant("acr", 3), longer], training={"weight_decay": 0.5},
    )  # fmt: skip
    found = options(experiment, *training.own_settings(experiment, "s", "longer"))
    assert (found["epochs"], found["batch_size"], found["weight_decay"]) == (9, 4, 0.5)
    assert options(experiment, *training.own_settings(experiment, "s", "acr"))["epochs"] == 2
    assert not {"nodes", "devices", "threads"} & set(found), "what only the job needs"


def test_every_run_and_stage_has_a_seed_of_its_own_and_variants_share_it():
    experiment = experiment_of(seeds=2)
    places = [(run, stage) for run in experiment.runs for stage in (("base",), ("model", "0"), ("model", "1"))]
    seeds = {options(experiment, run=run, stage=stage)["seed"] for run, stage in places}
    assert len(seeds) == len(places) and all(0 <= seed < 2**31 for seed in seeds)


PARTS = [
    ({}, {}, 'python "$STEPS/engines/train_model.py"'),
    ({"devices": 2}, {}, 'python "$STEPS/engines/launch_processes.py" --nodes 1 --devices 2 -- "$STEPS/engines/train_model.py"'),
    (
        {"nodes": 2, "devices": 2},
        {},
        'srun --nodes=2 --ntasks=2 --ntasks-per-node=1 python "$STEPS/engines/launch_processes.py" --nodes 2 --devices 2 -- '
        '"$STEPS/engines/train_model.py"',
    ),
    (
        {},
        {"deepspeed": "config/deepspeed/zero2.json"},
        'python "$STEPS/engines/launch_processes.py" --nodes 1 --devices 1 -- "$STEPS/engines/train_model.py"',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("common", "own", "line"), PARTS)
def test_as_many_processes_are_started_as_the_config_says(common, own, line):
    nodes = common.get("nodes", 1)
    experiment = experiment_of(training=common, resources={"training": {"nodes": nodes}})
    assert training.start_command(experiment, "engines/train_model", own) == line
    assert training.deepspeed(experiment, own) == list(own.values())


def test_a_variant_may_go_without_the_student_s_deepspeed():
    experiment = experiment_of(training={"deepspeed": "config/deepspeed/zero2.json"})
    assert training.deepspeed(experiment) == ["config/deepspeed/zero2.json"]
    assert training.deepspeed(experiment, {"deepspeed": "config/deepspeed/zero3.json"}, {"deepspeed": None}) == []


def test_a_base_is_made_here_or_lies_here_or_comes_from_the_hub(tmp_path):
    experiment = experiment_of()
    made = "results/r/tiny/base"
    assert training.start_model(experiment, "r", "tiny") == made and training.start_files(experiment, "r", "tiny") == [
        made
    ]
    experiment = experiment_of(students=[student("hub"), student("here", model=str(tmp_path))])
    assert (
        training.start_model(experiment, "r", "hub") == "owner/base"
        and training.start_files(experiment, "r", "hub") == []
    )
    assert training.start_files(experiment, "r", "here") == [str(tmp_path)]


def test_a_template_replaces_that_of_a_base_from_the_hub_alone():
    template = "config/chat_templates/chatml.jinja"
    experiment = experiment_of(
        students=[student("s", chat_template=template, eos_token="<|im_end|>", pad_token="<pad>")]
    )
    assert training.chat_template(experiment, "s") == [template]
    assert training.token_arguments(experiment, "s") == [
        f"--chat-template={template}", "--eos-token=<|im_end|>", "--pad-token=<pad>",
    ]  # fmt: skip
    own = experiment_of()
    assert training.chat_template(own, "tiny") == [], "one that is made here has it"
    assert training.token_arguments(experiment_of(students=[student("s")]), "s") == []


def test_every_training_log_has_an_entry():
    experiment = experiment_of(students=[student("s"), student("t")], variants=[variant("acr", 3), variant("b", 1)])
    logs, entries = training.logs(experiment), training.log_entries(experiment)
    assert len(logs) == len(entries) == 8
    assert [path.split("/")[2] for path in logs] == [entry["student"].lower() for entry in entries]
    assert [f"iter_{entry['iteration']}" for entry in entries] == [path.split("/")[4] for path in logs]
