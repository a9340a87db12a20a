"""The colors are told apart, also with two receptors, and stand out from light and from dark."""

import itertools
import re

import numpy as np
import pytest

from ravine.plot.colors import COLORS, GROUPS, INK, RAMP, assign_colors, color_of, css, variable

LIGHT, DARK = "#FFFFFF", "#15181C"  # the grounds of the site, book/_static/css/course.css

# Machado, Oliveira and Fernandes (2009), severity 1.0; they act on linear RGB.
VISION = {
    "three receptors": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}
# sRGB to XYZ, and the white point D65.
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(color):
    channels = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    x, y, z = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in XYZ @ np.clip(rgb, 0, 1) / WHITE)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    """WCAG 2.2 contrast ratio."""
    low, high = sorted(XYZ[1] @ linear(color) + 0.05 for color in (one, other))
    return high / low


@pytest.mark.parametrize(("vision", "least"), [("three receptors", 20), ("protanopia", 15), ("deuteranopia", 15)])
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_ideas_that_share_a_figure_differ(group, vision, least):
    seen = {idea: lab(VISION[vision] @ linear(COLORS[idea])) for idea in group}
    distances = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in itertools.combinations(group, 2)}
    closest = min(distances, key=distances.get)
    assert distances[closest] >= least, (closest, distances[closest])


@pytest.mark.parametrize("ground", [LIGHT, DARK])
@pytest.mark.parametrize("idea", COLORS)
def test_every_color_stands_out(idea, ground):
    # The one exception, named in the module: any darker, RMSprop would look like gradient descent in deuteranopia.
    least = 2.2 if (idea, ground) == ("RMSprop", LIGHT) else 3.0
    assert contrast(COLORS[idea], ground) >= least


@pytest.mark.parametrize("ground", [LIGHT, DARK])
@pytest.mark.parametrize("color", RAMP)
def test_the_ramp_stands_out(color, ground):
    assert contrast(color, ground) >= 3.0
    assert color not in COLORS.values()


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_ink_stands_out(ground):
    assert contrast(INK, ground) >= 3.9


def test_every_idea_is_in_one_group_and_has_a_color_of_its_own():
    assert sorted(itertools.chain(*GROUPS)) == sorted(COLORS)
    assert len(set(COLORS.values())) == len(COLORS)
    assert all(re.fullmatch(r"#[0-9A-F]{6}", color) for color in COLORS.values())


def test_labels_find_their_idea():
    assert color_of("heavy ball, beta 0.9") == COLORS["heavy ball"]
    assert color_of("AdamW") == COLORS["AdamW"] != color_of("Adam")
    assert color_of("Gradient descent (tuned)") == COLORS["gradient descent"]
    assert color_of("Adamant") is None
    assert color_of("") is None


def test_other_labels_get_colors_that_are_free():
    found = assign_colors(["mine", "Adam", "yours"])
    assert found["Adam"] == COLORS["Adam"]
    assert len(set(found.values())) == 3


def test_css_holds_every_color():
    rules = dict(re.findall(r"^  (--color-[a-z-]+): (#[0-9A-F]{6});$", css(), re.MULTILINE))
    assert rules == {**{variable(idea): color for idea, color in COLORS.items()}, "--color-ink": INK}
    assert css().startswith(":root {\n")
    assert css().endswith("}\n")
