"""Seed snippets from real code."""

# The files of problems with which training data must not overlap.
guarded_problems = lambda wildcards: benchmarks.guarded_problems(EXPERIMENT, wildcards.run)


rule harvest_snippets:
    """Harvest functions that pass the filters."""
    input:
        source=existing_path(config["snippets"]["source"]),
        benchmarks=guarded_problems,
    output:
        snippets=f"{RUN}/snippets/snippets.jsonl",
        rejected=f"{RUN}/snippets/snippets.rejected.jsonl",
        counts=f"{RUN}/snippets/snippets.counts.json",
    log:
        f"{LOGS}/harvest_snippets.log",
    benchmark:
        f"{TIMES}/harvest_snippets.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("text"),
    params:
        code=code_digest("acr/harvest_snippets"),
        source=config["snippets"]["source"],
        size=[f"--size={config['snippets']['size']}"] if config["snippets"]["size"] else [],
        seed=seed_of,
        max_lines=config["snippets"]["max_lines"],
        max_characters=config["snippets"]["max_characters"],
        forbidden=config["snippets"]["forbidden_modules"],
        threshold=config["snippets"]["near_duplicate_threshold"],
        ngram=config["snippets"]["overlap_ngram"],
    message:
        "harvest seed snippets"
    shell:
        'python "$STEPS/acr/harvest_snippets.py" --source {params.source:q} --benchmarks {input.benchmarks:q}'
        " {params.size:q} --seed {params.seed}"
        " --max-lines {params.max_lines} --max-characters {params.max_characters}"
        " --forbidden-modules {params.forbidden:q} --near-duplicate-threshold {params.threshold}"
        " --overlap-ngram {params.ngram} --output {output.snippets:q} --rejected {output.rejected:q}"
        " --counts {output.counts:q} > {log:q} 2>&1"
