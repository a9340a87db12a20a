"""The race as a figure in a page: the directive's options, and the still picture.

Options: ``:landscape:``, ``:methods:`` (names, separated by commas), ``:start: -9, 2.5``, ``:step: 40``, and settings
by method: ``:lr: heavy ball 0.04, Adam 0.5``, likewise ``:beta:``, ``:beta2:``, ``:weight-decay:``. What a setting is,
and the walks, are in :mod:`proctor.site.race`; what a module of this kind holds, in :mod:`proctor.site.explorable`.
"""

from html import escape

from proctor.site.race import TITLES, Setting, facts, grid, landscape, parse, ratio, slug, walk

__all__ = ["LINK", "OPTIONS", "PAGE", "facts", "parse", "query_of", "still"]

PAGE = "book/optimization/race"
LINK = "The race on its own page"
OPTIONS = ("landscape", "methods", "start", "step", "lr", "beta", "beta2", "weight-decay")
WIDTH = 960  # pixels of the still picture


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


def still(setting: Setting) -> str:
    """The paths on the map, and what became of each method."""
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
        f'<svg class="explorable-map" viewBox="0 0 {WIDTH} {_height(setting.landscape)}" role="img" '
        f'aria-label="{escape(alt)}"><g class="explorable-contours">{_contours(setting.landscape)}</g>'
        f'<g class="explorable-minima">{minima}</g><g class="explorable-paths">{drawn}</g>'
        f'<g class="explorable-start">{start}</g></svg><ul class="explorable-told">{items}</ul>'
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
