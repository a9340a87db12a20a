"""The one look of the course: colors, figures, paths on a landscape, animated paths.

>>> from ravine import plot
>>> plot.COLORS["gradient descent"]
'#D55E00'
"""

from .animation import animate
from .attention import attention
from .colors import COLORS, INK, RAMP, color_of, css
from .figures import SIZES, figure
from .labels import label_lines
from .terrain import contour, paths

__all__ = [
    "COLORS",
    "INK",
    "RAMP",
    "SIZES",
    "animate",
    "attention",
    "color_of",
    "contour",
    "css",
    "figure",
    "label_lines",
    "paths",
]
