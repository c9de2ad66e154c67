"""Iterative self-refinement of code language models: the library under the steps."""

from refinement.running.workflow_lock import die_with_workflow

# Before anything else is imported: torch takes seconds, and a step must not outlive its workflow by them.
die_with_workflow()
