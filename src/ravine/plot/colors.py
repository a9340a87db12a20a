"""One color per idea, through figures, prose and explorables.

The base is the palette of Okabe and Ito (2008), "Color Universal Design". One figure goes on light and on dark ground
alike, so blue and sky blue are shifted until they stand out 3:1 from both (WCAG 2.2, non-text contrast), and two colors
are added for AdaDelta and AdamW. The one exception is the orange of RMSprop, 2.2:1 on white: any darker, and it turns
into gradient descent's vermillion for readers without green receptors. Colors that share a figure belong to one of
``GROUPS`` and are told apart with simulated protanopia and deuteranopia too; colors of different groups may be close.
"""

import re
from itertools import cycle

COLORS = {
    "gradient descent": "#D55E00",
    "heavy ball": "#006BB0",
    "Nesterov": "#3A9BD0",
    "AdaGrad": "#CC79A7",
    "RMSprop": "#E69F00",
    "AdaDelta": "#7F5FE0",
    "Adam": "#009E73",
    "AdamW": "#DB1249",
    "train": "#2A7FA3",
    "validation": "#BF6A1F",
    "test": "#B8396A",
    "real": "#3F8F5F",
    "generated": "#B8508F",
    "old task": "#5B7F9F",
    "new task": "#C7652B",
}

GROUPS = (
    ("gradient descent", "heavy ball", "Nesterov", "AdaGrad", "RMSprop", "AdaDelta", "Adam", "AdamW"),
    ("train", "validation", "test"),
    ("real", "generated"),
    ("old task", "new task"),
)

#: Values of one setting, from low to high (learning rates, say): cool to hot, none of them the color of an idea.
RAMP = ("#3A96D8", "#8A7CD0", "#C765A5", "#E0563F")

#: Axes, ticks, text and contour lines: a grey that reads on light (4.0:1) and on dark (4.5:1).
INK = "#808080"


def color_of(label):
    """Return the color of the idea that a label names.

    Args:
        label: an idea of ``COLORS``, possibly followed by more ("heavy ball, beta 0.9").

    Returns:
        Its color ``"#RRGGBB"``, or None if the label begins with no idea of ours.

    >>> color_of("AdamW, decay 0.01"), color_of("my method")
    ('#DB1249', None)
    """
    ideas = [idea for idea in COLORS if re.match(rf"{re.escape(idea)}\b", label, re.IGNORECASE)]
    return COLORS[max(ideas, key=len)] if ideas else None


def assign_colors(labels):
    """Give each label the color of its idea; a label of no idea gets the next color that nobody else has."""
    known = {label: color_of(label) for label in labels}
    spare = cycle([color for color in COLORS.values() if color not in known.values()] or [INK])
    return {label: color or next(spare) for label, color in known.items()}


def variable(idea):
    """Return the name of an idea's CSS custom property.

    >>> variable("gradient descent")
    '--color-gradient-descent'
    """
    return "--color-" + idea.lower().replace(" ", "-")


def css():
    """Return the colors as CSS custom properties, a ``:root`` rule for the site's style sheet.

    >>> print(css().splitlines()[1])
      --color-gradient-descent: #D55E00;
    """
    lines = [f"  {variable(idea)}: {color};" for idea, color in (*COLORS.items(), ("ink", INK))]
    return "\n".join((":root {", *lines, "}", ""))
