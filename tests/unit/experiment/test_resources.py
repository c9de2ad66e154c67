"""What jobs ask a cluster for."""

import pytest

from refinement.experiment import resources
from support.experiments import BACKENDS, baseline, experiment_of

SERVER = {"backend": "server", "model": "owner/judge", "options": BACKENDS["server"]}


def asked(kind="training", gpus=None, nodes=1, gpu_model="", answering=None, **changes):
    """The resources of a kind of work."""
    own = {"nodes": nodes, **({} if gpus is None else {"gpu": gpus})}
    training = {"training": {"nodes": nodes, "devices": gpus // nodes}} if kind == "training" and gpus else {}
    if kind == "training" and not gpus:
        training = {"training": {"nodes": nodes}}
    experiment = experiment_of(resources={kind: own}, **training, **changes)
    return resources.resources(experiment, kind, gpu_model, answering)


def test_a_further_attempt_asks_for_more_until_the_largest():
    found = resources.resources(experiment_of(), "light", "")
    assert [found["mem_mb"](None, attempt) for attempt in (1, 2, 9)] == [2000, 4000, 16000]
    assert [found["runtime"](None, attempt) for attempt in (1, 2, 9)] == [30, 60, 240]


def test_one_node_asks_for_no_tasks_and_no_model_of_gpu_where_it_asks_for_no_gpu():
    found = asked(gpu_model="a100")
    assert not {"tasks", "mpi", "slurm_extra"} & set(found)
    assert (found["gpu"], found["gpu_model"]) == (0, "")


def test_a_gpu_s_model_is_the_profile_s():
    assert "gpu_model" not in asked(gpus=2, gpu_model="a100")


@pytest.mark.parametrize(("gpu_model", "each"), [("", "4"), ("a100", "a100:4")])
def test_two_nodes_have_a_task_each_and_as_many_gpus_each(gpu_model, each):
    found = asked(gpus=8, nodes=2, gpu_model=gpu_model)
    assert (found["nodes"], found["tasks"], found["gpu"], found["mpi"]) == (2, 2, 8, "srun")
    assert found["slurm_extra"] == f"--ntasks-per-node=1 --gpus-per-node={each}"


def test_two_nodes_without_gpus_name_none():
    found = asked(nodes=2, gpu_model="a100")
    assert found["slurm_extra"] == "--ntasks-per-node=1" and found["gpu_model"] == ""


def test_a_server_s_job_asks_for_the_server_s_gpus_and_an_endpoint_s_for_none():
    experiment = experiment_of(roles={"judge": SERVER}, resources={"judge": {"gpu": 2}})
    assert resources.gpus(experiment, "judge") == 2
    elsewhere = {"backend": "endpoint", "model": "m", "options": BACKENDS["endpoint"]}
    experiment = experiment_of(roles={"judge": elsewhere}, resources={"judge": {"gpu": 2}, "benchmark": {"gpu": 1}})
    assert resources.gpus(experiment, "judge") == 0
    assert resources.gpus(experiment, "benchmark") == 1, "the student answers in the job"
    assert resources.gpus(experiment, "text") == 0


def test_jobs_of_one_rule_that_answer_differently_ask_each_for_their_own():
    listed = [baseline("here"), baseline("served", "server"), baseline("paid", "endpoint")]
    experiment = experiment_of(baselines=listed, resources={"benchmark": {"gpu": 1}})
    student = experiment.roles["student"]
    who = {name: {**student, **entry} for name, entry in experiment.baselines.items()}
    found = resources.resources(experiment, "benchmark", "a100", lambda name: who[name])
    assert [found["gpu"](name) for name in who] == [1, 2, 0]
    assert [found["gpu_model"](name) for name in who] == ["a100", "a100", ""]


def test_shards_are_numbered_from_one():
    assert list(resources.shards(experiment_of(shards={"judge": 3}), "judge")) == [1, 2, 3]
