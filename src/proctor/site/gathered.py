"""Pages gathered from all chapters: the claims, and what is often said and wrong.

``{claims}`` lists every claim of the executed chapters (read from the cache, since the cells that make them are not
shown). ``{often-said}`` repeats every admonition of class ``folklore``. Both link back to the place they come from and
are made anew in each build.
"""

from pathlib import Path
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from proctor import executed
from proctor.site.tables import table


class Claims(nodes.General, nodes.Element):
    """Where the list of claims goes."""


class OftenSaid(nodes.General, nodes.Element):
    """Where the list of folklore goes."""


class ClaimsDirective(SphinxDirective):
    """``{claims}``: every claim of the course, with value, bound and margin."""

    def run(self):
        """Leave a mark that is filled when all chapters have been read."""
        self.env.metadata[self.env.docname]["gathers"] = "claims"
        return [Claims()]


class OftenSaidDirective(SphinxDirective):
    """``{often-said}``: every folklore admonition of the course."""

    def run(self):
        """Leave a mark that is filled when all chapters have been read."""
        self.env.metadata[self.env.docname]["gathers"] = "often-said"
        return [OftenSaid()]


def setup(app):
    """Register the directives."""
    app.add_node(Claims)
    app.add_node(OftenSaid)
    app.add_directive("claims", ClaimsDirective)
    app.add_directive("often-said", OftenSaidDirective)
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-resolved", fill)


def outdated(app, env, added, changed, removed):
    """Pages that gather are always read again: any chapter may have changed what they show."""
    return [name for name, metadata in env.metadata.items() if "gathers" in metadata and name not in removed]


def fill(app, doctree, docname):
    """Put the gathered content where the marks are."""
    for mark in list(doctree.findall(Claims)):
        mark.replace_self(gather_claims(app, docname))
    for mark in list(doctree.findall(OftenSaid)):
        mark.replace_self(gather_folklore(app, docname))
        if any(doctree.findall(nodes.math)) or any(doctree.findall(nodes.math_block)):
            # Sphinx looks for formulas while it reads a page; these came later, and need MathJax all the same.
            app.env.get_domain("math").data["has_equations"][docname] = True


def chapters(env) -> list[str]:
    """The pages of the site in the order of ``_toc.yml``."""
    order, waiting = [], [env.config.root_doc]
    while waiting:
        name = waiting.pop(0)
        if name not in order:
            order.append(name)
            waiting = [*env.toctree_includes.get(name, []), *waiting]
    return order


def gather_claims(app, docname: str) -> list[nodes.Node]:
    """One section a chapter that makes claims: a sentence that counts them, and the table."""
    sections, total = [], 0
    for chapter in chapters(app.env):
        source = Path(app.env.doc2path(chapter))
        notebook, seconds = executed.read(Path(app.srcdir), source) if source.suffix == ".md" else (None, None)
        found = executed.claims(notebook) if notebook is not None else []
        if found:
            total += len(found)
            section = _section(app, docname, chapter)
            section += nodes.paragraph("", f"Claims: {len(found)}. The page runs in {seconds:.1f} seconds.")
            section += _table([_claim_cells(claim) for claim in found])
            sections.append(section)
    return [nodes.paragraph("", f"Claims checked when this site was built: {total}. All hold."), *sections]


def gather_folklore(app, docname: str) -> list[nodes.Node]:
    """One section a chapter that has folklore: its admonitions, each with a link to where it stands."""
    sections = []
    for chapter in chapters(app.env):
        if not any(_is_folklore(node) for node in app.env.get_doctree(chapter).findall(nodes.Admonition)):
            continue
        resolved = app.env.get_and_resolve_doctree(chapter, app.builder)
        section = _section(app, docname, chapter)
        for node in resolved.findall(nodes.Admonition):
            if _is_folklore(node):
                section += _moved(app, node, chapter, docname)
        sections.append(section)
    return sections


def _is_folklore(node) -> bool:
    return "folklore" in node["classes"]


def _section(app, docname: str, chapter: str) -> nodes.section:
    title = app.env.titles[chapter].astext()
    section = nodes.section(ids=[nodes.make_id(f"from-{chapter}")])
    link = nodes.reference("", title, internal=True, refuri=app.builder.get_relative_uri(docname, chapter))
    section += nodes.title("", "", link)
    return section


def _moved(app, node, chapter: str, docname: str) -> nodes.Element:
    """A copy of a resolved node that can stand on another page: its links start from there, its ids are dropped."""
    copy = node.deepcopy()
    here = app.builder.get_target_uri(docname)
    there = app.builder.get_target_uri(chapter)
    for part in copy.findall(nodes.Element):
        part["ids"] = []
    for reference in copy.findall(nodes.reference):
        if "refid" in reference:
            reference["refuri"] = f"{relative_uri(here, there)}#{reference.attributes.pop('refid')}"
        elif "refuri" in reference and not urlsplit(reference["refuri"]).scheme:
            address, _, fragment = reference["refuri"].partition("#")
            target = _join(there, address) if address else there
            reference["refuri"] = relative_uri(here, target) + (f"#{fragment}" if fragment else "")
    origin = node
    while not isinstance(origin, nodes.section):
        origin = origin.parent
    back = f"{relative_uri(here, there)}#{origin['ids'][0]}"
    link = nodes.reference("", "Read it in its chapter, with the experiment", internal=True, refuri=back)
    copy += nodes.paragraph("", "", link, classes=["gathered-back"])
    return copy


def _join(base: str, relative: str) -> str:
    from urllib.parse import urljoin

    return urljoin(f"/{base}", relative).lstrip("/")


def _claim_cells(claim: dict) -> list[tuple[str, str]]:
    margin = claim["margin"]
    return [
        ("Claim", claim["text"]),
        ("Measured", _number(claim["value"])),
        ("Bound", _bound(claim["relation"], claim["bound"])),
        ("Margin", "" if margin is None else f"{margin:.0%}" if isinstance(margin, float) else str(margin)),
    ]


def _bound(relation: str, bound) -> str:
    """The bound of a claim in words.

    >>> _bound("at most", 0.2), _bound("within", [2.0, 0.1]), _bound("between", [1, 3]), _bound("is true", True)
    ('at most 0.2', '2 ± 0.1', 'between 1 and 3', '')
    """
    if relation == "is true":
        return ""
    if relation == "within":
        return f"{_number(bound[0])} ± {_number(bound[1])}"
    if relation == "between":
        return f"between {_number(bound[0])} and {_number(bound[1])}"
    return f"{relation} {_number(bound)}"


def _number(value) -> str:
    """A number as a reader wants it: whole numbers whole, others to three digits; anything else as it is.

    >>> _number(3), _number(0.123456), _number(1.5e-9), _number(True), _number("inf")
    ('3', '0.123', '1.5e-09', 'true', 'inf')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value)


def _table(rows: list[list[tuple[str, str]]]) -> nodes.table:
    return table([name for name, _ in rows[0]], [[text for _, text in row] for row in rows], (52, 16, 18, 14), "claims")
