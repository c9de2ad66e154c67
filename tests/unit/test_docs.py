"""README and the pages of docs/ agree with the project: paths, links, targets, commands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, "docs")
import fill_readme

README = Path("README.md")
PAGES = [README, *sorted(Path("docs").glob("*.md"))]
# Folders of the project; results are not there before a run.
FOLDERS = (
    "config",
    "docs",
    "envs",
    "profiles",
    "prompts",
    "reference",
    "refinement",
    "report",
    "rules",
    "scripts",
    "tests",
)
# Words that stand for something else: NAME, {method}, verb_noun, *.
PLACEHOLDER = re.compile(r"[A-Z]{4,}|[{}*<>]|verb_noun")


def without_fences(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def paths_named(text):
    """Every word in backticks, and every word of a command, that looks like a file or folder of the project."""
    fences = re.findall(r"^```.*?^```$", text, flags=re.DOTALL | re.MULTILINE)
    words = [word for fence in fences for word in re.split(r"[\s'\"(),;=]+", fence)]
    words += [word for span in re.findall(r"`([^`\n]+)`", without_fences(text)) for word in span.split()]
    for word in words:
        word = word.rstrip(".,:;").removeprefix("./")
        if not PLACEHOLDER.search(word) and re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*", word):
            yield word


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_fences(page.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 120


def test_the_list_of_targets_is_that_of_the_entries():
    text = README.read_text()
    assert fill_readme.fill(text, "targets", fill_readme.targets()) == text, "run: python docs/fill_readme.py targets"


def test_every_table_over_seeds_has_its_place():
    text = "".join(page.read_text() for page in fill_readme.PAGES)
    for name in ("iterations", "variants", "scoring", "kinds", "feedback", "claims"):
        assert text.count(f"<!-- {name} -->") == text.count(f"<!-- end of {name} -->") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_the_project_that_a_page_names_exists(page):
    missing = [name for name in paths_named(page.read_text()) if not Path(name).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", without_fences(page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_reached_from_the_readme():
    links = re.findall(r"\(docs/([\w.]+\.md)", README.read_text())
    assert {path.name for path in Path("docs").glob("*.md")} <= set(links)


def test_every_command_refinement_that_a_page_names_exists():
    known = subprocess.run([sys.executable, "-m", "refinement", "--help"], capture_output=True, text=True, check=True)
    commands = set(re.findall(r"^  ([a-z-]+) ", known.stdout, flags=re.MULTILINE)) | {"--help", "--version"}
    for page in PAGES:
        for fence in re.findall(r"^```.*?^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE):
            assert set(re.findall(r"^refinement (\S+)", fence, flags=re.MULTILINE)) <= commands, page


def test_every_target_that_a_page_makes_exists():
    named = re.findall(r"^([a-z]\w+)  ", fill_readme.targets(), flags=re.MULTILINE)
    known = {*named, "all", "demo", "page", "validation"}
    for page in PAGES:
        for line in re.findall(r"^snakemake (.*)$", page.read_text(), flags=re.MULTILINE):
            words = line.partition("#")[0].split()
            targets = [word for word in words if re.fullmatch(r"(table|figure)\d+|[a-z]+", word)]
            options = {words[place + 1] for place, word in enumerate(words[:-1]) if word.startswith("-")}
            assert set(targets) - options <= known, f"{page}: {line}"
