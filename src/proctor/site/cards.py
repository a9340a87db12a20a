"""The card at the end of a chapter that leads to its assignment: ``{assignment} name``.

Questions and points are counted in the released notebook, so that the card cannot go out of date; the minutes are an
estimate and are written where the card is (``:minutes: 90``).
"""

import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from proctor.site.links import colab_url

LOGGER = logging.getLogger(__name__)


class AssignmentCard(nodes.General, nodes.Element):
    """Where the card goes; its links depend on the page, so they are made when the page is written."""


class AssignmentDirective(SphinxDirective):
    """``{assignment} name``: title, questions, points, minutes, and links to page, download and Colab."""

    required_arguments = 1
    option_spec = {"minutes": directives.positive_int}  # noqa: RUF012  (docutils reads a class attribute)

    def run(self):
        """Read the released notebook and leave the card's facts."""
        name = self.arguments[0]
        path = f"notebooks/{name}/{name}.ipynb"
        source = Path(self.env.srcdir) / path
        if not source.is_file():
            raise self.error(f"there is no assignment {name}: {path} does not exist; `proctor release` writes it")
        self.env.note_dependency(path)
        questions, points = counted(json.loads(source.read_text(encoding="utf-8")))
        facts = [f"{questions} questions", f"{points:g} points"]
        if "minutes" in self.options:
            facts.append(f"about {self.options['minutes']} minutes")
        return [AssignmentCard(page=f"notebooks/{name}/{name}", path=path, facts=", ".join(facts))]


def setup(app):
    """Register the directive."""
    app.add_node(AssignmentCard)
    app.add_directive("assignment", AssignmentDirective)
    app.connect("doctree-resolved", fill)


def counted(notebook: dict) -> tuple[int, float]:
    """The number of questions and the points of a released notebook.

    >>> answer = {"metadata": {"nbgrader": {"solution": True, "grade": False}}}
    >>> tests = {"metadata": {"nbgrader": {"solution": False, "grade": True, "points": 3}}}
    >>> counted({"cells": [answer, tests, {"metadata": {}}]})
    (1, 3)
    """
    roles = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    return sum(bool(role.get("solution")) for role in roles), sum(role.get("points") or 0 for role in roles)


def fill(app, doctree, docname):
    """Replace each mark by its card."""
    for mark in list(doctree.findall(AssignmentCard)):
        if mark["page"] not in app.env.found_docs:
            LOGGER.warning("%s is not in _toc.yml, so the card has no page to link", mark["page"], location=docname)
            continue
        mark.replace_self(_card(app, docname, mark))


def _card(app, docname: str, mark) -> nodes.container:
    page = app.builder.get_relative_uri(docname, mark["page"])
    download = page.removesuffix(".html") + ".ipynb"
    title = nodes.paragraph(classes=["assignment-title"])
    title += nodes.reference("", app.env.titles[mark["page"]].astext(), internal=True, refuri=page)
    links = nodes.paragraph(classes=["assignment-links"])
    for text, address in (
        ("Read the page", page),
        ("Download the notebook", download),
        ("Open in Colab", colab_url(app.config, mark["path"])),
    ):
        links += nodes.reference("", text, refuri=address, internal=not address.startswith("https:"))
        links += nodes.Text(" ")
    card = nodes.container(classes=["assignment-card"])
    card += [title, nodes.paragraph("", mark["facts"], classes=["assignment-facts"]), links]
    return card
