"""Embed SVG figures in an HTML page: unique ids, a title for screen readers, no references to other files."""

import re
from pathlib import Path
from xml.etree import ElementTree

from refinement.records.errors import BadInput

_DROPPED = {"metadata", "script", "title", "desc"}
_URL = re.compile(r"url\(\s*['\"]?#([^)'\"\s]+)['\"]?\s*\)")
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#|data:)|@import")
_VIEW = re.compile(r"[-.\d]+ [-.\d]+ (\d+\.?\d*) \d+\.?\d*")
_RULE = re.compile(r"([^{}]+)\{")


def _local(name: str) -> str:
    """The name of a tag or attribute without its namespace, which HTML does not need for SVG."""
    return name.rpartition("}")[2]


def _scoped(style: str, scope: str) -> str:
    """Restrict a style sheet to one figure; without this, it would apply to the whole page."""
    return _RULE.sub(lambda rule: ", ".join(f"#{scope} {name.strip()}" for name in rule[1].split(",")) + "{", style)


def _attribute(name: str, value: str, prefix: str, where: str) -> tuple[str, str]:
    name = _local(name)
    if name == "id":
        return name, prefix + value
    if name == "href":
        if not value.startswith(("#", "data:")):
            raise BadInput(f"{where}: refers to {value[:80]}, outside the page; draw the figure without this reference")
        return name, f"#{prefix}{value[1:]}" if value.startswith("#") else value
    if _OUTSIDE.search(value):
        raise BadInput(f"{where}: refers to another file ({value[:80]}); draw the figure without this reference")
    return name, _URL.sub(rf"url(#{prefix}\1)", value)


def _embed(element: ElementTree.Element, name: str, where: str) -> None:
    """Prefix the ids, references and styles of an element and its descendants; strip namespaces and scripts."""
    for child in list(element):
        if not isinstance(child.tag, str) or _local(child.tag) in _DROPPED:
            element.remove(child)
        else:
            _embed(child, name, where)
    element.tag = _local(element.tag)
    attributes = [_attribute(key, value, f"{name}-", where) for key, value in element.attrib.items()]
    element.attrib.clear()
    element.attrib.update((key, value) for key, value in attributes if not key.startswith("on"))
    if element.tag == "style" and element.text:
        if _OUTSIDE.search(element.text):
            raise BadInput(f"{where}: its style refers to another file; draw the figure without this reference")
        element.text = _scoped(_URL.sub(rf"url(#{name}-\1)", element.text), f"{name}-svg")


def embed_svg(path: str | Path, name: str, title: str) -> str:
    """Read a figure as an SVG element for an HTML page.

    ``name``: the prefix of all ids, so that no figure uses the clip paths of another; ``title``: the text for screen
    readers.

    Raises BadInput, in one line, for a file that is missing, not SVG, without a viewBox, or that refers to other files.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; make it first or leave it out") from None
    except ElementTree.ParseError as error:
        raise BadInput(f"{path}:{error.position[0]}: not SVG ({error}); make the file again") from None
    box = _VIEW.fullmatch(root.get("viewBox", ""))
    if _local(root.tag) != "svg" or not box:
        raise BadInput(f"{path}: not an SVG figure with a viewBox; make the file again")
    _embed(root, name, str(path))
    label = ElementTree.Element("title", {"id": f"{name}-title"})
    label.text = title
    root.insert(0, label)
    for key in ("version", "width", "height"):
        root.attrib.pop(key, None)
    # Below two thirds of the original size the letters are too small to read, so the page scrolls the figure instead.
    width = float(box[1]) * 4 / 3
    root.attrib.update(
        {
            "id": f"{name}-svg",
            "role": "img",
            "aria-labelledby": f"{name}-title",
            "style": f"width: {width:.0f}px; min-width: {width * 2 / 3:.0f}px",
        }
    )
    return ElementTree.tostring(root, encoding="unicode").strip()
