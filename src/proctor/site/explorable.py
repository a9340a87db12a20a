"""``{explorable} <name>``: a figure that the reader can play with, and links into it.

Python draws a still picture with the course's own library, and leaves in the page what ``book/_static/<name>`` needs to
bring it to life. A setting is given by the directive's options, or in the role ``{explorable}`` as ``text <query>`` or
``text <name?query>`` (without a name: the race); it is checked when the site is built.

An explorable is a module, entered in ``EXPLORABLES``, that has

- ``PAGE``, the page of its own, whose address carries the setting, and ``LINK``, the words of a link to it;
- ``OPTIONS``, the directive's options, and ``query_of(options)``, the query that they ask for;
- ``parse(query)``, the setting, with a property ``query``; ValueError if it is wrong;
- ``still(setting)``, the picture and the words without a script, as HTML; ``facts()``, what the script must know.

Its script is ``book/_static/<name>/explorable.mjs``, its style sheet ``book/_static/css/<name>.css``; what all of them
share is in ``book/_static/explorable`` and ``css/explorable.css``.
"""

import json
from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective

from proctor.site import accuracy_matrix_figure, attention_figure, gan_game_figure, gridworld_figure, race_figure

LOGGER = logging.getLogger(__name__)
EXPLORABLES = {
    "race": race_figure,
    "attention": attention_figure,
    "gridworld": gridworld_figure,
    "gan-game": gan_game_figure,
    "accuracy-matrix": accuracy_matrix_figure,
}


def figure(name: str, setting, page: str, *, own: bool = False, caption: str = "") -> str:
    """An explorable as HTML: the still picture, and what the script needs.

    Args:
        name: one of ``EXPLORABLES``.
        setting: what is shown at first.
        page: address of the explorable's own page.
        own: whether this is that page.
        caption: HTML that goes below.
    """
    facts = json.dumps(EXPLORABLES[name].facts(), ensure_ascii=False)
    return (
        f'<figure class="explorable" data-explorable="{name}" data-page="{escape(page)}" '
        f'data-query="{escape(setting.query)}"{" data-own" if own else ""} data-facts="{escape(facts)}">'
        f"{EXPLORABLES[name].still(setting)}{caption}</figure>"
    )


class Explorable(SphinxDirective):
    """``{explorable} <name>``; the content, if there is any, is the caption. Options: see the explorable's module."""

    required_arguments = 1
    has_content = True
    option_spec = dict.fromkeys(
        (option for module in EXPLORABLES.values() for option in module.OPTIONS), directives.unchanged_required
    )

    def run(self):
        """Draw the still picture, and leave the facts for the script.

        Raises:
            DirectiveError: if there is no such explorable, or an option is unknown or out of range.
        """
        name = self.arguments[0]
        if name not in EXPLORABLES:
            raise self.error(f"there is no explorable {name!r}; there are {', '.join(EXPLORABLES)}")
        module = EXPLORABLES[name]
        foreign = set(self.options) - set(module.OPTIONS)
        if foreign:
            raise self.error(f"explorable: {name} has no option {min(foreign)!r}; it has {', '.join(module.OPTIONS)}")
        try:
            setting = module.parse(module.query_of(self.options))
        except ValueError as error:
            raise self.error(f"explorable: {error}") from None
        page, own = own_page(self.env, module.PAGE), self.env.docname == module.PAGE
        live = "" if own else f'<p><a href="{escape(page)}?{escape(setting.query)}">{module.LINK}</a></p>'
        opening, closing = figure(name, setting, page, own=own, caption="\0").split("\0")
        script = f"{'../' * self.env.docname.count('/')}_static/{name}/explorable.mjs"
        caption = self.parse_content_to_nodes() if self.content else []
        return [
            nodes.raw("", f"{opening}{live}<figcaption>", format="html"),
            *caption,
            nodes.raw("", f'</figcaption>{closing}<script type="module" src="{script}"></script>', format="html"),
        ]


class ExplorableLink(ReferenceRole):
    """``{explorable}`` as a role, with ``text <name?query>``: a link to an explorable with a setting."""

    def run(self):
        """Check the setting, and link."""
        name, _, query = self.target.rpartition("?")
        name = name or "race"
        try:
            if name not in EXPLORABLES:
                raise ValueError(f"there is no explorable {name!r}; there are {', '.join(EXPLORABLES)}")
            setting = EXPLORABLES[name].parse(query)
        except ValueError as error:
            told = self.inliner.reporter.error(f"explorable: {error}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, told)], [told]
        address = f"{own_page(self.env, EXPLORABLES[name].PAGE)}?{setting.query}"
        return [nodes.reference(self.rawtext, self.title, refuri=address, internal=True)], []


def own_page(env, page: str) -> str:
    """The address of an explorable's own page, seen from the page that is being read."""
    if page not in env.found_docs:
        LOGGER.warning(
            "%s is not in _toc.yml, so that the explorable has no page of its own", page, location=env.docname
        )
    return env.app.builder.get_relative_uri(env.docname, page)


def setup(app):
    """Register the directive and the role."""
    app.add_directive("explorable", Explorable)
    app.add_role("explorable", ExplorableLink())
