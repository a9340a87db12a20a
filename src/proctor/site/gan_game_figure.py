"""The GAN game in one dimension as a figure in a page: settings, numbers, and the still picture.

The generator is N(mean, width²); the data are one Gaussian or two. The discriminator is the best reply to the
generator, or lags: then it is the best reply to an earlier one. Options: ``:data: two``, ``:mean: 1``, ``:width: 0.8``,
and ``:lag: 3, 0.5``, mean and width of the generator that the discriminator has learned against. All integrals are sums
over one fine grid. The formulas stand twice, here with ``ravine.gan_game`` and in ``book/_static/gan-game``; tests/book
holds them equal. What a module of this kind holds, is in :mod:`proctor.site.explorable`.
"""

import math
from dataclasses import dataclass
from html import escape
from itertools import groupby
from urllib.parse import parse_qsl

PAGE = "book/generation/gan-game"
LINK = "The GAN game on its own page"
OPTIONS = ("data", "mean", "width", "lag")
USUAL = "data=one&mean=2&width=0.8"
#: Titles, and modes as (share, center, width).
DATA = {
    "one": ("one Gaussian", ((1.0, 0.0, 0.5),)),
    "two": ("two modes", ((0.5, -2.0, 0.5), (0.5, 2.0, 0.5))),
}
RANGES = {"mean": (-5.0, 5.0), "width": (0.35, 2.5)}  # of the generator
REACH, STEP = 30.0, 0.025  # of the grid: beyond it, and between its points, no sum misses more than 1e-11
RATE = 0.1  # of the generator's steps
WINDOW, TOP = (-6.5, 6.5), 1.2  # what is drawn: places, and densities or probabilities
LOSSES = {"minimax": "minimax, ln(1 − D)", "nonsaturating": "non-saturating, −ln D"}
EMPTY = 1e-3  # a density so low that hardly a sample tells the discriminator anything
SIZE, MARGIN = (720, 300), (46, 12, 14, 24)  # pixels of the still picture; left, right, top, bottom


@dataclass(frozen=True)
class Setting:
    """What is shown.

    Attributes:
        data: a name of ``DATA``.
        mean: of the generator.
        width: of the generator, its standard deviation.
        lag: mean and width of the generator that the discriminator is the best reply to; None: to the present one.
    """

    data: str
    mean: float
    width: float
    lag: tuple[float, float] | None = None

    @property
    def query(self) -> str:
        """The setting as the query of an address."""
        pairs = [f"data={self.data}", f"mean={self.mean:g}", f"width={self.width:g}"]
        return "&".join(pairs + ([f"lag={self.lag[0]:g},{self.lag[1]:g}"] if self.lag else []))


def query_of(options: dict[str, str]) -> str:
    """The query that a directive's options ask for.

    >>> query_of({"data": "two", "mean": "1", "lag": "3, 0.5"})
    'data=two&mean=1&lag=3,0.5'
    """
    return "&".join(f"{key}={text.replace(' ', '')}" for key, text in options.items())


def parse(query: str) -> Setting:
    """Read a query. The page ignores what it does not understand; what the course's authors write must be right.

    Raises:
        ValueError: if a key or value is unknown or out of range.

    >>> parse("data=two&lag=3,0.5")
    Setting(data='two', mean=2.0, width=0.8, lag=(3.0, 0.5))
    """
    given = dict(parse_qsl(USUAL)) | dict(parse_qsl(query, keep_blank_values=True))
    unknown = set(given) - set(OPTIONS)
    if unknown:
        raise ValueError(f"there is no {min(unknown)!r}; there are {', '.join(OPTIONS)}")
    if given["data"] not in DATA:
        raise ValueError(f"data must be one of {', '.join(DATA)}, got {given['data']!r}")
    lag = tuple(given["lag"].split(",")) if "lag" in given else None
    if lag and len(lag) != 2:
        raise ValueError(f"lag must be a mean and a width, got {given['lag']!r}")
    mean, width = (_number(given[name], name, name) for name in RANGES)
    lag = lag and tuple(_number(text, name, f"the {name} of lag") for text, name in zip(lag, RANGES, strict=True))
    return Setting(given["data"], mean, width, lag)


def _number(text: str, name: str, told: str) -> float:
    low, high = RANGES[name]
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{told} must be a number, got {text!r}") from None
    if not low <= value <= high:
        raise ValueError(f"{told} must be in [{low:g}, {high:g}], got {text}")
    return value + 0.0  # no -0


def facts() -> dict:
    """All that the script needs to know, beyond the formulas."""
    return {
        "query": USUAL,
        "data": {name: {"title": title, "modes": modes} for name, (title, modes) in DATA.items()},
        "ranges": RANGES,
        "grid": {"reach": REACH, "step": STEP},
        "rate": RATE,
        "window": WINDOW,
        "top": TOP,
        "empty": EMPTY,
        "losses": LOSSES,
    }


# ---- the numbers


def play(setting: Setting) -> dict[str, float]:
    """The game's numbers.

    Returns:
        ``value``, V(D, G) in nats; ``best``, V(D*, G), for the best discriminator; ``jsd``; and for each name of
        ``LOSSES`` the generator's ``loss``, and its slopes in ``mean`` and ``width`` with the discriminator held, as
        ``"minimax.mean"`` and so on.
    """
    import torch
    from torch.nn.functional import logsigmoid

    from ravine import gan_game

    x = (torch.arange(2 * round(REACH / STEP) + 1, dtype=torch.float64) - round(REACH / STEP)) * STEP
    place = torch.tensor([setting.mean, setting.width], dtype=torch.float64, requires_grad=True)
    data, generator = log_data(x, setting.data), _log_normal(x, *place)
    logit = data - (_log_normal(x, *setting.lag) if setting.lag else generator.detach())
    p_data, p_generator = data.exp() * STEP, generator.exp() * STEP
    losses = {
        "minimax": (p_generator * logsigmoid(-logit)).sum(),
        "nonsaturating": -(p_generator * logsigmoid(logit)).sum(),
    }
    found = {
        "value": (p_data * logsigmoid(logit)).sum() + losses["minimax"],
        "best": gan_game.value(p_data, p_generator),
        "jsd": gan_game.jensen_shannon(p_data, p_generator),
    }
    for name, loss in losses.items():
        slopes = torch.autograd.grad(loss, place, retain_graph=True)[0]
        found |= {f"{name}.loss": loss, f"{name}.mean": slopes[0], f"{name}.width": slopes[1]}
    return {name: value.item() for name, value in found.items()}


def log_data(x, name: str):
    """The logarithm of the data's density at ``x``, a tensor."""
    import torch

    parts = [math.log(share) + _log_normal(x, center, width) for share, center, width in DATA[name][1]]
    return torch.stack(parts).logsumexp(0)


def _log_normal(x, mean, width):
    return -(((x - mean) / width) ** 2) / 2 - (width * math.sqrt(2 * math.pi) * x.new_ones(())).log()


def told(value: float, digits: int = 3) -> str:
    """A number as the page has it, with a true minus sign; small ones by their power of ten.

    >>> told(-1.38629), told(4.2e-6), told(1e-15)
    ('−1.386', '4e−6', '0')
    """
    if abs(value) < 1e-12:
        return "0"
    if abs(value) >= 10**-digits:
        return f"{value:.{digits}f}".replace("-", "−")
    number, power = f"{value:.0e}".split("e")
    return f"{number}e{int(power)}".replace("-", "−")


# ---- the still picture


def still(setting: Setting) -> str:
    """The densities and the discriminator, the value and the slopes."""
    import torch

    from ravine.gan_game import optimal_discriminator

    found = play(setting)
    x = torch.linspace(*WINDOW, 261, dtype=torch.float64)
    data, generator = log_data(x, setting.data).exp(), _log_normal(x, setting.mean, setting.width).exp()
    learned = _log_normal(x, *setting.lag).exp() if setting.lag else generator
    judged = optimal_discriminator(data, learned)
    value = f"V(D, G) = {told(found['value'])}; the best D has {told(found['best'])} = 2 · {told(found['jsd'])} − ln 4."
    alt = (
        f"The data's density, {DATA[setting.data][0]}, the generator's, of mean {setting.mean:g} and width "
        f"{setting.width:g}, and the discriminator. {value}"
    )
    curves = [("data", data, True), ("generator", generator, True), ("judge faint", judged, False)]
    drawn = "".join(f'<path class="gan-{kind}" d="{_path(x, y, closed=closed)}"/>' for kind, y, closed in curves)
    drawn += f'<path class="gan-judge" d="{_pieces(x, judged, data + learned > EMPTY)}"/>'
    rows = "".join(
        f'<tr class="gan-{kind}"><th scope="row">{escape(title)}</th><td>{told(found[kind + ".mean"])}</td>'
        f"<td>{told(found[kind + '.width'])}</td></tr>"
        for kind, title in LOSSES.items()
    )
    return (
        f'<svg class="gan-picture" viewBox="0 0 {SIZE[0]} {SIZE[1]}" role="img" aria-label="{escape(alt)}">'
        f'{_axes()}{drawn}</svg><p class="gan-told">{value}</p><table class="gan-slopes"><caption>Slopes of the '
        'generator\'s loss</caption><thead><tr><th scope="col">loss</th><th scope="col">in the mean</th><th '
        f'scope="col">in the width</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _pixel(x: float, y: float) -> tuple[float, float]:
    (left, right, top, bottom), (low, high) = MARGIN, WINDOW
    across = left + (x - low) / (high - low) * (SIZE[0] - left - right)
    return across, SIZE[1] - bottom - y / TOP * (SIZE[1] - top - bottom)


def _path(xs, ys, *, closed: bool) -> str:
    points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    if closed:
        points = [(points[0][0], 0), *points, (points[-1][0], 0)]
    return "M" + "L".join("{:.1f},{:.1f}".format(*_pixel(*point)) for point in points) + "Z" * closed


def _pieces(xs, ys, shown) -> str:
    """The parts of a curve where ``shown`` holds."""
    runs = groupby(zip(xs, ys, shown.tolist(), strict=True), key=lambda point: point[2])
    return "".join(_path(*zip(*((x, y) for x, y, _ in run), strict=True), closed=False) for kept, run in runs if kept)


def _axes() -> str:
    drawn = ""
    for y, text in ((0, "0"), (0.5, "½"), (1, "1")):
        (left, level), (right, _) = _pixel(WINDOW[0], y), _pixel(WINDOW[1], y)
        drawn += f'<path d="M{left:.1f} {level:.1f}H{right:.1f}"/>'
        drawn += f'<text x="{left - 8:.1f}" y="{level + 4:.1f}" text-anchor="end">{text}</text>'
    for x in range(-6, 7, 2):
        text = f"{x}".replace("-", "−")
        drawn += f'<text x="{_pixel(x, 0)[0]:.1f}" y="{SIZE[1] - 7}" text-anchor="middle">{text}</text>'
    return f'<g class="gan-axes">{drawn}</g>'
