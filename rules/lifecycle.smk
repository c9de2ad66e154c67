"""The start and the end of a workflow: its lock on the folder, and its jobs on a cluster."""

import os

from refinement.running.cluster import RUN_NAME, end_earlier_runs, end_run, is_wanted, note_run
from refinement.running.gpus import offer_gpus
from refinement.running.workflow_lock import RUN_VARIABLE, claim_run, name_run
from snakemake.persistence import PersistenceBase

LEDGER = ".snakemake"


def claim_folder():
    """Claim the working folder, so that no other workflow runs in it at the same time."""
    os.environ.pop(RUN_NAME, None)
    return claim_run(LEDGER)


def begin_cluster_job():
    """Begin the Snakemake process of a single job on a cluster.

    The process claims no folder. Its steps end with it, not with the Snakemake that submitted the job. It does not
    mark its outputs as complete: Snakemake 9.27 would mark them without a record of how they were made, so that a
    change of the code before a killed run is started again would go unnoticed.
    """
    if not is_wanted(LEDGER):
        sys.exit(f"error: the run {os.environ[RUN_NAME]} that sent this job is gone; nothing is done")
    os.environ[RUN_VARIABLE] = name_run()

    async def say_nothing(self, job):
        pass

    PersistenceBase.finished = say_nothing


def begin_cluster_run():
    """Cancel the jobs that a killed workflow left on a cluster, and prepare the jobs of this workflow.

    If jobs go to SLURM, the name of this workflow's jobs is noted, so that a later workflow can cancel them. If jobs
    run on this machine, they get the GPUs that a profile names. All this happens before the first job, but not for
    commands that run no jobs.
    """
    name = getattr(workflow.scheduler._executor, "run_uuid", None)
    gpus = workflow.global_resources.get("gpu").value
    try:
        if CLAIM and CLAIM.held(patient=workflow.execution_settings.lock):
            end_earlier_runs(LEDGER)
        if name:
            note_run(LEDGER, name)
            # The jobs' processes end when SLURM ends them, not with this process, even if this machine is a node.
            os.environ.pop(RUN_VARIABLE, None)
        elif gpus:
            offer_gpus(f"{LEDGER}/gpus", gpus)
    except (BadInput, KeyboardInterrupt) as error:
        sys.exit(f"error: {str(error) or 'interrupted'}")


def end_cluster_run():
    """Cancel the jobs that an interrupt left in the queue, and remove the note; if this fails, the next workflow will."""
    try:
        if RUN_NAME in os.environ:
            end_run(LEDGER, os.environ.pop(RUN_NAME), patience=60)
    except BadInput as error:
        print(f"warning: {error}", file=sys.stderr)


def lift_default_job_limit():
    """Remove Snakemake's default limit of 100 jobs per second, which no workflow here comes near.

    To keep the limit, Snakemake 9.27 examines all ready jobs every second, once more for each job that has ended.
    After 300 jobs, that took half a core. A limit that a user sets stays.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


if workflow.remote_exec:
    begin_cluster_job()
CLAIM = claim_folder() if workflow.is_main_process and not workflow.output_settings.dryrun else None
