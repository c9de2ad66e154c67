"""The beginning and the end of a workflow: its claim to the folder, and its jobs on a cluster."""

import os

from refinement.running.cluster import RUN_NAME, end_earlier_runs, end_run, is_wanted, note_run
from refinement.running.gpus import offer_gpus
from refinement.running.workflow_lock import RUN_VARIABLE, claim_run, name_run
from snakemake.persistence import PersistenceBase

LEDGER = ".snakemake"


def claim_folder():
    """Claim the working folder for this process."""
    os.environ.pop(RUN_NAME, None)
    return claim_run(LEDGER)


def begin_cluster_job():
    """In a job's own Snakemake: no claim, and its steps end with it, not with the Snakemake that sent it.

    Nor does it say that its outputs are complete: Snakemake 9.27 would, without a record of how they
    were made, and nobody would notice if the code changed before a killed run is started again.
    """
    if not is_wanted(LEDGER):
        sys.exit(f"error: the run {os.environ[RUN_NAME]} that sent this job is gone; nothing is done")
    os.environ[RUN_VARIABLE] = name_run()

    async def say_nothing(self, job):
        pass

    PersistenceBase.finished = say_nothing


def begin_cluster_run():
    """End what a killed run left on a cluster; leave a note of the name of this run's jobs, where they go to SLURM.

    Where they run here instead, they are dealt the GPUs that a profile names. Before the first job, but not for
    commands that only look.
    """
    name = getattr(workflow.scheduler._executor, "run_uuid", None)
    gpus = workflow.global_resources.get("gpu").value
    try:
        if CLAIM and CLAIM.held(patient=workflow.execution_settings.lock):
            end_earlier_runs(LEDGER)
        if name:
            note_run(LEDGER, name)
            # Jobs follow SLURM, not this process, even where a node is this machine.
            os.environ.pop(RUN_VARIABLE, None)
        elif gpus:
            offer_gpus(f"{LEDGER}/gpus", gpus)
    except (BadInput, KeyboardInterrupt) as error:
        sys.exit(f"error: {str(error) or 'interrupted'}")


def end_cluster_run():
    """End what an interrupt left in the queue, and the note; where that fails, the next run does it."""
    try:
        if RUN_NAME in os.environ:
            end_run(LEDGER, os.environ.pop(RUN_NAME), patience=60)
    except BadInput as error:
        print(f"warning: {error}", file=sys.stderr)


def lift_default_job_limit():
    """Take away Snakemake's default limit of 100 jobs a second, which no run here comes near.

    Snakemake 9.27 keeps it by looking at all ready jobs again every second,
    once more for each job that ever ended: after 300 jobs that took half a
    core. A limit that a user sets stays.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


if workflow.remote_exec:
    begin_cluster_job()
CLAIM = claim_folder() if workflow.is_main_process and not workflow.output_settings.dryrun else None
