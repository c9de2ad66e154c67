"""Effects: the differences that the paper's claims and our controls are about."""


rule measure_effects:
    """Measure the effects of one run."""
    input:
        outcomes=acr.compared_outcomes(EXPERIMENT),
        kinds=f"{RUN}/figures/figure5.csv",
        selections=benchmarks.summaries(EXPERIMENT, acr.SCORING, EXPERIMENT.tables.get("table4", [])),
        feedback=benchmarks.summaries(EXPERIMENT, acr.FEEDBACK, EXPERIMENT.figures.get("figure4", [])),
    output:
        f"{RUN}/effects.csv",
    log:
        f"{LOGS}/measure_effects.log",
    benchmark:
        f"{TIMES}/measure_effects.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/measure_effects"),
        entries=as_json(acr.comparison_entries(EXPERIMENT)),
        titles=as_json(acr.effect_titles(EXPERIMENT)),
        final=EXPERIMENT.final,
        seed=seed_of,
    message:
        "measure effects"
    shell:
        'python "$STEPS/acr/measure_effects.py" {input.outcomes:q} --entries {params.entries:q} --kinds {input.kinds:q}'
        " --selections {input.selections:q} --feedback {input.feedback:q} --titles {params.titles:q}"
        " --final {params.final} --seed {params.seed} --output {output:q} > {log:q} 2>&1"
