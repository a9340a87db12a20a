"""The built site, read as files: what is published, where links lead, and what stands on the gathered pages."""

import json
import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup

from proctor import executed
from proctor.build import toc_sources

OWN_PAGES = {"index.html", "404.html", "search.html", "genindex.html"}
COLAB = "https://colab.research.google.com/github/"


@lru_cache
def soup(path):
    """A page, parsed."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def pages(site):
    """Every page of the site that readers reach by its contents."""
    found = [path for path in sorted(site.rglob("*.html")) if not path.is_relative_to(site / "_static")]
    return [path for path in found if str(path.relative_to(site)) not in OWN_PAGES]


def repository(root):
    """The one setting that says where the public tree is, as ``owner/name/blob/branch/``."""
    setting = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]
    return f"{setting['url'].removeprefix('https://github.com/')}/blob/{setting['branch']}/"


def test_only_the_contents_are_published(root, site):
    wanted = {str(path.relative_to(root).with_suffix(".html")) for path in toc_sources(root)}
    assert {str(path.relative_to(site)) for path in pages(site)} == wanted
    assert not list(site.rglob("*.md")) and not (site / "_sources").exists()


def test_no_solution_and_no_hidden_test_is_published(site):
    marks = re.compile(r"### (BEGIN|END) (SOLUTION|HIDDEN TESTS|RUBRIC)")
    for path in sorted(site.rglob("*")):
        if path.suffix in {".html", ".ipynb", ".js", ".txt"}:
            assert not marks.search(path.read_text(encoding="utf-8")), path.relative_to(site)


def test_every_internal_link_leads_somewhere(site):
    broken = []
    for path in [*pages(site), *(site / name for name in ("index.html", "search.html", "genindex.html"))]:
        for tag, attribute in (("a", "href"), ("link", "href"), ("script", "src"), ("img", "src")):
            for node in soup(path).find_all(tag, **{attribute: True}):
                link = urlsplit(node[attribute])
                if link.scheme or link.netloc:
                    continue
                target = (path.parent / unquote(link.path)).resolve() if link.path else path
                if target.is_dir():
                    target /= "index.html"
                if not target.is_file():
                    broken.append(f"{path.relative_to(site)} -> {node[attribute]}")
                elif link.fragment and target.suffix == ".html" and tag == "a":
                    name = unquote(link.fragment)
                    if not soup(target).find(id=name) and not soup(target).find(attrs={"name": name}):
                        broken.append(f"{path.relative_to(site)} -> {node[attribute]} (no such place)")
    assert not broken


def test_every_notebook_link_leads_to_a_notebook_of_the_public_tree(root, site):
    seen = 0
    for path in pages(site):
        for node in soup(path).find_all("a", href=True):
            link = node["href"]
            if link.startswith(COLAB):
                assert link.startswith(COLAB + repository(root)), link
                name = link.removeprefix(COLAB + repository(root))
            elif urlsplit(link).path.endswith(".ipynb"):
                name = str((path.parent / link).resolve().relative_to(site.resolve()))
                assert (site / name).read_bytes() == (root / name).read_bytes(), f"{name} is not the generated one"
            else:
                continue
            seen += 1
            assert name.startswith("notebooks/") and (root / name).is_file(), f"{path.relative_to(site)} -> {link}"
            assert json.loads((root / name).read_text(encoding="utf-8"))["nbformat"] == 4
    assert seen


def test_chapters_and_assignments_offer_colab_and_download(root, site):
    for source in toc_sources(root):
        name = source.relative_to(root).with_suffix("")
        chapter = source.suffix == ".md" and executed.is_notebook(source)
        own = f"notebooks/{name}.ipynb" if chapter else f"{name}.ipynb" if source.suffix == ".ipynb" else None
        links = [node["href"] for node in soup(site / f"{name}.html").select(".article-header-buttons a[href]")]
        if own is None:
            assert not links, f"{name} is only read, and offers {links}"
        else:
            assert COLAB + repository(root) + own in links
            assert any((site / name).parent.joinpath(link).resolve() == (site / own).resolve() for link in links)


def test_nothing_is_loaded_from_elsewhere(site):
    for path in [*pages(site), *(site / name for name in OWN_PAGES)]:
        for node in soup(path).select("script[src], img[src], link[rel~=stylesheet], link[rel~=preload], iframe[src]"):
            assert not urlsplit(node.get("src") or node.get("href")).netloc, f"{path.name}: {node}"
        text = path.read_text(encoding="utf-8")
        assert "thebe" not in text.lower(), f"{path.name} still mentions Thebe"
        assert "fontawesome.js" not in text


def test_every_picture_says_what_is_to_be_seen(site):
    for path in pages(site):
        for image in soup(path).select("article img, article svg[role=img]"):
            alt = image.get("alt") or image.get("aria-label") or ""
            assert len(alt) > 15 and "_images" not in alt and not re.search(r"\.(png|svg)$", alt), (
                f"{path.name}: {image}"
            )


def test_the_claims_page_lists_every_claim(root, site):
    said = soup(site / "book/claims.html").get_text()
    total = 0
    for source in toc_sources(root):
        notebook = executed.read(root, source)[0] if source.suffix == ".md" else None
        for claim in executed.claims(notebook) if notebook is not None else ():
            total += 1
            assert claim["text"].replace("'", "’") in said.replace("'", "’"), claim["text"]
    assert total and f"when this site was built: {total}." in said


def test_the_gathered_folklore_is_complete_and_links_back(site):
    gathered = soup(site / "book/often-said.html")
    titles = {node.get_text() for node in gathered.select(".folklore .admonition-title")}
    told = {
        node.get_text()
        for path in pages(site)
        if path.name != "often-said.html"
        for node in soup(path).select(".folklore .admonition-title")
    }
    assert told and titles == told
    assert len(gathered.select(".folklore .gathered-back a[href]")) == len(gathered.select(".folklore"))


def test_the_landing_page_links_exactly_the_parts_that_exist(root, site):
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    published = {part["caption"] for part in toc["parts"]} - {"Start here", "Practice", "Teach", "Reference"}
    entries = soup(site / "book/index.html").select(".parts strong")
    assert len(entries) == 12
    assert {entry.get_text() for entry in entries if entry.find("a")} == published
    assert len(soup(site / "book/index.html").select(".doors strong a[href]")) == 3


def test_mathjax_is_fetched_only_where_there_is_mathematics(site):
    for path in pages(site):
        has_math = bool(soup(path).select("article .math"))
        assert ("tex-chtml.js" in path.read_text(encoding="utf-8")) == has_math, path.name


def test_the_missing_page_leans_on_nothing(site):
    page = soup(site / "404.html")
    assert not page.select("script[src], link[rel=stylesheet], img")
    assert page.find(id="home")
