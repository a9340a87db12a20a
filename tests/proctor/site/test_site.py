"""The parts of the Sphinx extension that can be judged without a build; tests/book judges the built site."""

import json
from types import SimpleNamespace

import pytest
from docutils import nodes
from pybtex.database import Entry, Person
from sphinx.errors import ExtensionError

from proctor.site import assets, cards, figures, gathered, links, references


def test_mathjax_is_copied_whole_with_its_license(tmp_path):
    assets.copy_mathjax(tmp_path / "mathjax")
    names = {
        str(path.relative_to(tmp_path / "mathjax")) for path in (tmp_path / "mathjax").rglob("*") if path.is_file()
    }
    assert {"tex-chtml.js", "LICENSE", "output/chtml/fonts/woff-v2/MathJax_Main-Regular.woff"} <= names
    assert not any("sre" in name for name in names), "the speech engine is 16 MB that nothing loads"


def test_mathjax_missing_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(assets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExtensionError, match="pip install django-static-mathjax"):
        assets.copy_mathjax(tmp_path / "mathjax")


def test_thebe_goes_and_mathjax_stays_where_it_is_needed():
    app = SimpleNamespace(config=SimpleNamespace(mathjax_path="vendor/tex-chtml.js"))
    mathjax, thebe, own = "_static/vendor/tex-chtml.js", "_static/sphinx-thebe.js", "_static/own.js"
    for tree, kept in ((nodes.paragraph("", "", nodes.math("", "x")), [mathjax, own]), (nodes.paragraph(), [own])):
        context = {"script_files": [mathjax, thebe, own], "css_files": ["_static/sphinx-thebe.css"]}
        assets.drop_scripts(app, "page", "page.html", context, tree)
        assert context == {"script_files": kept, "css_files": []}


def test_thebe_leaves_the_text():
    settings = nodes.raw("", '<script type="text/x-thebe-config">{}</script>', format="html")
    tree = nodes.section("", nodes.paragraph("", "text"), settings)
    assets.drop_thebe_nodes(None, tree, "page")
    assert tree.astext() == "text"


def test_colab_addresses_follow_the_one_setting():
    options = {"repository_url": "https://github.com/some/course/", "repository_branch": "public"}
    address = links.colab_url(SimpleNamespace(html_theme_options=options), "notebooks/a/a.ipynb")
    assert address == "https://colab.research.google.com/github/some/course/blob/public/notebooks/a/a.ipynb"


def test_a_card_counts_questions_and_points():
    def cell(**role):
        return {"metadata": {"nbgrader": role}}

    written = cell(solution=True, grade=True, points=4)  # a written answer is both
    tests = [cell(solution=False, grade=True, points=points) for points in (2, 0.5)]
    notebook = {"cells": [cell(solution=True, grade=False), *tests, written, {"metadata": {}}]}
    assert cards.counted(json.loads(json.dumps(notebook))) == (2, 6.5)


@pytest.mark.parametrize(
    ("people", "name"),
    [
        (["Polyak, Boris T."], "Polyak, 1964"),
        (["Nocedal, Jorge", "Wright, Stephen"], "Nocedal and Wright, 1964"),
        (["Bottou, Léon", "Curtis, Frank", "Nocedal, Jorge"], "Bottou et al., 1964"),
        (["van der Maaten, Laurens"], "van der Maaten, 1964"),
    ],
)
def test_labels_name_author_and_year(people, name):
    entry = Entry("article", {"year": "1964"}, {"author": [Person(person) for person in people]})
    assert references.label(entry) == name
    twice = list(references.AuthorYear().format_labels([entry, entry]))
    assert twice == [f"{name}a", f"{name}b"]


def test_a_drawing_is_one_line_with_its_alternative():
    got = figures.labelled('<?xml version="1.0"?>\n<svg viewBox="0 0 1 1">\n\n  <path d="M0 0"/>\n</svg>\n', 'say "so"')
    assert got.startswith('<svg role="img" aria-label="say &quot;so&quot;"')
    assert "\n" not in got and got.endswith("</svg>")


def test_moved_nodes_keep_their_targets():
    addresses = {"book/often-said": "book/often-said.html", "book/part/topic": "book/part/topic.html"}
    app = SimpleNamespace(builder=SimpleNamespace(get_target_uri=addresses.__getitem__))
    box = nodes.admonition(classes=["folklore"], ids=["box"])
    for where in (
        {"refid": "eq-1"},
        {"refuri": "../references.html#id2"},
        {"refuri": "#fig"},
        {"refuri": "https://a.b/c"},
    ):
        box += nodes.reference("", "link", **where)
    nodes.section("", box, ids=["often-said-and-wrong"])
    copy = gathered._moved(app, box, "book/part/topic", "book/often-said")
    assert copy["ids"] == []
    assert [link["refuri"] for link in copy.findall(nodes.reference)] == [
        "part/topic.html#eq-1",
        "references.html#id2",
        "part/topic.html#fig",
        "https://a.b/c",
        "part/topic.html#often-said-and-wrong",
    ]
