"""References named by author and year, in the text and in the list: what a reader of papers expects to see."""

from collections import Counter

from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle


def setup(app):
    """Register the style with pybtex under the name that ``_config.yml`` uses."""
    register_plugin("pybtex.style.labels", "author_year", AuthorYear)
    register_plugin("pybtex.style.formatting", "ravine", Ravine)
    app.connect("html-page-context", mend_roles)


def mend_roles(app, pagename, templatename, context, doctree):
    """Give the entries of a bibliography the role that belongs into a list; docutils writes one that is deprecated."""
    if context.get("body"):
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


class AuthorYear(BaseLabelStyle):
    """Labels such as *Rumelhart et al., 1986*; works of one author and year are told apart by letters."""

    def format_labels(self, sorted_entries):
        """Yield one label an entry, in order."""
        labels = [label(entry) for entry in sorted_entries]
        total, seen = Counter(labels), Counter()
        for name in labels:
            yield name + (chr(ord("a") + seen[name]) if total[name] > 1 else "")
            seen[name] += 1


class Ravine(Style):
    """The plain style, sorted by author, with author-and-year labels."""

    default_sorting_style = "author_year_title"
    default_label_style = "author_year"


def label(entry) -> str:
    """The author-and-year label of a pybtex entry.

    >>> from pybtex.database import Entry, Person
    >>> label(Entry("book", {"year": "2006"}, {"author": [Person("Nocedal, Jorge"), Person("Wright, Stephen")]}))
    'Nocedal and Wright, 2006'
    """
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join([*person.prelast_names, *person.last_names]).strip("{}") for person in people]
    who = names[0] if len(names) == 1 else " and ".join(names) if len(names) == 2 else f"{names[0]} et al."
    return f"{who}, {entry.fields.get('year', 'n.d.')}"
