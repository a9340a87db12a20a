"""Figures that are no chapter's: drawings placed into a page, the list of colors, and the race through the ravine.

A drawing is an SVG file of ``book/_static`` put *into* the page, so that its ink follows the page's (``currentColor``).
The race is drawn here as a still picture, from paths that the course's own optimizers walk; the module
``book/_static/race/landing.mjs`` brings it to life, from the same numbers, when the reader asks.
"""

import json
import math
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

# The valley: L(x, y) = slope/2 (x - goal)^2 + walls/2 (y - bend sin(wave x + phase))^2, in units of 100 pixels.
SHAPE = {"slope": 0.12, "walls": 4.0, "bend": 0.45, "wave": 0.62, "phase": 0.4, "goal": 3.6}
START = (-4.3, 1.15)
STEPS = 400
ARRIVED = 2e-3  # the loss at which a ball has arrived
# Each learning rate is the one of RATES that takes its method to the goal first (tests/book checks that it is).
RATES = tuple(k / 50 for k in range(1, 51))
RACERS = {
    "gradient descent": {"lr": 0.46},
    "heavy ball": {"lr": 0.08, "beta": 0.9},
    "Adam": {"lr": 0.58, "beta": 0.9, "beta2": 0.999, "eps": 1e-8},
}
WIDTH, HEIGHT, SCALE = 1000, 360, 100


class Drawing(SphinxDirective):
    """``{drawing} parts/name.svg`` with ``:alt:``: an SVG file of ``book/_static``, placed into the page."""

    required_arguments = 1
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012  (docutils reads a class attribute)

    def run(self):
        """Read the file and give it its text alternative.

        Raises:
            DirectiveError: if the file does not exist or no alternative is given.
        """
        name = f"book/_static/{self.arguments[0]}"
        path = Path(self.env.srcdir) / name
        if not path.is_file():
            raise self.error(f"there is no drawing {name}")
        if not self.options.get("alt"):
            raise self.error(f"the drawing {name} needs :alt:, a sentence that says what is to be seen")
        self.env.note_dependency(name)
        return [_raw(labelled(path.read_text(encoding="utf-8"), self.options["alt"]))]


class Race(SphinxDirective):
    """``{race}``: the still picture of the race, with what the script needs to run it."""

    def run(self):
        """Walk the valley and draw it."""
        script = f"{'../' * self.env.docname.count('/')}_static/race/landing.mjs"
        return [_raw(f'{race()}<script type="module" src="{script}"></script>')]


class Colors(SphinxDirective):
    """``{colors}``: the color of each idea, from ``ravine.plot``."""

    def run(self):
        """List the colors."""
        from ravine import plot

        swatches = (f'<li><i style="background:{color}"></i>{name}</li>' for name, color in plot.COLORS.items())
        return [_raw(f'<ul class="swatches">{"".join(swatches)}</ul>')]


def setup(app):
    """Register the directives."""
    app.add_directive("colors", Colors)
    app.add_directive("drawing", Drawing)
    app.add_directive("race", Race)


def labelled(svg: str, alt: str) -> str:
    """The ``<svg>`` element of a file with its text alternative, on one line (a blank line would end raw HTML).

    >>> labelled("<?xml version='1.0'?><svg viewBox='0 0 1 1'>\\n</svg>", 'A "ball"')
    '<svg role="img" aria-label="A &quot;ball&quot;" viewBox=\\'0 0 1 1\\'></svg>'
    """
    element = " ".join(svg[svg.index("<svg") :].split()).replace("> <", "><")
    return element.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)


def valley(params):
    """The loss of the landing page's valley: ``params`` ``(2,)`` gives a scalar."""
    x, y = params
    bed = SHAPE["bend"] * (SHAPE["wave"] * x + SHAPE["phase"]).sin()
    return SHAPE["slope"] / 2 * (x - SHAPE["goal"]) ** 2 + SHAPE["walls"] / 2 * (y - bed) ** 2


def walks(start=START, steps=STEPS, until=ARRIVED, racers=RACERS) -> dict:
    """The recorded :class:`ravine.descent.Path` of each racer, by name."""
    from proctor.site.race import optimizer
    from ravine.descent import descend

    methods = {name: optimizer(name, settings) for name, settings in racers.items()}
    return {
        name: descend(valley, method, start=start, steps=steps, until=until, **hyperparameters)
        for name, (method, hyperparameters) in methods.items()
    }


def race() -> str:
    """The race as HTML: contour lines, the three paths, and the settings as data for ``landing.mjs``."""
    recorded = walks()
    told = "; ".join(f"{name} arrives after {path.steps} steps" for name, path in recorded.items())
    alt = f"Contour lines of a long, winding valley. Three paths run along it to the lowest point: {told}."
    data = json.dumps({"shape": SHAPE, "racers": RACERS, "start": START, "steps": STEPS, "arrived": ARRIVED})
    paths = "".join(_walker(name, path) for name, path in recorded.items())
    goal = _pixels(SHAPE["goal"], SHAPE["bend"] * math.sin(SHAPE["wave"] * SHAPE["goal"] + SHAPE["phase"]))
    legend = "".join(f'<span class="{_key(name)}">{name} <b>{path.steps}</b></span>' for name, path in recorded.items())
    return (
        f'<figure class="race" data-settings="{escape(data)}">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt)}">'
        f'<g class="race-contours">{_contours()}</g>'
        f'<g class="race-goal" transform="translate({goal})"><path d="M-6 0H6M0 -6V6"/></g>{paths}</svg>'
        f'<figcaption><p class="race-legend"><button type="button" hidden>Start the race</button>{legend}</p>'
        f"<p>Steps to the lowest point, each method at the best of fifty learning rates. "
        f'<span class="race-hint" hidden>Click anywhere in the valley to drop the balls there.</span>'
        f'<output class="sr-only"></output></p></figcaption></figure>'
    )


def _walker(name: str, path) -> str:
    points = [_pixels(x, y) for x, y in path.params.tolist()]
    x, y = points[-1].split(",")
    return (
        f'<g class="racer {_key(name)}" data-name="{name}"><polyline points="{" ".join(points)}"/>'
        f'<circle r="7" cx="{x}" cy="{y}"/></g>'
    )


def _key(name: str) -> str:
    return f"racer-{name.lower().replace(' ', '-')}"


def _contours() -> str:
    import contourpy
    import torch

    x = torch.linspace(-5, 5, 201, dtype=torch.float64)
    y = torch.linspace(-1.8, 1.8, 73, dtype=torch.float64)
    loss = valley((x[None, :], y[:, None]))
    lines = contourpy.contour_generator(x.numpy(), y.numpy(), loss.numpy())
    levels = torch.logspace(-1.7, 1.1, 17).tolist()
    drawn = []
    for number, level in enumerate(levels):
        faint = 0.75 * (1 - number / len(levels)) + 0.12
        for line in lines.lines(level):
            points = "L".join(_pixels(px, py) for px, py in line[:: 2 if len(line) > 60 else 1])
            drawn.append(f'<path style="opacity:{faint:.2f}" d="M{points}"/>')
    return "".join(drawn)


def _pixels(x: float, y: float) -> str:
    return f"{WIDTH / 2 + SCALE * x:.1f},{HEIGHT / 2 - SCALE * y:.1f}"


def _raw(html: str) -> nodes.raw:
    return nodes.raw("", html, format="html")
