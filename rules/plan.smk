"""The plan: requests, tokens, money and hours of a run, before anything is spent, and what it came to."""


rule make_plan:
    """What each stage asks of whom, and what that costs."""
    input:
        snippets=counted_snippets,
        templates=sum(planned_templates().values(), []),
        problems=planned_files(),
    output:
        csv=f"{HOME}/plan.csv",
        markdown=f"{HOME}/plan.md",
        latex=f"{HOME}/plan.tex",
    log:
        f"{HOME}/logs/make_plan.log",
    benchmark:
        f"{HOME}/times/make_plan.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/plan_run"),
        settings=planned_settings(),
        templates=as_json(planned_templates()),
        snippets=lambda wildcards, input: [f"--snippets={input.snippets}"] if input.snippets else [],
        measured=measured_folders(),
        actual=[],
        state=measured_state(),
        label=config["label"],
    message:
        "plan the run"
    shell:
        "python {STEPS}/results/plan_run.py --settings {params.settings:q} --templates {params.templates:q} {params.snippets:q}"
        " --measured {params.measured:q} --actual {params.actual:q} --label {params.label:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


use rule make_plan as compare_plan with:
    input:
        snippets=counted_snippets,
        templates=sum(planned_templates().values(), []),
        problems=planned_files(),
        done=[f"results/{run}/tables/records.csv" for run in RUNS],
    output:
        csv=f"{HOME}/plan_and_actual.csv",
        markdown=report(
            f"{HOME}/plan_and_actual.md",
            caption="../report/plan_and_actual.rst",
            category="Plan",
            labels={"table": "plan and actual", "run": config["experiment"]},
        ),
        latex=f"{HOME}/plan_and_actual.tex",
    log:
        f"{HOME}/logs/compare_plan.log",
    benchmark:
        f"{HOME}/times/compare_plan.tsv"
    params:
        code=code_digest("results/plan_run"),
        settings=planned_settings(),
        templates=as_json(planned_templates()),
        snippets=lambda wildcards, input: [f"--snippets={input.snippets}"] if input.snippets else [],
        measured=measured_folders(),
        actual=[f"results/{run}" for run in RUNS],
        state=measured_state(),
        label=config["label"],
    message:
        "hold the plan against what came of it"


rule plan:
    """What the run will cost, before anything is spent."""
    input:
        f"{HOME}/plan.md",
