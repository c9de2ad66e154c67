"""Adaptive Critique Refinement (RefineCoder; Zhou et al. 2025) as a method of the workflow."""

from refinement.experiment.method import Method
from refinement.methods.acr.configuration import faults
from refinement.methods.acr.experiment import accounts, askings, last_models
from refinement.methods.acr.page import described, facts
from refinement.methods.acr.results import SECTIONS, results

METHOD = Method(
    name="acr",
    results=results,
    sections=SECTIONS,
    faults=faults,
    # A variant with another teacher has another D_0, and one with another training has another M_0.
    own_start=("teacher", "training"),
    askings=askings,
    accounts=accounts,
    last_files=last_models,
    facts=facts,
    described=described,
    settings=("feedback", "execution"),
)
