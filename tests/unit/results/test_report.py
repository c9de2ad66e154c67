"""The page: everything in it, once, by itself, and what is said of what is missing or broken; seen by a browser."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml
from matplotlib import pyplot

from refinement.experiment import page as page_content
from refinement.experiment.experiment import Experiment
from refinement.records.errors import BadInput
from refinement.results.figures import save_figure
from refinement.results.page import css_text, read_caption, read_table, render_template, table_of
from refinement.results.svg import embed_svg
from refinement.results.tables import write_table
from refinement.results.times import Stage, merge_short_stages, stage_of, stages
from scripts.results import write_report

LABEL = 'tiny & "quick" </style>'
SECTIONS = ("run", "results", "ablations", "kinds", "scoring", "tries", "overlap", "spread", "verdicts", "published",
            "accounts", "learning", "cost", "time", "origin")  # fmt: skip
FIGURES = ("figure3", "figure4", "figure5", "figure6", "figure7", "training")
DEFAULT = yaml.safe_load(Path("config.yaml").read_text())
CONFIG = {
    **DEFAULT,
    "experiment": "small", "label": LABEL, "seed": 5, "seeds": 2,
    "instructions": {**DEFAULT["instructions"], "d0_size": 1234},
    "feedback": {"iterations": [0], "format": "single", "cases": "examples"},
    "baselines": [{"name": "o", "title": "Other", "model": "hub/other"}],
    "students": [{"name": "s", "title": "Student <S>", "training": {"epochs": 3, "learning_rate": 0.001}}],
    "variants": [
        {"name": "acr", "title": "ACR", "iterations": 5, "on_self_win": "replace", "on_original_win": "critique",
         "loss": "all"},
        {"name": "longer", "title": "Longer", "iterations": 0, "on_self_win": "replace", "on_original_win": "critique",
         "loss": "all", "training": {"epochs": 6}},
    ],
    "benchmarks": [
        {"name": "b", "title": "Bench", "kind": "miniature", "size": 321, "depths": {"1": 1, "2": 4},
         "decoding": {"samples": 1, "temperature": 0.0}, "decontaminate": True},
        {"name": "f", "title": "From a file", "kind": "file", "path": "own.jsonl",
         "decoding": {"samples": 2, "temperature": 0.5}, "decontaminate": True},
    ],
    "tables": {"table1": ["b"], "table2": ["f"], "table4": ["b"]},
    "figures": {"figure3": ["b"], "figure4": ["b"], "figure6": ["b"]},
}  # fmt: skip
EXPERIMENT = Experiment(CONFIG, Path.cwd())
SETTINGS = page_content.settings(EXPERIMENT)
OPTIONAL = {"table5"}  # which this config leaves out; the page says so
TABLES = {
    "table1": pd.DataFrame({"Model": ["S, iteration 0", "S, iteration 1"],
                            "Problems": [20, 20], "pass@1": [55.00000000000001, 7.0]}),
    "table2": pd.DataFrame({"Model": ["S <i>", "T"], "pass@1": [12.345, float("nan")]}),
    "table4": pd.DataFrame({"Model": ["S"], "Best": [35.0], "Best 95%": ["15.0 to 55.0"]}),
    "table3": pd.DataFrame({"Data set": ["D_0"], "TLI": [5.5]}),
    "leakage": pd.DataFrame({"Iteration": [0], "TLI": [1.5]}),
    "seeds": pd.DataFrame({"Result": ["table2"] * 40, "Mean": [1.25] * 40, "SD": [0.04] * 40}),
    "claims": pd.DataFrame({
        "Claim": ["One", "Two", "Three", "Four"], "Section": ["4.5", "5", "Appendix E", "control"],
        "Published": ["a: 1; b: 2", "", "", ""], "Ours": ["+1.0; -2.0", "", "", ""],
        "Verdict": ["holds", "does not hold", "within noise", "not measured"],
    }),
    "audit": pd.DataFrame([
        {"Check": check, "Table": "Table 5", "Model": "M", "Problems": "", "By chance": "", "Printed": "57.2",
         "Recomputed": "56.950", "Verdict": verdict}
        for check, verdict in (("average", "off"), *[("average", "agrees")] * 40, ("total", "1 of 2 fit no count"))
    ]),
    "plan_and_actual": pd.DataFrame({"Stage": ["Total"], "Requests, planned": [148091], "Requests": [148421]}),
    "records": pd.DataFrame({"Where": ["d0"] * 50, "In": [3] * 50, "Out": [2] * 50, "Reasons": ["too long 1"] * 50}),
}  # fmt: skip
HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def draw(folder, name):
    """A figure with clip paths, hatches and markers; the ids of all are the same, as Matplotlib makes them."""
    figure, axis = pyplot.subplots(figsize=(4, 3))
    axis.bar(["0", "1"], [40, 60], hatch="//", edgecolor="white")
    axis.plot([0, 1], [50, 55], marker="o")
    axis.set(title="A figure", ylabel="pass@1 (%)")
    save_figure(figure, folder / f"{name}.svg", folder / f"{name}.pdf", folder / f"{name}.png")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Small results of everything that the page shows."""
    folder = tmp_path_factory.mktemp("results")
    for name, frame in TABLES.items():
        paths = [str(folder / f"{name}.{suffix}") for suffix in ("csv", "md", "tex")]
        write_table(frame, f"Title of {name} ({LABEL})", f"Note of {name}.", *paths)
    for name in FIGURES:
        draw(folder, name)
    of = {"r/s/summary.json": {"models": {"r/s/model": "abc123"}, "seed": 5, "decoding": {"samples": 1}}}
    (folder / "table2.manifest.json").write_text(json.dumps({"of": of, "versions": {"torch": "9.9.9"}}))
    times = {"s/acr/iter_0/train_model": 30.0, "s/acr/iter_1/train_model": 60.0, "ask_teacher/answers.1": 5,
             "ask_teacher/answers.2": 5, "s/longer/iter_0/ask_student.12": 4, "table2": 0.1,
             "figure5": 0.2}  # fmt: skip
    for name, seconds in times.items():
        path = folder / "times" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + f"{seconds}\t0:00:01\t{100 * seconds}\t0\t0\t0\t0\t0\t0\t{seconds / 2}\n")
    (folder / "times" / "beginning.tsv").touch()
    (folder / "speeds.csv").write_text("Model,Tokens/s,MFU (%)\nM_0,1234,unknown\n")
    return folder


def parts(folder, shown):
    """The page's parts with their files in a folder; those that are not shown are left out of the run."""
    found = []
    for part in page_content.parts(EXPERIMENT):
        files = {key: str(folder / Path(part[key]).name) for key in ("data", "note", "figure") if key in part}
        if part["name"] == "table2":
            files["manifest"] = str(folder / "table2.manifest.json")
        if part["name"] == "training":
            files["speeds"] = str(folder / "speeds.csv")
        kept = {key: part[key] for key in ("name", "title", "section", "look", "said", "decimals")}
        found.append({**kept, "caption": part.get("caption"), **files} if part["name"] in shown else kept)
    return [part for part in found if part["name"] not in OPTIONAL]


def options(folder, output, tables=TABLES, figures=FIGURES, **changes):
    """The step's arguments for the results in a folder."""
    found = {
        "--settings": json.dumps(changes.get("settings", SETTINGS)),
        "--parts": json.dumps(changes.get("parts", parts(folder, {*tables, *figures}))),
        "--times": changes.get("times", folder / "times"),
        "--template": changes.get("template", "report/page.html.j2"),
        "--output": output,
    }
    return [str(part) for pair in found.items() for part in pair]


def write(folder, output, **changes):
    """The page's text, made in this process."""
    write_report.main(write_report.arguments().parse_args(options(folder, output, **changes)))
    return output.read_text()


class Reader(HTMLParser):
    """What a page is made of: elements with their attributes, the text of headings, of cells and of all."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "link"):
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(inputs):
    return write(inputs, inputs / "report.html")


def test_weak_isolation_is_said_at_the_top(inputs, page, tmp_path):
    execution = {**SETTINGS["execution"], "isolation": "limits"}
    text = write(inputs, tmp_path / "page.html", settings={**SETTINGS, "execution": execution})
    warning = "which is weaker than namespaces"
    assert warning not in page and warning in text[: text.index("<nav")]


@pytest.fixture(scope="module")
def read(page):
    return Reader(page)


def test_every_section_table_and_figure_is_there_in_order(page, read):
    assert not read.open
    assert tuple(attributes["id"] for attributes in read.all("section")) == SECTIONS
    shown = [attributes["id"] for attributes in read.all("figure") if not attributes["id"].startswith("run-")]
    assert shown == ["table2", "table1", "figure6", "figure3", "figure5", "table4", "figure4", "table3", "figure7",
                     "leakage", "seeds", "claims", "audit", "records", "training", "speeds", "plan_and_actual", "times", "manifest"]  # fmt: skip
    assert "not part of this run" not in page
    links = [attributes["href"] for attributes in read.all("a")]
    assert {f"#{section}" for section in SECTIONS} == set(links)


def test_ids_are_unique_and_every_reference_finds_one(page, read):
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 60
    used = re.findall(r"url\(#([^)]+)\)", page) + re.findall(r'(?:href|aria-labelledby)="#?([^"]+)"', page)
    assert len(used) > 40 and set(used) - set(ids) == {"data:,"}


def test_nothing_comes_from_outside(page, read):
    for tag, attributes in read.elements:
        for name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)
    assert "@import" not in page and not re.search(r"url\((?!#)", page) and "<metadata" not in page
    assert "default-src 'none'" in page


def test_the_label_stands_in_title_header_and_every_heading(page, read):
    assert LABEL in read.texts["title"][0] and LABEL in read.texts["h1"][0]
    headings = read.texts["h3"]
    assert len(headings) == len(read.all("figure")) and all(LABEL in heading for heading in headings)
    assert not any(f"({LABEL})" in heading for heading in headings)
    titles = [title for title in read.texts["title"][1:] if title]
    assert len(titles) == len(FIGURES) and all(LABEL in title for title in titles)
    assert page.count("</style>") == 1 + len(FIGURES)


def test_figures_have_a_role_and_a_title_that_is_theirs(read):
    drawings = [attributes for attributes in read.all("svg") if attributes.get("role") == "img"]
    assert [a["aria-labelledby"] for a in drawings] == [
        f"{n}-title" for n in ("figure6", "figure3", "figure5", "figure4", "figure7", "training")
    ]
    assert all("viewbox" in attributes for attributes in drawings)


def test_numbers_are_rounded_and_stand_to_the_right(page):
    assert '<td class="number">55.0</td>' in page and '<td class="number">7.0</td>' in page
    assert '<td class="number">12.3</td>' in page and "nan" not in page
    assert '<td class="number">15.0 to 55.0</td>' in page and '<td class="number">20</td>' in page
    assert "56.950" in page and '<td class="short">S &lt;i&gt;</td>' in page


def test_what_was_run_is_said(read):
    text = " ".join(" ".join(read.texts["section"][0].split()).split())
    for said in ("1234 instructions", "7 answers", "5, 6", "Student <S>", "epochs 3, learning rate 0.001", "321",
                 "training: epochs 6", "all of own.jsonl", "1 (1), 2 (4)", "Iterations T3", "Methodacr"):  # fmt: skip
        assert said in text, said


def test_verdicts_have_a_sign_and_a_text(page):
    for sign in ("✓ holds", "✗ does not hold", "≈ within noise", "– not measured"):
        assert f">{sign}</td>" in page
    ledger = page[page.index('<table class="ledger">') : page.index('<section id="published">')]
    assert all(
        part in ledger for part in ("Ours (tiny", "<li>a: 1</li>", "<li>b: 2</li>", "<li>+1.0</li>", "<li>-2.0</li>")
    )
    assert all(f"({section})" in ledger for section in ("Section 4.5", "Section 5", "Appendix E", "control"))
    assert ledger.count("Published") == 1


def test_captions_and_notes_are_kept_with_the_label_filled_in(read):
    captions = " ".join(" ".join(read.texts["figcaption"]).split())
    for name in TABLES:
        assert f"Note of {name}." in captions
    assert "snakemake" not in captions and f"wrote and rejected ({LABEL})" in captions


def test_long_tables_are_folded_and_printed_but_for_the_audit(page):
    assert page.count('<details class="printed">') == 3 and page.count("<details>") == 1
    audit = page[page.index('<figure id="audit"') : page.index('<section id="accounts">')]
    assert audit.index(">off<") < audit.index("<details>") and audit.count(">agrees<") == 40
    assert audit.index(">agrees<") > audit.index("<details>")


def test_time_is_summed_by_stage(inputs, page):
    found = {stage.name: stage for stage in stages(inputs / "times", {"s", "acr", "longer"})}
    assert found["train_model"] == Stage("train_model", 2, 90.0, 45.0, 6000.0)
    assert found["ask_teacher"].jobs == 2 and found["ask_student"].wall == 4 and "beginning" not in found
    assert "2 short stages" in page and ">104.3<" in page and "--share: 100.0%" in page


def test_short_stages_are_gathered_without_losing_any():
    found = [Stage(f"s{n}", 1, wall, wall, n) for n, wall in enumerate((100, 0.1, 0.2, 0.05))]
    assert merge_short_stages(found) == [
        found[0],
        Stage("3 short stages", 3, pytest.approx(0.35), pytest.approx(0.35), 3),
    ]
    assert merge_short_stages(found[:2]) == found[:2] and merge_short_stages([]) == []


@pytest.mark.parametrize(
    ("path", "stage"),
    [("table2.tsv", "table2"), ("ask_teacher/round_1.2.tsv", "ask_teacher"),
     ("collect_evolutions/1.tsv", "collect_evolutions"),
     ("s/acr/iter_0/ask_student.11.tsv", "ask_student"), ("correct/ask_other_teacher.1.tsv", "ask_other_teacher")],
)  # fmt: skip
def test_a_stage_is_named_by_its_file(path, stage):
    assert stage_of(Path(path), {"s", "correct"}) == stage


def test_a_time_too_short_to_be_measured(tmp_path):
    (tmp_path / "a.tsv").write_text("s\tmax_rss\tcpu_time\n0.2\tNA\t-\n")
    assert stages(tmp_path, set()) == [Stage("a", 1, 0.2, 0, 0)]
    assert stages(tmp_path / "none", set()) == []


def test_the_manifest_says_each_thing_once(page):
    part = page[page.index('<figure id="manifest"') :]
    assert part.count("abc123") == 1 and "9.9.9" in part and "samples 1" in part


def test_the_page_repeats_to_the_byte(inputs, tmp_path, page):
    assert write(inputs, tmp_path / "again.html") == page


def test_what_is_not_part_of_the_run_is_said_and_no_more(inputs, tmp_path):
    text = write(inputs, tmp_path / "page.html", tables=(), figures=(), times=tmp_path / "none")
    lines = re.findall(r'<p class="missing">(.*)</p>', text)
    assert len(lines) == 18 and all(line.endswith("not part of this run.") for line in lines)
    read = Reader(text)
    assert tuple(attributes["id"] for attributes in read.all("section")) == SECTIONS and not read.all("svg")


def test_one_part_alone(inputs, tmp_path):
    text = write(inputs, tmp_path / "page.html", tables=("records",), figures=("figure5",))
    assert text.count("not part of this run.") == 15


def step(folder, output, **changes):
    """The step as a command that must end in one line."""
    command = [sys.executable, "scripts/results/write_report.py", *options(folder, output, **changes)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    lines = run.stderr.strip().splitlines()
    assert run.returncode == 1 and len(lines) == 1 and lines[0].startswith("error: "), run.stderr
    assert not output.exists()
    return lines[0]


BROKEN = {
    "table2.csv": [
        ("a,b\n1,2\n1\n", ":3: 1 cells for 2 columns"),
        ("", ": the first line names no columns"),
        ('a,b\n1,"x\n', "not CSV"),
        (b"a,b\n\xff,1\n", "not UTF-8 text (byte 4)"),
        (None, "no such file"),
    ],
    "table2.md": [("no title\n", ":1: no title"), ("", ":1: no title"), (None, "no such file")],
    "claims.csv": [("Claim,Section,Published,Ours\na,b,c,d\n", ":1: no column 'Verdict'")],
    "audit.csv": [("Check,Table\naverage,Table 1\n", ":1: no column 'Model'")],
    "figure3.svg": [
        ("<svg", ":1: not SVG"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "not an SVG figure with a viewBox"),
        ("<svg viewBox='0 0 a 1'/>", "not an SVG figure with a viewBox"),
        ("<svg viewBox='0 0 1 1'><image href='http://x/y.png'/></svg>", "http://x/y.png, outside the page"),
        ("<svg viewBox='0 0 1 1'><path style='fill: url(http://x/y)'/></svg>", "another file"),
        ("<svg viewBox='0 0 1 1'><style>@import 'x'</style></svg>", "style refers to another file"),
        (None, "no such file"),
    ],
    "table2.manifest.json": [("{", ":1: not JSON"), ("[]", "not a manifest"),
                             ('{"of": {"a": 1}, "versions": {}}', "'a'")],
    "times/table2.tsv": [
        ("s\tcpu_time\n1\t1\n", ":2: no value under 'max_rss'"),
        (HEAD.replace("s\t", "t\t", 1) + "1\n", ":2: no value under 's'"),
        ("s\tmax_rss\tcpu_time\nlong\t1\t1\n", ":2: 'long' under 's' is not a number"),
        ("s\tmax_rss\tcpu_time\nNA\t1\t1\n", ":2: no seconds"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [(name, content, says) for name, cases in BROKEN.items() for content, says in cases],
)
def test_a_broken_input_is_said_with_its_file(inputs, tmp_path, name, content, says):
    folder = tmp_path / "results"
    shutil.copytree(inputs, folder)
    path = folder / name
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput) as error:
        write(folder, tmp_path / "page.html")
    line = str(error.value)
    assert line.startswith(str(path)) and says in line and "\n" not in line
    assert not (tmp_path / "page.html").exists()


def test_the_command_ends_in_one_line(inputs, tmp_path):
    output = tmp_path / "page.html"
    settings = {name: value for name, value in SETTINGS.items() if name != "described"}
    assert "--settings or --parts: KeyError 'described'" in step(inputs, output, settings=settings)
    assert "none.j2: no such file" in step(inputs, output, template=tmp_path / "none.j2")


@pytest.mark.parametrize(
    ("text", "says"),
    [("a\n{{ b", ":2: not a Jinja template"), ("{{ nothing }}", "'nothing' is undefined"),
     ("{{ 1 | none }}", ":1: not a Jinja")],
)  # fmt: skip
def test_a_broken_template(tmp_path, text, says):
    (tmp_path / "t.j2").write_text(text)
    with pytest.raises(BadInput, match=re.escape(says)):
        render_template(tmp_path / "t.j2")


def test_a_caption_is_paragraphs_of_plain_text(tmp_path):
    (tmp_path / "a.rst").write_text('One\nline ({{ snakemake.config["label"] }}).\n\nAnother.\n')
    assert read_caption(tmp_path / "a.rst", {"label": "a & b"}) == ["One line (a & b).", "Another."]


def test_columns_look_like_what_they_hold():
    rows = [["1", "-2.5", "a", "x" * 30, "x" * 50, "", None], ["2", "1.0 to 2.0", "1", "", "", "", 3]]
    assert table_of("abcdefg", rows).looks == ["number", "number", "short", "text", "wide", "short", "number"]


def test_a_table_of_names_alone_and_one_as_written(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n")
    assert read_table(path).rows == []
    path.write_text("a,b,c\n1.250,-0.04,1\n2,,2\n")
    assert read_table(path).rows == [["1.2", "-0.0".lstrip("-"), "1"], ["2.0", "", "2"]]
    assert read_table(path, None).rows == [["1.250", "-0.04", "1"], ["2", "", "2"]]


def test_css_text_cannot_end_its_string():
    assert css_text('a"\\</style>\n') == '"a\\22 \\5c \\3c \\2f style\\3e \\a "'


def test_scripts_and_handlers_of_a_figure_are_dropped(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("<svg viewBox='0 0 6 3' onload='x()'><!-- c --><script>x()</script><g id='g' onclick='x()'/>"
                    "<style>a, b{c: d} e{f: url(#g)}</style></svg>")  # fmt: skip
    text = embed_svg(path, "n", "A <title>")
    assert "script" not in text and "x()" not in text and "A &lt;title&gt;" in text and 'id="n-g"' in text
    assert "#n-svg a, #n-svg b{c: d} #n-svg e{f: url(#n-g)}" in " ".join(text.replace("}", "} ").split()).replace(
        "} <", "}<"
    )


def test_every_result_has_a_caption_that_names_the_label_and_a_section_of_the_page():
    sections = {section.id for section in EXPERIMENT.method.sections}
    shown = [result for result in EXPERIMENT.declared_results if result.section]
    assert len(shown) > 10 and {result.section for result in shown} == sections
    for result in shown:
        caption = Path("report", f"{result.caption}.rst").read_text()
        assert 'snakemake.config["label"]' in caption or result.said, result.name


def test_every_caption_is_some_results():
    used = {result.caption for result in EXPERIMENT.declared_results} | {"workflow"}
    there = {str(path.relative_to("report").with_suffix("")) for path in Path("report").rglob("*.rst")}
    assert there <= used


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LOOK = """
<script>
addEventListener("load", () => {
  const sizes = [...document.querySelectorAll("figure")].map((figure) => {
    const box = (figure.querySelector("svg, table") || figure).getBoundingClientRect();
    return [figure.id, Math.round(box.width), Math.round(box.height)];
  });
  dispatchEvent(new Event("beforeprint"));
  const opened = document.querySelectorAll("details[open]").length;
  dispatchEvent(new Event("afterprint"));
  const closed = document.querySelectorAll("details:not([open])").length;
  const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  document.body.dataset.seen = JSON.stringify({ sizes, opened, closed, wide });
});
</script>
"""


@pytest.mark.skipif(BROWSER is None, reason="no chromium is installed (Debian: apt-get install -y chromium)")
@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_every_figure_and_complains_of_nothing(page, tmp_path, width):
    path = tmp_path / "page.html"
    path.write_text(page.replace("</body>", LOOK + "</body>"))
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
               f"--window-size={width},900", "--enable-logging=stderr", "--dump-dom", path.as_uri()]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]
    assert [line for line in run.stderr.splitlines() if "CONSOLE" in line] == []
    body = next(attributes for tag, attributes in Reader(run.stdout).elements if tag == "body")
    seen = json.loads(body["data-seen"])
    ids = {name for name, *_ in seen["sizes"]}
    assert {*FIGURES, *TABLES, "times", "manifest", "run-variants"} <= ids
    folded = {"seeds", "records", "manifest"}
    assert all(w > 50 and h > 20 for name, w, h in seen["sizes"] if name not in folded), seen["sizes"]
    assert (seen["opened"], seen["closed"], seen["wide"]) == (3, 4, False)
