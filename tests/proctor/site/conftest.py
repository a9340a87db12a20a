"""What the tests of the explorables share: a small site with a page that embeds one, and the one's own page."""

import re
from io import StringIO

import pytest
from bs4 import BeautifulSoup

from proctor.site import explorable


@pytest.fixture
def in_a_page(tmp_path):
    """Build a page that uses directive and role, and the explorable's own page, and look at both.

    ``in_a_page(name, source, query=..., linked=..., errors=[...])``: the first figure of the Markdown ``source`` has
    ``query`` and the caption "caption", its one good role links to the query ``linked``, and whatever else it asks for
    is refused with the ``errors``, parts of the messages.
    """
    from sphinx.application import Sphinx

    def build(name: str, source: str, *, query: str, linked: str, errors: list[str]) -> None:
        page = explorable.EXPLORABLES[name].PAGE
        (tmp_path / page).parent.mkdir(parents=True)
        (tmp_path / f"{page}.md").write_text(f"# By hand\n\n```{{explorable}} {name}\n```\n", encoding="utf-8")
        (tmp_path / "index.md").write_text(f"{source}\n```{{toctree}}\n{page}\n```\n", encoding="utf-8")
        out, told = tmp_path / "out", StringIO()
        extensions = {"extensions": ["myst_parser", "proctor.site.explorable"], "html_theme": "basic"}
        app = Sphinx(
            tmp_path, None, out, tmp_path / "trees", "html", extensions, status=None, warning=told, keep_going=True
        )
        app.build()
        found = re.findall(r"index\.md:\d+: ERROR: (.*?)(?: \[|$)", told.getvalue(), flags=re.MULTILINE)
        assert len(found) == len(errors), found
        for said in errors:
            assert sum(said in error for error in found) == errors.count(said), found

        body = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser").select_one("div.body")
        assert body.figure["data-query"] == query and not body.figure.has_attr("data-own")
        assert body.figure.a["href"] == f"{page}.html?{query}"
        assert body.figure.figcaption.em.get_text() == "caption"
        assert body.script["src"] == f"_static/{name}/explorable.mjs"
        links = [link["href"] for link in body.select("p > a.reference") if "?" in link["href"]]
        assert links == [f"{page}.html?{linked}"]

        own = BeautifulSoup((out / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
        assert own.figure.has_attr("data-own") and own.figure["data-page"] == ""
        assert own.select_one("figure ~ script")["src"] == f"../../_static/{name}/explorable.mjs"

    return build
