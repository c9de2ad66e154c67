"""A cluster that keeps accounts (slurmdbd): jobs go to the account and the partition that the profile names."""

import pytest

from support import slurm
from support.cluster_parts import GREEDY, change, finish
from support.workflow import copy_workflow

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        bool(slurm.missing(accounting=True)),
        reason=f"SLURM with accounting is not installed ({', '.join(slurm.missing(accounting=True))} not found)",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """SLURM with accounting; the one that make cluster-up started is not asked to change."""
    if slurm.alive("slurmctld"):
        pytest.skip("a cluster is up; make cluster-down first")
    try:
        slurm.up(accounting=True)
    except (OSError, SystemExit) as error:
        pytest.skip(f"SLURM with accounting does not start on this machine: {error}")
    else:
        yield
    finally:
        slurm.down()


def name(folder, account):
    """Set the block at the top of the profile as it says."""
    profile = folder / "profiles/slurm/config.yaml"
    text = profile.read_text()
    for line, own in (
        ("# slurm_partition: gpu ", "slurm_partition: cpu "),
        ("# slurm_account: myproject ", f"slurm_account: {account} "),
        ("slurm-status-command: squeue\n", "slurm-status-command: sacct\n"),
    ):
        assert text.count(line) == 1
        text = text.replace(line, own)
    profile.write_text(text)


def kept():
    """What the accounts say about each job: account, partition, state, rule."""
    told = slurm.call("sacct", "--allocations", "--noheader", "--parsable2", "--format=Account,Partition,State,Comment")
    return [tuple(line.split("|")) for line in told.splitlines()]


def test_a_run_goes_to_its_account_and_hears_of_failures_by_sacct(tmp_path):
    folder = copy_workflow(tmp_path.resolve())
    name(folder, slurm.ACCOUNT)
    change(folder, GREEDY)
    status, told = finish(folder, "audit")
    assert status == 0 and (folder / "results/reduced/tables/audit.csv").is_file(), told
    expected = [(slurm.ACCOUNT, "cpu", state, "rule_audit_tables") for state in ("FAILED", "COMPLETED")]
    assert kept() == expected


def test_an_account_that_is_not_there_is_refused_before_anything_is_sent(tmp_path):
    folder, before = copy_workflow(tmp_path.resolve()), kept()
    name(folder, "nobodys")
    status, told = finish(folder, "audit")
    assert status != 0 and "nobodys appears to be invalid" in told
    assert kept() == before
