"""The GAN game as settings, numbers, directive and still picture; tests/book plays with it in a browser."""

import math
import random
import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from scipy.integrate import quad

from proctor.site import explorable
from proctor.site import gan_game_figure as figure
from ravine import gan_game

QUERIES = [figure.USUAL, "data=two&mean=-1.25&width=0.35&lag=3,0.5", "data=one&mean=0&width=2.5&lag=-5,2.1234"]


def settings() -> list[figure.Setting]:
    """Settings at random, and at the edges; half of the discriminators lag."""
    draw, found = random.Random(3), []
    for number in range(24):
        places = [[round(draw.uniform(*span), 2) for span in figure.RANGES.values()] for _ in range(2)]
        found.append(
            figure.Setting("two" if number % 2 else "one", *places[0], tuple(places[1]) if number % 4 > 1 else None)
        )
    edges = (5.0, 0.35, None), (-5.0, 2.5, None), (0.0, 0.5, None), (2.0, 0.35, (-5.0, 0.35)), (-5.0, 2.5, (5.0, 0.35))
    return found + [figure.Setting(data, *edge) for data in figure.DATA for edge in edges]


ALL = settings()


# ---- settings


@pytest.mark.parametrize("query", QUERIES)
def test_a_setting_is_written_as_it_was_read(query):
    assert figure.parse(query).query == query


def test_what_a_query_does_not_say_has_its_default():
    assert figure.parse("").query == figure.USUAL
    assert figure.parse("data=two") == figure.Setting("two", 2.0, 0.8, None)
    assert figure.parse("mean=-0").query == "data=one&mean=0&width=0.8"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("data=three", "data must be one of one, two, got 'three'"),
        ("mean=6", r"mean must be in \[-5, 5\], got 6"),
        ("width=0.1", r"width must be in \[0.35, 2.5\], got 0.1"),
        ("width=nan", "width must be in"),
        ("mean=left", "mean must be a number, got 'left'"),
        ("lag=1", "lag must be a mean and a width, got '1'"),
        ("lag=1,9", r"the width of lag must be in \[0.35, 2.5\], got 9"),
        ("lag=", "lag must be a mean and a width"),
        ("colour=red", "no 'colour'; there are data, mean, width, lag"),
    ],
)
def test_what_an_author_writes_wrongly_is_named(query, said):
    with pytest.raises(ValueError, match=said):
        figure.parse(query)


def test_options_are_a_query():
    options = {"data": "two", "mean": "-1", "lag": "3, 0.5"}
    assert figure.parse(figure.query_of(options)) == figure.Setting("two", -1.0, 0.8, (3.0, 0.5))
    assert figure.parse(figure.query_of({})).query == figure.USUAL


# ---- numbers


def integrals(setting: figure.Setting) -> dict[str, float]:
    """Values and losses by adaptive quadrature."""
    modes, here = figure.DATA[setting.data][1], (setting.mean, setting.width)
    judge = setting.lag or here
    hills = [here, judge, *(mode[1:] for mode in modes)]
    ends = sorted({center + k * wide for center, wide in hills for k in (-12, -5, -2, 0, 2, 5, 12)})

    def normal(x, mean, width):
        return math.exp(-(((x - mean) / width) ** 2) / 2) / (width * math.sqrt(2 * math.pi))

    def data(x):
        return sum(share * normal(x, center, wide) for share, center, wide in modes)

    def log_data(x):  # of one mode the exact one; between two, both are far from 0
        if len(modes) == 1:
            return log_normal(x, *modes[0][1:])
        return np.logaddexp(*(math.log(share) + log_normal(x, center, wide) for share, center, wide in modes))

    def log_normal(x, mean, width):
        return -(((x - mean) / width) ** 2) / 2 - math.log(width * math.sqrt(2 * math.pi))

    def mean_log(density, side, place):
        """The integral of a density times ln D (side 1) or ln(1 - D) (side -1), D the best reply to a place."""
        parts = [
            quad(
                lambda x: -density(x) * np.logaddexp(0, -side * (log_data(x) - log_normal(x, *place))),
                *piece,
                epsabs=1e-13,
                epsrel=1e-11,
                limit=200,
            )[0]
            for piece in pairwise(ends)
        ]
        return math.fsum(parts)

    def generator(x):
        return normal(x, *here)

    return {
        "value": mean_log(data, 1, judge) + mean_log(generator, -1, judge),
        "best": mean_log(data, 1, here) + mean_log(generator, -1, here),
        "minimax.loss": mean_log(generator, -1, judge),
        "nonsaturating.loss": -mean_log(generator, 1, judge),
    }


@pytest.mark.parametrize("setting", ALL[:10] + ALL[-10:], ids=lambda setting: setting.query)
def test_sums_over_the_grid_are_the_integrals(setting):
    ours, theirs = figure.play(setting), integrals(setting)
    for name, wanted in theirs.items():
        assert ours[name] == pytest.approx(wanted, rel=1e-9, abs=1e-9), name
    assert ours["jsd"] == pytest.approx((theirs["best"] + math.log(4)) / 2, abs=1e-9)


@pytest.mark.parametrize("setting", [one for one in ALL if one.data == "one"], ids=lambda setting: setting.query)
def test_the_two_losses_and_their_slopes_differ_by_a_closed_form(setting):
    """ln(1 - D) - ln D is minus the logit, whose mean under a Gaussian is known, and so are its slopes."""
    (_, center, wide), found = figure.DATA["one"][1][0], figure.play(setting)
    place = torch.tensor([setting.mean, setting.width], dtype=torch.float64, requires_grad=True)
    mean, width = place
    other, spread = setting.lag or (setting.mean, setting.width)

    def cross(c, s):  # minus the mean of a Gaussian's log density under the generator
        return math.log(s) + (width**2 + (mean - c) ** 2) / (2 * s**2)

    wanted = cross(center, wide) - cross(other, spread)
    slopes = torch.autograd.grad(wanted, place)[0]
    for what, value in (("loss", wanted.item()), ("mean", slopes[0].item()), ("width", slopes[1].item())):
        both = found[f"minimax.{what}"] + found[f"nonsaturating.{what}"]
        assert both == pytest.approx(value, rel=1e-10, abs=1e-10), what


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.query)
def test_slopes_are_differences_of_the_losses_with_the_discriminator_held(setting):
    judge, found, small = setting.lag or (setting.mean, setting.width), figure.play(setting), 1e-4

    def loss(name, mean, width):
        return figure.play(figure.Setting(setting.data, mean, width, judge))[f"{name}.loss"]

    for name in figure.LOSSES:
        for what, (right, up) in (("mean", (small, 0)), ("width", (0, small))):
            ends = [loss(name, setting.mean + k * right, setting.width + k * up) for k in (-1, 1)]
            assert found[f"{name}.{what}"] == pytest.approx((ends[1] - ends[0]) / (2 * small), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.query)
def test_the_best_discriminator_has_the_highest_value(setting):
    found = figure.play(setting)
    assert found["best"] == pytest.approx(2 * found["jsd"] - math.log(4), abs=1e-12)
    assert -math.log(4) - 1e-12 <= found["best"] <= 1e-12
    if setting.lag is None:
        assert found["value"] == pytest.approx(found["best"], abs=1e-12)
    else:
        assert found["value"] < found["best"]


@pytest.mark.parametrize("query", ["mean=0.3&width=0.5&lag=0.5,0.5", "data=two&mean=-0.5&width=1&lag=0,1"])
def test_a_discriminator_that_lags_has_the_librarys_value(query):
    setting = figure.parse(query)
    x = torch.arange(-240, 241, dtype=torch.float64) * figure.STEP  # so near that no D rounds to 0 or 1
    places = torch.tensor([[setting.mean, setting.width], setting.lag], dtype=torch.float64)
    here, earlier = (torch.distributions.Normal(*place).log_prob(x).exp() * figure.STEP for place in places)
    data = figure.log_data(x, setting.data).exp() * figure.STEP
    value = gan_game.value(data, here, gan_game.optimal_discriminator(data, earlier))
    assert figure.play(setting)["value"] == pytest.approx(value.item(), abs=1e-6)


def test_equal_densities_are_the_equilibrium():
    found = figure.play(figure.parse("data=one&mean=0&width=0.5"))
    assert found["value"] == pytest.approx(-math.log(4), abs=1e-12) and found["jsd"] == pytest.approx(0, abs=1e-12)
    assert all(abs(found[f"{name}.{what}"]) < 1e-12 for name in figure.LOSSES for what in ("mean", "width"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1.38629, "−1.386"),
        (15.9626, "15.963"),
        (8.92e-8, "9e−8"),
        (-5.5e-4, "−6e−4"),
        (1e-15, "0"),
        (-0.001, "−0.001"),
    ],
)
def test_numbers_are_short_and_true(value, text):
    assert figure.told(value) == text


# ---- the still picture


@pytest.mark.parametrize("query", QUERIES)
def test_the_still_picture_tells_the_numbers(query):
    setting = figure.parse(query)
    still = BeautifulSoup(explorable.figure("gan-game", setting, "page.html"), "html.parser").figure
    found = figure.play(setting)
    assert still["data-explorable"] == "gan-game" and still["data-query"] == query
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in still.select("tbody tr")]
    assert rows == [[figure.told(found[f"{name}.{what}"]) for what in ("mean", "width")] for name in figure.LOSSES]
    told = still.select_one(".gan-told").get_text()
    assert told.startswith(f"V(D, G) = {figure.told(found['value'])};") and figure.told(found["jsd"]) in told
    assert told in still.svg["aria-label"]
    assert "\n\n" not in str(still), "a blank line would end raw HTML"


def test_the_still_picture_draws_the_densities_and_their_ratio():
    setting = figure.parse("data=two&mean=1&width=0.5")
    still = BeautifulSoup(figure.still(setting), "html.parser")

    def heights(kind):
        points = re.findall(r"[ML]([\d.]+),([\d.]+)", still.select_one(f"path.gan-{kind}")["d"])
        bottom, top = figure._pixel(0, 0)[1], figure._pixel(0, 1)[1]
        return [(bottom - float(y)) / (bottom - top) for _, y in points]

    data, generator, judge = heights("data")[1:-1], heights("generator")[1:-1], heights("judge")
    assert max(generator) == pytest.approx(0.798, abs=0.01) and max(data) == pytest.approx(0.399, abs=0.01)
    for p, q, d in zip(data, generator, judge, strict=True):
        if p + q > 0.2:
            assert d == pytest.approx(p / (p + q), abs=0.02)


SOURCE = """# Page

```{explorable} gan-game
:data: two
:mean: -1
:width: 0.5
:lag: 3, 0.5
A *caption*.
```

{explorable}`look <gan-game?data=one&mean=0&width=0.5>`

```{explorable} gan-game
:mean: 7
```

```{explorable} gan-game
:lr: Adam 0.5
```
"""


@pytest.mark.slow
def test_directive_and_role_in_a_page(in_a_page):
    in_a_page(
        "gan-game",
        SOURCE,
        query="data=two&mean=-1&width=0.5&lag=3,0.5",
        linked="data=one&mean=0&width=0.5",
        errors=["mean must be in", "gan-game has no option 'lr'"],
    )
