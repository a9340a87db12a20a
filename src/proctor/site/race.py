"""The race as the explorable runs it: methods, landscapes, learning rates, settings in an address, and walks.

The formulas of landscapes and methods stand twice, in ``ravine`` and in ``book/_static/race``; tests/book holds them
equal. Everything else stands here once, and :func:`facts` takes it to the page.

A setting is the query of an address: ``landscape=rosenbrock&methods=heavy-ball,adam&heavy-ball.lr=0.002``.
"""

import importlib
import math
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qsl

STEPS = 300
ARRIVED = 1e-3  # the loss at which a ball has arrived
REACH, GONE = 1.5, 10.0  # how far out a start may be, and where a ball is gone, in windows from the middle
RANGES = {"lr": (1e-4, 1e3), "beta": (0.0, 0.999), "beta2": (0.0, 0.9999), "weight_decay": (0.0, 0.5)}
USUAL = "landscape=quadratic&methods=gradient-descent,heavy-ball,adam"


@dataclass(frozen=True)
class Method:
    """An optimizer of ``ravine``: where it is, and its settings besides the learning rate.

    Attributes:
        module: module of ``ravine``.
        name: the class.
        settings: what the reader may set, with its default.
        labels: what the page calls each of them.
        fixed: hyperparameters that stay.
    """

    module: str
    name: str
    settings: dict[str, float] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, float] = field(default_factory=dict)


_MOMENTUM = {"settings": {"beta": 0.9}, "labels": {"beta": "Momentum β"}}
_DECAY = {"settings": {"beta": 0.9}, "labels": {"beta": "Decay β"}}
_MOMENTS = {"beta": 0.9, "beta2": 0.999}, {"beta": "Decay β₁", "beta2": "Decay β₂"}
METHODS = {
    "gradient descent": Method("gradient_descent", "GradientDescent"),
    "heavy ball": Method("momentum", "HeavyBall", **_MOMENTUM),
    "Nesterov": Method("momentum", "Nesterov", **_MOMENTUM),
    "AdaGrad": Method("adaptive_methods", "AdaGrad", fixed={"eps": 1e-10}),
    "RMSprop": Method("adaptive_methods", "RMSprop", **_DECAY, fixed={"eps": 1e-8}),
    "AdaDelta": Method("adaptive_methods", "AdaDelta", **_DECAY, fixed={"eps": 1e-6}),
    "Adam": Method("adam", "Adam", *_MOMENTS, {"eps": 1e-8}),
    "AdamW": Method(
        "adam",
        "AdamW",
        {**_MOMENTS[0], "weight_decay": 0.01},
        {**_MOMENTS[1], "weight_decay": "Weight decay λ"},
        {"eps": 1e-8},
    ),
}
TITLES = {
    "quadratic": "The ravine: condition number 100",
    "turned quadratic": "The ravine, turned by 45 degrees",
    "rosenbrock": "Rosenbrock: a curved ravine",
    "beale": "Beale: steep corners, a flat plain",
    "himmelblau": "Himmelblau: four minima",
    "rastrigin": "Rastrigin: many local minima",
    "saddle": "Saddle: a deep linear network",
}
# Each rate is the one of GRID with the lowest loss curve: the mean over STEPS steps of log10(max(loss, ARRIVED)), and
# over nine starts about the landscape's own; a rate that throws a ball out of REACH is none. tests/book checks it.
# AdamW has Adam's rate, so that between these two only the decay differs.
GRID = tuple(float(f"{10 ** (k / 20):.3g}") for k in range(-80, 61))
RATES = {
    "quadratic": (0.0178, 0.00631, 0.01, 11.2, 0.794, 708.0, 0.708),
    "turned quadratic": (0.0178, 0.00631, 0.01, 3.55, 0.1, 28.2, 2.24),
    "rosenbrock": (0.00282, 0.00158, 0.00126, 1.58, 0.501, 15.8, 0.891),
    "beale": (0.0178, 0.00316, 0.00282, 2.24, 0.158, 631.0, 0.447),
    "himmelblau": (0.0141, 0.00355, 0.00891, 1.26, 0.355, 158.0, 0.708),
    "rastrigin": (0.00447, 0.001, 0.00282, 1.41, 0.0282, 4.47, 0.158),
    "saddle": (0.355, 0.0794, 0.0794, 1.78, 0.794, 251.0, 1.0),
}


def landscape(name: str):
    """The :class:`ravine.landscapes.Landscape` of a name of ``TITLES``."""
    from ravine import landscapes

    if name == "turned quadratic":
        return landscapes.quadratic(angle=math.pi / 4)
    return landscapes.ALL[name]()


def rate(name: str, method: str) -> float:
    """The learning rate with which a method starts on a landscape."""
    return dict(zip(METHODS, (*RATES[name], RATES[name][-1]), strict=True))[method]


def slug(name: str) -> str:
    """A name as addresses write it.

    >>> slug("heavy ball")
    'heavy-ball'
    """
    return name.lower().replace(" ", "-")


# ---- settings


@dataclass(frozen=True)
class Setting:
    """What is shown: a landscape, the methods that are switched on, and what differs from the defaults."""

    landscape: str
    methods: tuple[str, ...]
    start: tuple[float, float] | None = None
    step: int | None = None
    changed: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """The setting as the query of an address."""
        pairs = [("landscape", slug(self.landscape)), ("methods", ",".join(map(slug, self.methods)))]
        if self.start is not None:
            pairs.append(("start", ",".join(f"{value:g}" for value in self.start)))
        if self.step is not None:
            pairs.append(("step", str(self.step)))
        pairs += [
            (f"{slug(name)}.{key}", f"{value:g}")
            for name, given in self.changed.items()
            for key, value in given.items()
        ]
        return "&".join("=".join(pair) for pair in pairs)

    def settings(self, method: str) -> dict[str, float]:
        """A method's settings, its learning rate among them."""
        own = METHODS[method].settings
        return {"lr": rate(self.landscape, method), **own, **self.changed.get(method, {})}


def parse(query: str) -> Setting:
    """Read a query. The page ignores what it does not understand; what the course's authors write must be right.

    Raises:
        ValueError: if a key, name or number is unknown or out of range.

    >>> parse("landscape=saddle&methods=adam&adam.beta2=0.99").changed
    {'Adam': {'beta2': 0.99}}
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    usual = None if query == USUAL else parse(USUAL)
    where = _named(TITLES, given.pop("landscape", None) or slug(usual.landscape), "landscape")
    wanted = given.pop("methods", None) or ",".join(map(slug, usual.methods))
    chosen = {_named(METHODS, name.strip(), "method") for name in wanted.split(",")}
    start = step = None
    if "start" in given:
        start = tuple(_number(part, "start", (-math.inf, math.inf)) for part in given.pop("start").split(","))
        if len(start) != 2 or beyond(start, landscape(where).window, REACH):
            raise ValueError(f"start must be two numbers near the window, got {start}")
    if "step" in given:
        step = int(_number(given.pop("step"), "step", (0, STEPS)))
    changed = {}
    for key, text in given.items():
        name, _, setting = key.partition(".")
        method = _named(METHODS, name, "method")
        if setting not in {"lr": 0, **METHODS[method].settings}:
            raise ValueError(f"{method} has no setting {setting!r}")
        changed.setdefault(method, {})[setting] = _number(text, key, RANGES[setting])
    return Setting(where, tuple(name for name in METHODS if name in chosen), start, step, changed)


def _named(names, wanted: str, kind: str) -> str:
    found = {slug(name): name for name in names}
    if slug(wanted) not in found:
        raise ValueError(f"there is no {kind} {wanted!r}; there are {', '.join(names)}")
    return found[slug(wanted)]


def _number(text: str, what: str, bounds: tuple[float, float]) -> float:
    value = float(text)
    if not bounds[0] <= value <= bounds[1]:
        raise ValueError(f"{what} must be in [{bounds[0]:g}, {bounds[1]:g}], got {text}")
    return value


# ---- walks


def optimizer(method: str, settings: dict[str, float]):
    """The optimizer class of ``ravine`` and its hyperparameters, from settings by the page's names."""
    entry = METHODS[method]
    hyperparameters = {**entry.fixed, **settings}
    if "beta2" in hyperparameters:
        hyperparameters["betas"] = (hyperparameters.pop("beta"), hyperparameters.pop("beta2"))
    return getattr(importlib.import_module(f"ravine.{entry.module}"), entry.name), hyperparameters


def walk(name: str, method: str, settings: dict[str, float], start=None) -> tuple[list, list, str]:
    """Walk as the page does.

    Returns:
        ``(points, losses, standing)``: the points until the ball has arrived or is gone, their losses, and what became
        of it, in the page's words.
    """
    from ravine.descent import descend

    where = landscape(name)
    rule, hyperparameters = optimizer(method, settings)
    path = descend(where, rule, start=start, steps=STEPS, until=ARRIVED, **hyperparameters)
    points, losses, inside = path.params.tolist(), path.losses.tolist(), 0
    for step, (point, loss) in enumerate(zip(points, losses, strict=True)):
        if not beyond(point, where.window, 0.5):
            inside = step
        if not math.isfinite(loss) or beyond(point, where.window, GONE):
            return points[: step + 1], losses[: step + 1], f"left the window at step {inside + 1}"
    words = "arrived" if losses[-1] <= ARRIVED else f"loss {losses[-1]:.2g}"
    return points, losses, f"{words} at step {path.steps}"


def beyond(point, window, reach: float) -> bool:
    """Whether a point is farther from the middle of a window than ``reach`` times its width or height.

    >>> beyond((2.9, 0.0), ((-1.0, 1.0), (-1.0, 1.0)), 1.5), beyond((0.0, 3.1), ((-1.0, 1.0), (-1.0, 1.0)), 1.5)
    (False, True)
    """
    return not all(
        abs(w - (low + high) / 2) < reach * (high - low) for w, (low, high) in zip(point, window, strict=True)
    )


# ---- what the page is told


@cache
def facts() -> dict:
    """All that the script needs to know, beyond the formulas."""
    return {
        "query": USUAL,
        "steps": STEPS,
        "arrived": ARRIVED,
        "ranges": RANGES,
        "methods": {
            name: {"settings": entry.settings, "labels": entry.labels, "fixed": entry.fixed}
            for name, entry in METHODS.items()
        },
        "landscapes": {
            name: {
                "title": title,
                "window": landscape(name).window,
                "start": landscape(name).start,
                "minima": landscape(name).minima,
                "levels": [float(f"{level:.4g}") for level in grid(name)[-1]],
                "rates": {method: rate(name, method) for method in METHODS},
            }
            for name, title in TITLES.items()
        },
    }


RATIOS = (1.9, 3.2)  # width to height of a map: at least, at most (picture.mjs has the same, and others for phones)


def ratio(name: str) -> float:
    """Width to height of a landscape's map."""
    (left, right), (bottom, top) = landscape(name).window
    return min(RATIOS[1], max(RATIOS[0], (right - left) / (top - bottom)))


@cache
def grid(name: str):
    """A landscape on a grid that fills its map: ``(x, y, losses, levels)``, as :mod:`ravine.plot` draws it."""
    from ravine.plot.terrain import contour_grid, filling_window

    where = landscape(name)
    return contour_grid(where, *filling_window(where.window, ratio(name)), None)
