"""Input functions and parameters of the rules about leakage."""

LEAK = f"{RESULTS}/leakage"
LEAKAGE_TABLES = ["table3", "leakage"] if DATASETS else ["leakage"]
LEAKAGE_FIGURES = ["figure7"] if DATASETS else []
SOLVED = [name for name, entry in QUESTIONS.items() if "solution" in entry]
# Later turns of a conversation are the critiques; benchmarks without canonical solutions have no responses to match.
TURN_MEASURES = ["critiques", "responses"] if SOLVED else ["critiques"]


def places_of_questions(wildcards, name):
    """Where a benchmark's questions are: this run's problems, or the sources that config names."""
    return as_list(QUESTIONS[name].get("source") or problems_of(wildcards, name))


def question_files(wildcards):
    """The files among them, to wait for."""
    places = [(name, place) for name in QUESTIONS for place in places_of_questions(wildcards, name)]
    return [place for name, place in places if "source" not in QUESTIONS[name] or local(place)]


def questions_read(part, names=QUESTIONS):
    """Parameter: command-line options of measure_leakage for the questions, or for their canonical solutions."""

    def options(wildcards):
        entries = [QUESTIONS[name] for name in names]
        mentions = [entry.get("mention", "") for entry in entries]
        places = [(name, place) for name in names for place in places_of_questions(wildcards, name)]
        return [
            *("--benchmark", *(f"{name}={place}" for name, place in places)),
            *("--benchmark-field", *(QUESTIONS[name][part] for name, _ in places)),
            *("--benchmark-records", *(entry.get("records", "all") for entry in entries)),
            *(("--benchmark-mention", *mentions) if any(mentions) else ()),
        ]

    return options


def place_of_dataset(wildcards, name):
    """Where a data set of table 3 is."""
    entry, home = DATASETS[name], home_of(wildcards)
    return entry.get("source") or {"d0": f"{home}/d0.jsonl", "leaky": f"{home}/leakage/{name}.jsonl"}[entry["kind"]]


def dataset_files(wildcards):
    """The files among them, to wait for."""
    places = {name: place_of_dataset(wildcards, name) for name in DATASETS}
    return [place for name, place in places.items() if "source" not in DATASETS[name] or local(place)]


def datasets_read(wildcards):
    """Command-line options of measure_leakage for the data sets of table 3."""
    fields = [entry.get("field", "instruction") for entry in DATASETS.values()]
    places = [f"{name}={place_of_dataset(wildcards, name)}" for name in DATASETS]
    return ["--train", *places, "--train-field", *fields]


def datasets_by_iteration(wildcards):
    """D_0 to D_T of the method."""
    home = home_of(wildcards)
    later = iteration_files(wildcards, wildcards.student, "acr", "dataset.jsonl")[1 : FINAL + 1]
    return [f"{home}/d0.jsonl", *later]


def iterations_read(wildcards, input):
    """Command-line options of measure_leakage for the data sets of all iterations."""
    places = [f"iter_{number}={path}" for number, path in enumerate(input.datasets)]
    return ["--train", *places, "--train-field", "messages"]


def leakage_entries():
    """What table 3 and figure 7 say of data sets and benchmarks, as JSON."""
    return as_json({"datasets": LEAKAGE["datasets"], "benchmarks": LEAKAGE["benchmarks"]})


def turn_entries():
    """What each file of turns is of: measure and student, by titles, and the benchmarks."""
    files = [
        {"measure": measure, "student": student["title"]} for student in STUDENTS.values() for measure in TURN_MEASURES
    ]
    return as_json({"files": files, "benchmarks": LEAKAGE["benchmarks"]})
