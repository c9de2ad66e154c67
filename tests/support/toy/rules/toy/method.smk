"""The toy method: one data set, one table."""


rule make_squares:
    """The data set."""
    output:
        f"{RUN}/squares.jsonl",
    log:
        f"{LOGS}/make_squares.log",
    benchmark:
        f"{TIMES}/make_squares.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("toy/make_squares"),
        numbers=config["numbers"],
        seed=seed_of,
    message:
        "square numbers"
    shell:
        'python "$STEPS/toy/make_squares.py" --numbers {params.numbers} --seed {params.seed} --output {output:q}'
        " > {log:q} 2>&1"


include: "../shared/results.smk"
