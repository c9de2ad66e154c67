"""Input functions and parameters of the rules, in the order of the rule files."""


def local(path):
    """A path that a user named, as an input, where it is one; nothing for a name of the hub."""
    return [path] if Path(path).exists() else []


def guarded_benchmarks(wildcards):
    """Files of the benchmarks that training data must not overlap with."""
    return [problems_of(wildcards, name) for name, entry in BENCHMARKS.items() if entry["decontaminate"]]


def problems_of(wildcards, name):
    """Where a benchmark's problems lie."""
    entry = BENCHMARKS[name]
    return entry["path"] if entry["kind"] == "file" else f"{home_of(wildcards)}/benchmarks/{name}.jsonl"


def benchmarks_of(*kinds):
    """Names of the benchmarks of some kinds."""
    return [name for name, entry in BENCHMARKS.items() if entry["kind"] in kinds]


def sources_of(wildcards):
    """A benchmark's own data, as it is named."""
    return as_list(BENCHMARKS[wildcards.benchmark]["source"])


def kind_settings(wildcards):
    """What a benchmark's kind takes from its entry, as JSON."""
    entry = BENCHMARKS[wildcards.benchmark]
    return as_json({name: entry[name] for name in KIND_SETTINGS if name in entry})


def reading_code(step, wildcards):
    """Digest of a step and of the reader of a benchmark's data and answers."""
    return code_digest(step, module_name(BENCHMARKS[wildcards.benchmark]["kind"]))


def about_benchmark(wildcards):
    """Where a benchmark's problems come from; nothing where config says it all."""
    about = f"{home_of(wildcards)}/benchmarks/{wildcards.benchmark}.about.json"
    return [about] if BENCHMARKS[wildcards.benchmark]["kind"] in PREPARED else []


def answers_of(name):
    """The benchmark whose answers are tested: itself, or another with the same problems."""
    return BENCHMARKS[name].get("answers_of", name)


def asked(names):
    """The benchmarks that must be asked for the answers to these, each once."""
    return [*dict.fromkeys(map(answers_of, names))]


def answers_for(wildcards):
    """All shards of the responses to a benchmark."""
    folder = f"{home_of(wildcards)}/{wildcards.student}/{wildcards.variant}/{wildcards.work}"
    responses = f"{folder}/{answers_of(wildcards.benchmark)}/responses"
    return [f"{responses}/solutions.{shard}.jsonl" for shard in shards_of("benchmark")]


def chain_of(variant, iteration):
    """The variant under which an iteration lies: iteration 0 is made once, under acr.

    A variant that changes D_0 or the training of M_0 keeps one of its own. The
    turns that bear the loss do not change it: D_0 has one each.
    """
    own = "teacher" in VARIANTS[variant] or "training" in VARIANTS[variant]
    return variant if own or int(iteration) > 0 else "acr"


def in_iteration(name):
    """Input function: a file of the iteration that a rule's wildcards name, shared ones resolved."""

    def path(wildcards):
        variant = chain_of(wildcards.variant, wildcards.iteration)
        return f"{home_of(wildcards)}/{wildcards.student}/{variant}/iter_{wildcards.iteration}/{name}"

    return path


def in_previous_iteration(name):
    """Input function: a file of iteration t - 1."""

    def path(wildcards):
        before = int(wildcards.iteration) - 1
        variant = chain_of(wildcards.variant, before)
        return f"{home_of(wildcards)}/{wildcards.student}/{variant}/iter_{before}/{name}"

    return path


def executed_before(wildcards):
    """What iteration t - 1 made of its runs: its answers come again, and so do many samples.

    One file to wait for instead of all runs, each of which every shard would depend on.
    """
    return [] if int(wildcards.iteration) == 0 else [in_previous_iteration("executions.jsonl")(wildcards)]


def outcomes_of_method(wildcards):
    """What became of the method's runs on a benchmark, whose answers its siblings often repeat."""
    if (wildcards.variant, wildcards.work) == ("acr", "benchmarks") or is_baseline(wildcards):
        return []
    return [f"{home_of(wildcards)}/{wildcards.student}/acr/benchmarks/{wildcards.benchmark}/outcomes.jsonl"]


def runs_known(kind):
    """Parameter: the runs beside what was made of them, as many as the shards of a kind of work."""

    def runs(wildcards, input):
        return [str(Path(path).with_name(f"runs.{shard}.jsonl")) for path in input.known for shard in shards_of(kind)]

    return runs


def iterations_of(variant):
    """Iterations 0..T of a variant."""
    return range(VARIANTS[variant]["iterations"] + 1)


def iteration_files(wildcards, student, variant, name):
    """A file of each iteration of a variant."""
    home = home_of(wildcards)
    return [f"{home}/{student}/{chain_of(variant, t)}/iter_{t}/{name}" for t in iterations_of(variant)]


def run_targets(run):
    """All tables and figures of a run."""
    tables = [f"results/{run}/tables/{table}.md" for table in (*TABLES, *LEAKAGE_TABLES, "records")]
    return tables + [
        f"results/{run}/figures/{figure}.svg" for figure in (*FIGURES, "figure5", *LEAKAGE_FIGURES, "training")
    ]


def final_targets():
    """What `snakemake` makes: tables and figures of every run, their spread over seeds, and the last models."""
    targets = [
        *(path for run in RUNS for path in run_targets(run)),
        f"{HOME}/tables/audit.md",
        f"{HOME}/tables/claims.md",
    ]
    if len(RUNS) > 1:
        targets.append(f"{HOME}/tables/seeds.md")
    targets.append(f"{HOME}/report.html")
    return targets + [
        f"results/{run}/{student}/{variant}/iter_{VARIANTS[variant]['iterations']}/model"
        for run in RUNS
        for student in STUDENTS
        for variant in VARIANTS
        if chain_of(variant, VARIANTS[variant]["iterations"]) == variant
    ]


def page_tables(suffix):
    """The tables that the page shows, in one of their formats: the run's own, and what is said over runs."""
    names = [*TABLES, *LEAKAGE_TABLES, "claims", "audit", "records", *(["seeds"] if len(RUNS) > 1 else [])]
    return [f"{HOME}/tables/{name}.{suffix}" for name in names] + [f"{HOME}/plan_and_actual.{suffix}"]


def page_manifests():
    """Where the numbers of the page's tables come from."""
    return [f"{HOME}/tables/{table}.manifest.json" for table in (*TABLES, *LEAKAGE_TABLES)]


def page_figures():
    """The figures that the page shows."""
    return [f"{HOME}/figures/{figure}.svg" for figure in (*FIGURES, "figure5", *LEAKAGE_FIGURES, "training")]


def page_settings():
    """What the page says was run, as JSON."""
    kept = ("experiment", "label", "method", "final_iteration", "execution", "feedback")
    kept += ("students", "baselines", "variants", "benchmarks")
    roles = {role: {key: entry[key] for key in ("backend", "model") if key in entry} for role, entry in ROLES.items()}
    settings = {name: config[name] for name in kept} | {"roles": roles, "samples": N, "seeds": list(RUNS.values())}
    return as_json(settings | {"d0_size": config["instructions"]["d0_size"]})


def stage_reader(wildcards):
    """How the teacher's answers of a stage must be readable."""
    return {"round_0": "acr.concepts", "answers": "anything"}.get(wildcards.stage, "acr.evolution")


def previous_round(wildcards):
    """The instructions that a round of evolution starts from."""
    return f"{INSTRUCTIONS}/round_{int(wildcards.round) - 1}.jsonl"


def training_settings(wildcards, *overrides, stage):
    """The common training settings with a student's own, and a seed of their own, as JSON."""
    common = {name: value for name, value in config["training"].items() if name not in ("nodes", "devices", "threads")}
    settings = dict(common)
    for override in overrides:
        settings.update(override)
    return as_json({**settings, "seed": hash_seed(seed_of(wildcards), "training", *stage) % 2**31})


def own_training(wildcards):
    """What a student and a variant change of the common training settings."""
    return STUDENTS[wildcards.student]["training"], VARIANTS[wildcards.variant].get("training", {})


def deepspeed_settings(*overrides):
    """DeepSpeed's settings as a file to wait for; nothing where it is not used."""
    found = None
    for settings in (config["training"], *overrides):
        found = settings.get("deepspeed", found)
    return [found] if found else []


def start_training(step, *overrides):
    """How a training step is started: by itself, or as many processes, on several nodes by srun.

    DeepSpeed wants torchrun's environment even for one process.
    """
    nodes, devices = config["training"]["nodes"], config["training"]["devices"]
    if nodes * devices == 1 and not deepspeed_settings(*overrides):
        return f"python {step}"
    node = f"python {STEPS}/engines/launch_processes.py --nodes {nodes} --devices {devices} -- {step}"
    return node if nodes == 1 else f"srun --nodes={nodes} --ntasks={nodes} --ntasks-per-node=1 {node}"


def training_logs(wildcards):
    """Logs of all models of the method, student by student."""
    return [path for student in STUDENTS for path in iteration_files(wildcards, student, "acr", "model.log.json")]


def training_entries():
    """What each of these logs is of: student, by its title, and iteration."""
    return as_json(
        [
            {"student": student["title"], "iteration": iteration}
            for student in STUDENTS.values()
            for iteration in iterations_of("acr")
        ]
    )


def base_of(wildcards):
    """A student's base as a file to wait for; nothing where it comes from the hub."""
    start = start_of(wildcards)
    return local(start) if "model" in STUDENTS[wildcards.student] else start


def start_of(wildcards):
    """A student's base: a folder or the name of a model of the hub."""
    return STUDENTS[wildcards.student].get("model", f"{home_of(wildcards)}/{wildcards.student}/base")


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


def first_dataset(wildcards):
    """D_0 of a variant: the teacher's, or that of a teacher who errs otherwise."""
    home = home_of(wildcards)
    other = "teacher" in VARIANTS[wildcards.variant]
    return f"{home}/d0/{wildcards.variant}/d0.jsonl" if other else f"{home}/d0.jsonl"


def other_teacher(wildcards, output):
    """Command-line options of complete_requests for the teacher of a variant."""
    changes = VARIANTS[wildcards.variant]["teacher"]
    return backend_arguments("teacher", "anything", wildcards, output, changes)


def dataset_of(wildcards):
    """D_t: the teacher's for t = 0, else what the iteration before refined."""
    if int(wildcards.iteration) == 0:
        return first_dataset(wildcards)
    return f"{home_of(wildcards)}/{wildcards.student}/{wildcards.variant}/iter_{wildcards.iteration}/dataset.jsonl"


def dataset_before(wildcards):
    """D_{t-1}, of the chain that iteration t continues."""
    before = int(wildcards.iteration) - 1
    return first_dataset(wildcards) if before == 0 else in_previous_iteration("dataset.jsonl")(wildcards)


def strategy_of(wildcards):
    """What a variant does with a win of either side, as JSON."""
    variant = VARIANTS[wildcards.variant]
    return as_json({name: variant[name] for name in ("on_self_win", "on_original_win")})


def sampled_model(wildcards):
    """M_t; none where its answers are an earlier run's."""
    return [] if ROLES["student"]["backend"] == "replay" else f"{ITERATION}/model".format(**wildcards)


def responses_of(stage, role):
    """All shards of an iteration's responses to one stage's requests."""
    return expand(f"{ITERATION}/responses/{stage}.{{shard}}.jsonl", shard=shards_of(role), allow_missing=True)


def critiques_before(wildcards):
    """The critiques of iteration t - 1, where the variant uses them."""
    wanted = VARIANTS[wildcards.variant]["on_original_win"] == "critique"
    return in_previous_iteration("critiques.jsonl")(wildcards) if wanted else []


def is_baseline(wildcards):
    """Whether what is measured is a baseline and no model that is trained here."""
    return wildcards.student == "baselines"


def measured_span(student, variant, work):
    """The first and the last iteration whose models are measured in some work.

    acr's M_0 is not measured again for others; its models after M_T are
    further work. A baseline is one model.
    """
    if student == "baselines":
        return 0, 0
    last = VARIANTS[variant]["iterations"]
    if work == "further":
        return FINAL + 1, last
    return (0, min(last, FINAL)) if variant == "acr" else (0 if chain_of(variant, 0) == variant else 1, last)


def first_of(wildcards):
    """The first iteration that is measured."""
    return measured_span(wildcards.student, wildcards.variant, wildcards.work)[0]


def last_of(wildcards):
    """The last iteration that is measured."""
    return measured_span(wildcards.student, wildcards.variant, wildcards.work)[1]


def models_of(wildcards):
    """The models that a rule's benchmark measures, as files to wait for."""
    return models_measured(wildcards, wildcards.work)


def models_measured(wildcards, work):
    """The models that are measured in some work, as files to wait for."""
    if is_baseline(wildcards):
        return local(BASELINES[wildcards.variant]["model"])
    first, last = measured_span(wildcards.student, wildcards.variant, work)
    return iteration_files(wildcards, wildcards.student, wildcards.variant, "model")[first : last + 1]


def models_by_name(wildcards, input):
    """The models that are measured, by folder or name."""
    return [BASELINES[wildcards.variant]["model"]] if is_baseline(wildcards) else input.models


def problems_for(wildcards):
    """The problems of a rule's benchmark."""
    return problems_of(wildcards, wildcards.benchmark)


def decoding_of(wildcards):
    """How a benchmark's answers are drawn, as JSON."""
    decoding = BENCHMARKS[wildcards.benchmark]["decoding"]
    return as_json({name: value for name, value in decoding.items() if name != "samples"})


def answers_a_problem(wildcards):
    """Number of answers to each problem of a benchmark."""
    return BENCHMARKS[wildcards.benchmark]["decoding"]["samples"]


def asked_together():
    """Work, variants and benchmarks of each job that asks models: a model is loaded, or served, once for all of them.

    A benchmark that nothing shown is of has a job of its own.
    """
    siblings = [name for name in VARIANTS if name != "acr"]
    compared = FIGURES.get("figure3", ())
    groups = [("benchmarks", ["acr"], measured_benchmarks()), ("benchmarks", siblings, compared)]
    measured = tabulated_benchmarks() or [*BENCHMARKS]
    groups += [("benchmarks", [*BASELINES], measured), ("further", ["acr"], FIGURES.get("figure6", ()))]
    groups += [("scoring", ["acr"], TABLES.get("table4", ())), ("feedback", ["acr"], FIGURES.get("figure4", ()))]
    for work, owners, names in groups:
        if owners:
            own = work in ("scoring", "feedback")  # which ask for answers of their own
            first, every = (list(names), BENCHMARKS) if own else (asked(names), asked(BENCHMARKS))
            alone = [[name] for name in every if name not in first]
            yield from ((work, owners, together) for together in (first, *alone) if together)


def answering_for(baseline):
    """Who answers for a baseline: the student's backend, or its own."""
    own = BASELINES[baseline]
    return {**ROLES["student"], **{name: own[name] for name in ("backend", "options") if name in own}}


def answering(wildcards):
    """Who answers benchmarks."""
    return answering_for(wildcards.variant) if is_baseline(wildcards) else ROLES["student"]


def rule_of_models(work, owners, names):
    """A rule's name: whom it asks, for what work, from which benchmark on."""
    whom = "baselines" if set(owners) <= set(BASELINES) else "method" if owners == ["acr"] else "siblings"
    return re.sub(r"\W", "_", f"ask_{whom}_{work}_{names[0]}")


def models_asked(work):
    """Input function: the models that answer in some work, as files to wait for."""
    chosen = {"scoring": final_model, "feedback": tried_models}

    def models(wildcards):
        return chosen.get(work, lambda wildcards: models_measured(wildcards, work))(wildcards)

    return models


def final_model(wildcards):
    """M_T of the method."""
    return iteration_files(wildcards, wildcards.student, "acr", "model")[FINAL]


def tried_models(wildcards):
    """The models whose failures get a second try."""
    models = iteration_files(wildcards, wildcards.student, "acr", "model")
    return [models[iteration] for iteration in config["feedback"]["iterations"]]


def summaries_of(work, names):
    """Input function: the summaries of the method's work on some benchmarks, of all students."""
    return expand(
        f"{RESULTS}/{{student}}/acr/{work}/{{benchmark}}/summary.json",
        student=STUDENTS,
        benchmark=names,
        allow_missing=True,
    )


def entries_of(names, times=1):
    """What each of these summaries is of: student and benchmark, by their titles; all of it ``times`` over."""
    return as_json(
        [
            {"student": student["title"], "benchmark": BENCHMARKS[benchmark]["title"]}
            for _ in range(times)
            for student in STUDENTS.values()
            for benchmark in names
        ]
    )


def baselines_of(names):
    """Baseline and benchmark, for each baseline and each of some benchmarks."""
    return [(baseline, name) for baseline in BASELINES for name in names]


def table_summaries(wildcards):
    """The summaries of a table's benchmarks: of all students, then of all baselines."""
    names = TABLES[wildcards.table]
    own = [path.format(run=wildcards.run) for path in summaries_of("benchmarks", names)]
    home = home_of(wildcards)
    return own + [f"{home}/baselines/{which}/benchmarks/{name}/summary.json" for which, name in baselines_of(names)]


def published_places(model, name):
    """Where the paper has a model on a benchmark, as far as config says it: row and column."""
    places = {"row": model.get("published"), "column": BENCHMARKS[name].get("published")}
    return {key: value for key, value in places.items() if value}


def published_figures(names):
    """The published figures, where config says of a benchmark of these which they are."""
    return ["reference/acr.yaml"] if any("published" in BENCHMARKS[name] for name in names) else []


def reference_argument(wildcards, input):
    """Command-line option that names the published figures."""
    return [f"--reference={path}" for path in input.reference]


def baseline_summaries(wildcards):
    """The summaries of all baselines on all benchmarks."""
    home = home_of(wildcards)
    return [f"{home}/baselines/{which}/benchmarks/{name}/summary.json" for which, name in baselines_of(BENCHMARKS)]


def table_entries(wildcards):
    """What each summary of a table is of, and where the paper has it."""
    names = TABLES[wildcards.table]
    own = [
        {"student": student["title"], "benchmark": BENCHMARKS[name]["title"], **published_places(student, name)}
        for student in STUDENTS.values()
        for name in names
    ]
    return as_json(own + baseline_entries(names))


def baseline_entries(names):
    """What each summary of the baselines on some benchmarks is of, and where the paper has it."""
    return [
        {
            "student": BASELINES[which]["title"],
            "benchmark": BENCHMARKS[name]["title"],
            "baseline": True,
            **published_places(BASELINES[which], name),
        }
        for which, name in baselines_of(names)
    ]


def selection_entries():
    """What each summary of table 4 is of: model and benchmark, by their titles, and where the paper has it."""

    def entry(student, name):
        places = published_places(student, name)
        places |= {"row": f"{places['row']} Iter{FINAL}"} if "row" in places else {}
        return {"model": f"{student['title']}, iteration {FINAL}", "benchmark": BENCHMARKS[name]["title"], **places}

    return as_json([entry(student, name) for student in STUDENTS.values() for name in TABLES["table4"]])


def variant_summaries():
    """The summaries of all variants on figure 3's benchmarks."""
    return expand(
        f"{RESULTS}/{{student}}/{{variant}}/benchmarks/{{benchmark}}/summary.json",
        student=STUDENTS,
        benchmark=FIGURES["figure3"],
        variant=VARIANTS,
        allow_missing=True,
    )


def variant_entries():
    """What each of these summaries is of, by titles."""
    return as_json(
        [
            {"student": student["title"], "variant": variant["title"], "benchmark": BENCHMARKS[benchmark]["title"]}
            for student in STUDENTS.values()
            for benchmark in FIGURES["figure3"]
            for variant in VARIANTS.values()
        ]
    )


def last_compared():
    """The iteration at which variants are compared: the last that any sibling of the method has."""
    return max((entry["iterations"] for name, entry in VARIANTS.items() if name != "acr"), default=FINAL)


def dataset_counts(wildcards):
    """Counts of D_1..D_T of every student, under the method itself."""
    return [
        path
        for student in STUDENTS
        for path in iteration_files(wildcards, student, "acr", "dataset.counts.json")[1 : FINAL + 1]
    ]


def measured_benchmarks():
    """The benchmarks that some table or figure is of."""
    return sorted({name for names in (*TABLES.values(), *FIGURES.values()) for name in names})


def chain_counts(home, student, variant):
    """Counts of every step of a variant's own iterations."""
    stages = ("samples", "executions", "judgements", "best", "comparisons", "critiques")
    own = [t for t in iterations_of(variant) if chain_of(variant, t) == variant]
    counts = []
    for t in own:
        counts += [f"{home}/{student}/{variant}/iter_{t}/dataset.counts.json"] if t else []
        counts.append(f"{home}/{student}/{variant}/iter_{t}/model.counts.json")
        if t < VARIANTS[variant]["iterations"]:
            asked = stages if VARIANTS[variant]["on_original_win"] == "critique" else stages[:-1]
            counts += [f"{home}/{student}/{variant}/iter_{t}/{stage}.counts.json" for stage in asked]
    if "figure3" in FIGURES or variant == "acr":
        names = measured_benchmarks() if variant == "acr" else FIGURES["figure3"]
        counts += [f"{home}/{student}/{variant}/benchmarks/{name}/solutions.counts.json" for name in names]
    if variant == "acr" and goes_further():
        further = FIGURES.get("figure6", ())
        counts += [f"{home}/{student}/{variant}/further/{name}/solutions.counts.json" for name in further]
    return counts


def all_counts(wildcards):
    """The counts of every step up to the tables, in the order of the method."""
    home = home_of(wildcards)
    counts = [f"{home}/snippets/snippets.counts.json"]
    counts += [f"{home}/instructions/round_{number}.counts.json" for number in range(ROUNDS + 1)]
    counts += [f"{home}/instructions/{name}.counts.json" for name in ("selected", "gated")]
    counts.append(f"{home}/d0.counts.json")
    counts += [f"{home}/d0/{name}/d0.counts.json" for name, entry in VARIANTS.items() if "teacher" in entry]
    for student in STUDENTS:
        for variant in VARIANTS:
            counts += chain_counts(home, student, variant)
        for name in TABLES.get("table4", ()):
            counts += [
                f"{home}/{student}/acr/scoring/{name}/{step}.counts.json" for step in ("solutions", "judgements")
            ]
        for name in FIGURES.get("figure4", ()):
            steps = ("second_tries", "solutions")
            counts += [f"{home}/{student}/acr/feedback/{name}/{step}.counts.json" for step in steps]
    return counts + [
        f"{home}/baselines/{which}/benchmarks/{name}/solutions.counts.json"
        for which, name in baselines_of(tabulated_benchmarks())
    ]


def tabulated_benchmarks():
    """The benchmarks of tables 1, 2 and 5, by which baselines are measured."""
    return sorted({name for table in ("table1", "table2", "table5") for name in TABLES.get(table, ())})


def seed_data():
    """The data of every table and figure, of every run."""
    tables = [f"tables/{table}.csv" for table in (*TABLES, *LEAKAGE_TABLES)]
    figures = [f"figures/{figure}.csv" for figure in (*FIGURES, "figure5")]
    return [f"results/{run}/{path}" for path in tables + figures for run in RUNS]


def goes_further():
    """Whether the method has iterations after T."""
    return VARIANTS["acr"]["iterations"] > FINAL


def compared_outcomes():
    """The outcomes of all variants on the benchmarks that figures 3 and 6 are of, the method's first."""
    return [
        f"{RESULTS}/{student}/{variant}/{work}/{benchmark}/outcomes.jsonl"
        for student, benchmark, variant, work in comparisons_made()
    ]


def comparisons_made():
    """Student, benchmark, variant and work of each file of outcomes that effects are measured on."""
    for student in STUDENTS:
        for benchmark in measured_benchmarks():
            yield student, benchmark, "acr", "benchmarks"
            if goes_further() and benchmark in FIGURES.get("figure6", ()):
                yield student, benchmark, "acr", "further"
            if benchmark in FIGURES.get("figure3", ()):
                siblings = (variant for variant in VARIANTS if variant != "acr")
                yield from ((student, benchmark, variant, "benchmarks") for variant in siblings)


def iteration_summaries():
    """The summaries of figure 6: the method's models up to M_T, then further ones."""
    further = summaries_of("further", FIGURES["figure6"]) if goes_further() else []
    return summaries_of("benchmarks", FIGURES["figure6"]) + further


def iteration_entries():
    """What each of these summaries is of."""
    return entries_of(FIGURES["figure6"], 2 if goes_further() else 1)


def comparison_entries():
    """What each of these files is of: titles, and the variant's switches."""
    return as_json(
        [
            {
                "student": STUDENTS[student]["title"],
                "benchmark": BENCHMARKS[benchmark]["title"],
                "variant": VARIANTS[variant],
            }
            for student, benchmark, variant, _ in comparisons_made()
        ]
    )


def effect_titles():
    """What the summaries of selections and of second tries are of."""

    def titles(names):
        several = len(STUDENTS) > 1
        return [
            f"{student['title']}, {BENCHMARKS[name]['title']}" if several else BENCHMARKS[name]["title"]
            for student in STUDENTS.values()
            for name in names
        ]

    return as_json({"selections": titles(TABLES.get("table4", ())), "feedback": titles(FIGURES.get("figure4", ()))})


def chains_planned():
    """Every variant of every student as the plan counts it: which D_t are sampled and criticized, which M_t trained."""
    for student in STUDENTS.values():
        for name, variant in VARIANTS.items():
            own = [t for t in iterations_of(name) if chain_of(name, t) == name]
            sampled = [t for t in own if t < variant["iterations"]]
            yield {
                "student": student["title"],
                "folder": f"{student['name']}/{name}",
                "epochs": {**config["training"], **student["training"], **variant.get("training", {})}["epochs"],
                "trained": own,
                "sampled": sampled,
                "criticized": sampled if variant["on_original_win"] == "critique" else [t for t in sampled if t == 0],
                "on_self_win": variant["on_self_win"],
                "on_original_win": variant["on_original_win"],
            }


def solved_planned():
    """Every benchmark that models answer, by what is done with it."""
    for student in STUDENTS.values():
        for variant in VARIANTS:
            for name in asked(measured_benchmarks() if variant == "acr" else FIGURES.get("figure3", ())):
                yield solving_planned(student, variant, "benchmarks", name)
        for name in asked(FIGURES.get("figure6", ())) if goes_further() else ():
            yield solving_planned(student, "acr", "further", name)
        for name in TABLES.get("table4", ()):
            yield solving_planned(student, "acr", "scoring", name, 1, config["scoring_study"]["samples"])
        for name in FIGURES.get("figure4", ()):
            yield solving_planned(student, "acr", "feedback", name, len(config["feedback"]["iterations"]), 1)
    for which, name in baselines_of(asked(tabulated_benchmarks())):
        entry = {"name": "baselines", "title": planned_as(which)}
        yield solving_planned(entry, which, "benchmarks", name)


def planned_as(baseline):
    """A baseline's name in the plan: prices are of models."""
    return BASELINES[baseline]["model" if BASELINES[baseline].get("backend") == "endpoint" else "title"]


def solving_planned(student, variant, work, name, models=None, samples=None):
    """One benchmark, answered by ``models`` models of a variant, by all that are measured where not said."""
    entry = BENCHMARKS[name]
    first, last = measured_span(student["name"], variant, work)
    return {
        "student": student["title"],
        "folder": f"{student['name']}/{variant}/{work}/{name}",
        "work": work,
        "models": models or last + 1 - first,
        "samples": samples or entry["decoding"]["samples"],
        "problems": problems_planned(name),
    }


def problems_planned(name):
    """How many problems a benchmark has; where neither config nor the plan's assumptions say it, their file."""
    entry = BENCHMARKS[name]
    known = entry.get("size") or config["plan"]["problems"].get(name)
    if known is None:
        return entry["path"] if entry["kind"] == "file" else f"{HOME}/benchmarks/{name}.jsonl"
    return min(known, entry.get("limit", known))


def planned_settings():
    """What the plan counts with, as JSON."""
    instructions = config["instructions"]
    kept = ("backend", "model", "system", "attempts")
    roles = {role: {key: entry[key] for key in kept if key in entry} for role, entry in ROLES.items()}
    own_d0 = [name for name, entry in VARIANTS.items() if "teacher" in entry]
    return as_json(
        {
            **{key: instructions[key] for key in ("per_snippet", "rounds", "keep", "d0_size")},
            "snippets": config["snippets"]["size"],
            "samples": N,
            "format": config["feedback"]["format"],
            "orders": 2 if config["scoring"]["pair_order"] == "both" else 1,
            "seeds": len(RUNS),
            "shards": config["shards"],
            "roles": roles,
            "endpoints": [entry["model"] for entry in BASELINES.values() if entry.get("backend") == "endpoint"],
            "gpus": {kind: gpus_of(kind) for kind in (*ROLES, "training")},
            "baselines_gpus": {planned_as(name): gpus_of("benchmark", answering_for(name)) for name in BASELINES},
            "teachers": [("instructions", "ask_teacher/answers.*.tsv")]
            + [(f"d0/{name}", f"{name}/ask_other_teacher.*.tsv") for name in own_d0],
            "chains": list(chains_planned()),
            "solved": list(solved_planned()),
            "plan": {key: value for key, value in config["plan"].items() if key != "measured"},
        }
    )


def planned_templates():
    """The templates whose tokens the plan counts, as lists of files by what they ask for."""
    single = {name: [path] for name, path in config["prompts"].items() if name != "evolution"}
    return {**single, "evolution": EVOLUTION_TEMPLATES}


def counted_snippets(wildcards):
    """The harvested snippets; nothing where they, or what they must not overlap with, had to be downloaded first."""
    guards = [BENCHMARKS[name].get("source", []) for name in BENCHMARKS if BENCHMARKS[name]["decontaminate"]]
    sources = [config["snippets"]["source"], *(place for guard in guards for place in as_list(guard))]
    remote = any(source.startswith(("hub:", "evalplus:")) for source in sources)
    return [] if remote else f"{HOME}/snippets/snippets.jsonl"


def planned_files():
    """Files of benchmarks whose problems the plan counts."""
    found = (problems_planned(name) for name in measured_benchmarks())
    return [problems for problems in found if isinstance(problems, str)]


def measured_folders():
    """The folders of the earlier run that the plan takes lengths from: itself and its seeds."""
    run = config["plan"]["measured"]
    return [run] if run else []


def measured_state():
    """What changes when that earlier run has more to tell."""
    found = [path.stat().st_size for run in measured_folders() for path in Path(run).rglob("responses/*.jsonl")]
    return [len(found), sum(found)]
