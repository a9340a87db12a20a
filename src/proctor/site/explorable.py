"""``{explorable} race``: a figure that the reader can play with, and links into it.

Python draws a still picture, from paths that the course's own optimizers walk, and leaves in the page what
``book/_static/race`` needs to bring it to life. A setting (:mod:`proctor.site.race`) is given by the directive's
options, or in the role ``{explorable}`` as ``text <query>``; it is checked when the site is built.
"""

import json
from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective

from proctor.site.race import TITLES, Setting, facts, grid, landscape, parse, ratio, slug, walk

LOGGER = logging.getLogger(__name__)
PAGE = "book/optimization/race"  # the explorable's own page, where its address carries the setting
WIDTH = 960  # pixels of the still picture


def figure(setting: Setting, page: str, *, own: bool = False, caption: str = "") -> str:
    """The explorable as HTML: a still picture, what became of each method, and a link to the live page.

    Args:
        setting: what is shown at first.
        page: address of the explorable's own page.
        own: whether this is that page.
        caption: HTML that goes below.
    """
    walks = {name: walk(setting.landscape, name, setting.settings(name), setting.start) for name in setting.methods}
    told = {name: words for name, (_, _, words) in walks.items()}
    alt = f"Contour lines, seen from above, with a path for each method. {TITLES[setting.landscape]}. " + "; ".join(
        f"{name}: {words}" for name, words in told.items()
    )
    items = "".join(f'<li style="{_color(name)}"><b>{name}</b> {words}</li>' for name, words in told.items())
    pixels, where = _pixels(setting.landscape), landscape(setting.landscape)
    shown = None if setting.step is None else setting.step + 1
    drawn = "".join(_path(name, points[:shown], pixels) for name, (points, *_) in walks.items())
    minima = "".join(f'<path d="M-6 0H6M0-6V6" transform="translate({pixels(point)})"/>' for point in where.minima)
    start = f'<circle r="6.5" transform="translate({pixels(setting.start or where.start)})"/>'
    return (
        f'<figure class="explorable" data-page="{escape(page)}" data-query="{escape(setting.query)}"'
        f'{" data-own" if own else ""} data-facts="{escape(json.dumps(facts(), ensure_ascii=False))}">'
        f'<svg class="explorable-map" viewBox="0 0 {WIDTH} {_height(setting.landscape)}" role="img" '
        f'aria-label="{escape(alt)}"><g class="explorable-contours">{_contours(setting.landscape)}</g>'
        f'<g class="explorable-minima">{minima}</g><g class="explorable-paths">{drawn}</g>'
        f'<g class="explorable-start">{start}</g></svg><ul class="explorable-told">{items}</ul>'
        f"{caption}</figure>"
    )


def _color(method: str) -> str:
    return f"--method: var(--color-{slug(method)})"


def _height(name: str) -> int:
    return round(WIDTH / ratio(name))


def _pixels(name: str):
    """The function from points of the plane to pixels ``"x,y"``."""
    x, y, *_ = grid(name)
    scale = WIDTH / (x[-1] - x[0])
    return lambda point: f"{(point[0] - x[0]) * scale:.1f},{(y[-1] - point[1]) * scale:.1f}"


def _contours(name: str) -> str:
    import contourpy

    x, y, losses, levels = grid(name)
    pixels, lines = _pixels(name), contourpy.contour_generator(x, y, losses)
    return "".join(
        f'<path style="opacity: {0.8 - 0.6 * number / len(levels):.2f}" d="M{"L".join(map(pixels, line))}"/>'
        for number, level in enumerate(levels)
        for line in lines.lines(level)
    )


def _path(method: str, points, pixels) -> str:
    x, y = pixels(points[-1]).split(",")
    return (
        f'<g class="explorable-path" style="{_color(method)}"><path d="M{"L".join(map(pixels, points))}"/>'
        f'<circle r="6" cx="{x}" cy="{y}"/></g>'
    )


class Explorable(SphinxDirective):
    """``{explorable} race``; the content, if there is any, is the caption.

    Options: ``:landscape:``, ``:methods:`` (names, separated by commas), ``:start: -9, 2.5``, ``:step: 40``, and
    settings by method: ``:lr: heavy ball 0.04, Adam 0.5``, likewise ``:beta:``, ``:beta2:``, ``:weight-decay:``.
    """

    required_arguments = 1
    has_content = True
    option_spec = dict.fromkeys(
        ("landscape", "methods", "start", "step", "lr", "beta", "beta2", "weight-decay"), directives.unchanged_required
    )

    def run(self):
        """Draw the still picture, and leave the facts for the script.

        Raises:
            DirectiveError: if there is no such explorable, or an option is unknown or out of range.
        """
        if self.arguments != ["race"]:
            raise self.error(f"there is no explorable {self.arguments[0]!r}; there is one: race")
        try:
            setting = parse(query_of(self.options))
        except ValueError as error:
            raise self.error(f"explorable: {error}") from None
        page = own_page(self.env)
        own = self.env.docname == PAGE
        live = "" if own else f'<p><a href="{escape(page)}?{escape(setting.query)}">The race on its own page</a></p>'
        opening, closing = figure(setting, page, own=own, caption="\0").split("\0")
        script = f"{'../' * self.env.docname.count('/')}_static/race/explorable.mjs"
        caption = self.parse_content_to_nodes() if self.content else []
        return [
            nodes.raw("", f"{opening}{live}<figcaption>", format="html"),
            *caption,
            nodes.raw("", f'</figcaption>{closing}<script type="module" src="{script}"></script>', format="html"),
        ]


class ExplorableLink(ReferenceRole):
    """``{explorable}`` as a role, with ``text <query>``: a link to the race with a setting."""

    def run(self):
        """Check the setting, and link."""
        try:
            setting = parse(self.target)
        except ValueError as error:
            told = self.inliner.reporter.error(f"explorable: {error}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, told)], [told]
        address = f"{own_page(self.env)}?{setting.query}"
        return [nodes.reference(self.rawtext, self.title, refuri=address, internal=True)], []


def query_of(options: dict[str, str]) -> str:
    """The query that a directive's options ask for.

    >>> query_of({"landscape": "saddle", "methods": "Adam, heavy ball", "lr": "heavy ball 0.04, Adam 0.5"})
    'landscape=saddle&methods=adam,heavy-ball&heavy-ball.lr=0.04&adam.lr=0.5'
    """
    pairs = []
    for key, text in options.items():
        parts = [part.strip() for part in text.split(",")]
        if key in ("landscape", "methods"):
            pairs.append((key, ",".join(map(slug, parts))))
        elif key in ("start", "step"):
            pairs.append((key, ",".join(parts)))
        else:
            for part in parts:
                method, _, value = part.rpartition(" ")
                pairs.append((f"{slug(method)}.{key.replace('-', '_')}", value))
    return "&".join("=".join(pair) for pair in pairs)


def own_page(env) -> str:
    """The address of the explorable's own page, seen from the page that is being read."""
    if PAGE not in env.found_docs:
        LOGGER.warning(
            "%s is not in _toc.yml, so that the explorable has no page of its own", PAGE, location=env.docname
        )
    return env.app.builder.get_relative_uri(env.docname, PAGE)


def setup(app):
    """Register the directive and the role."""
    app.add_directive("explorable", Explorable)
    app.add_role("explorable", ExplorableLink())
