"""Input functions and parameters of the rules, in the order of the rule files."""


def local(path):
    """A path that a user named, as an input, where it is one; nothing for a name of the hub."""
    return [path] if Path(path).exists() else []


def guarded_benchmarks():
    """Files of the benchmarks that training data must not overlap with."""
    return [problems_of(name) for name, entry in BENCHMARKS.items() if entry["decontaminate"]]


def problems_of(name):
    """Where a benchmark's problems lie."""
    entry = BENCHMARKS[name]
    return entry["path"] if entry["kind"] == "file" else f"{RESULTS}/benchmarks/{name}.jsonl"


def chain_of(variant, iteration):
    """The variant under which an iteration lies: iteration 0 is made once, under acr.

    A variant that changes the training of M_0 keeps one of its own.
    """
    shared = int(iteration) == 0 and VARIANTS[variant]["loss"] == VARIANTS["acr"]["loss"]
    return "acr" if shared else variant


def in_iteration(name):
    """Input function: a file of the iteration that a rule's wildcards name, shared ones resolved."""

    def path(wildcards):
        variant = chain_of(wildcards.variant, wildcards.iteration)
        return f"{RESULTS}/{wildcards.student}/{variant}/iter_{wildcards.iteration}/{name}"

    return path


def in_previous_iteration(name):
    """Input function: a file of iteration t - 1."""

    def path(wildcards):
        before = int(wildcards.iteration) - 1
        variant = chain_of(wildcards.variant, before)
        return f"{RESULTS}/{wildcards.student}/{variant}/iter_{before}/{name}"

    return path


def iterations_of(variant):
    """Iterations 0..T of a variant."""
    return range(VARIANTS[variant]["iterations"] + 1)


def iteration_files(student, variant, name):
    """A file of each iteration of a variant."""
    return [f"{RESULTS}/{student}/{chain_of(variant, t)}/iter_{t}/{name}" for t in iterations_of(variant)]


def final_targets():
    """What `snakemake` makes: all tables and figures, the account of records, and every variant's scores."""
    scores = expand(
        f"{RESULTS}/{{student}}/{{variant}}/benchmarks/{{benchmark}}/summary.json",
        student=STUDENTS,
        variant=VARIANTS,
        benchmark=sorted({name for names in TABLES.values() for name in names}),
    )
    models = [f"{RESULTS}/{s}/{v}/iter_{VARIANTS[v]['iterations']}/model" for s in STUDENTS for v in VARIANTS]
    tables = [f"{RESULTS}/tables/{table}.md" for table in (*TABLES, "records")]
    return [*tables, f"{RESULTS}/figures/figure5.svg", *scores, *models]


def stage_reader(wildcards):
    """How the teacher's answers of a stage must be readable."""
    return {"round_0": "concepts", "answers": "anything"}.get(wildcards.stage, "evolution")


def previous_round(wildcards):
    """The instructions that a round of evolution starts from."""
    return f"{INSTRUCTIONS}/round_{int(wildcards.round) - 1}.jsonl"


def training_settings(*overrides, stage):
    """The common training settings with a student's own, and a seed of their own, as JSON."""
    common = {name: value for name, value in config["training"].items() if name != "threads"}
    settings = dict(common)
    for override in overrides:
        settings.update(override)
    return as_json({**settings, "seed": hash_seed(SEED, "training", *stage) % 2**31})


def base_of(wildcards):
    """A student's base as a file to wait for; nothing where it comes from the hub."""
    start = start_of(wildcards)
    return local(start) if "model" in STUDENTS[wildcards.student] else start


def start_of(wildcards):
    """A student's base: a folder or the name of a model of the hub."""
    return STUDENTS[wildcards.student].get("model", f"{RESULTS}/{wildcards.student}/base")


def pretraining_of(wildcards):
    """The settings by which a student's base is made here."""
    return STUDENTS[wildcards.student]["pretraining"]


def chat_template_of(wildcards):
    """The template file that replaces a hub model's own, where there is one."""
    student = STUDENTS[wildcards.student]
    return [student["chat_template"]] if "model" in student and "chat_template" in student else []


def token_arguments(wildcards, input):
    """Command-line options for what a hub model's tokenizer needs changed."""
    student = STUDENTS[wildcards.student]
    options = [f"--chat-template={path}" for path in input.chat_template]
    names = [name for name in ("eos_token", "pad_token") if name in student]
    return options + [f"--{name.replace('_', '-')}={student[name]}" for name in names]


def dataset_of(wildcards):
    """D_t: the teacher's for t = 0, else what the iteration before refined."""
    if int(wildcards.iteration) == 0:
        return f"{RESULTS}/d0.jsonl"
    return f"{RESULTS}/{wildcards.student}/{wildcards.variant}/iter_{wildcards.iteration}/dataset.jsonl"


def dataset_before(wildcards):
    """D_{t-1}, of the chain that iteration t continues."""
    before = int(wildcards.iteration) - 1
    return f"{RESULTS}/d0.jsonl" if before == 0 else in_previous_iteration("dataset.jsonl")(wildcards)


def strategy_of(wildcards):
    """What a variant does with a win of either side, as JSON."""
    variant = VARIANTS[wildcards.variant]
    return as_json({name: variant[name] for name in ("on_self_win", "on_original_win")})


def responses_of(stage, role):
    """All shards of an iteration's responses to one stage's requests."""
    return expand(f"{ITERATION}/responses/{stage}.{{shard}}.jsonl", shard=shards_of(role), allow_missing=True)


def critiques_before(wildcards):
    """The critiques of iteration t - 1, where the variant uses them."""
    wanted = VARIANTS[wildcards.variant]["on_original_win"] == "critique"
    return in_previous_iteration("critiques.jsonl")(wildcards) if wanted else []


def first_of(wildcards):
    """The first iteration that is a variant's own: acr's M_0 is not measured again."""
    return 0 if chain_of(wildcards.variant, 0) == wildcards.variant else 1


def models_of(wildcards):
    """The models of a variant's own iterations."""
    return iteration_files(wildcards.student, wildcards.variant, "model")[first_of(wildcards) :]


def problems_for(wildcards):
    """The problems of a rule's benchmark."""
    return problems_of(wildcards.benchmark)


def decoding_of(wildcards):
    """How a benchmark's answers are drawn, as JSON."""
    decoding = BENCHMARKS[wildcards.benchmark]["decoding"]
    return as_json({name: value for name, value in decoding.items() if name != "samples"})


def answers_a_problem(wildcards):
    """Number of answers to each problem of a benchmark."""
    return BENCHMARKS[wildcards.benchmark]["decoding"]["samples"]


def table_summaries(wildcards):
    """The summaries of a table's benchmarks, for the method's models of all students."""
    return [
        f"{RESULTS}/{student}/acr/benchmarks/{benchmark}/summary.json"
        for student in STUDENTS
        for benchmark in TABLES[wildcards.table]
    ]


def table_entries(wildcards):
    """What each summary is of: student and benchmark, by their titles."""
    return as_json(
        [
            {"student": STUDENTS[student]["title"], "benchmark": BENCHMARKS[benchmark]["title"]}
            for student in STUDENTS
            for benchmark in TABLES[wildcards.table]
        ]
    )


def dataset_counts(wildcards):
    """Counts of D_1..D_T of every student, under the method itself."""
    return [path for student in STUDENTS for path in iteration_files(student, "acr", "dataset.counts.json")[1:]]


def all_counts(wildcards):
    """The counts of every step up to the tables, in the order of the method."""
    counts = [f"{RESULTS}/seeds/snippets.counts.json"]
    counts += [f"{INSTRUCTIONS}/round_{number}.counts.json" for number in range(ROUNDS + 1)]
    counts += [f"{INSTRUCTIONS}/selected.counts.json", f"{RESULTS}/d0.counts.json"]
    stages = ("samples", "executions", "judgements", "best", "comparisons", "critiques")
    for student in STUDENTS:
        counts.append(f"{RESULTS}/{student}/acr/iter_0/model.counts.json")
        for t in list(iterations_of("acr"))[1:]:
            counts += [f"{RESULTS}/{student}/acr/iter_{t - 1}/{stage}.counts.json" for stage in stages]
            counts += [f"{RESULTS}/{student}/acr/iter_{t}/{stage}.counts.json" for stage in ("dataset", "model")]
        used = sorted({name for names in TABLES.values() for name in names})
        counts += [f"{RESULTS}/{student}/acr/benchmarks/{name}/solutions.counts.json" for name in used]
    return counts
