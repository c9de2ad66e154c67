"""The paper's published figures, and what can be said of them without a run."""


rule audit_tables:
    """Published averages against their cells, published pass@1 against whole numbers of problems."""
    input:
        "reference/acr.yaml",
    output:
        csv=f"{HOME}/tables/audit.csv",
        markdown=report(
            f"{HOME}/tables/audit.md",
            caption="../report/audit.rst",
            category="Tables",
            labels={"table": "audit", "run": config["experiment"]},
        ),
        latex=f"{HOME}/tables/audit.tex",
        cells=f"{HOME}/tables/audit_cells.csv",
    log:
        f"{HOME}/logs/audit_tables.log",
    benchmark:
        f"{HOME}/times/audit_tables.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/audit_tables"),
    message:
        "audit the published tables"
    shell:
        "python {STEPS}/results/audit_tables.py {input:q} --cells {output.cells:q} --csv {output.csv:q}"
        " --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


rule measure_effects:
    """The differences that claims and controls are about, of one run."""
    input:
        outcomes=compared_outcomes(),
        kinds=f"{RESULTS}/figures/figure5.csv",
        selections=summaries_of("scoring", TABLES.get("table4", [])),
        feedback=summaries_of("feedback", FIGURES.get("figure4", [])),
    output:
        f"{RESULTS}/effects.csv",
    log:
        f"{LOGS}/measure_effects.log",
    benchmark:
        f"{TIMES}/measure_effects.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/measure_effects"),
        entries=comparison_entries(),
        titles=effect_titles(),
        final=FINAL,
        seed=seed_of,
    message:
        "measure effects"
    shell:
        "python {STEPS}/acr/measure_effects.py {input.outcomes:q} --entries {params.entries:q} --kinds {input.kinds:q}"
        " --selections {input.selections:q} --feedback {input.feedback:q} --titles {params.titles:q}"
        " --final {params.final} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule judge_claims:
    """The ledger of claims, over all seeds."""
    input:
        effects=expand(f"{RESULTS}/effects.csv", run=RUNS),
        reference="reference/acr.yaml",
    output:
        csv=f"{HOME}/tables/claims.csv",
        markdown=report(
            f"{HOME}/tables/claims.md",
            caption="../report/claims.rst",
            category="Claims",
            labels={"table": "claims", "run": config["experiment"]},
        ),
        latex=f"{HOME}/tables/claims.tex",
    log:
        f"{HOME}/logs/judge_claims.log",
    benchmark:
        f"{HOME}/times/judge_claims.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/judge_claims"),
        label=config["label"],
    message:
        "judge the claims"
    shell:
        "python {STEPS}/results/judge_claims.py {input.effects:q} --reference {input.reference:q} --label {params.label:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


rule claims:
    """The ledger of claims."""
    input:
        f"{HOME}/tables/claims.md",


rule audit:
    """The audit of the published tables."""
    input:
        f"{HOME}/tables/audit.md",
