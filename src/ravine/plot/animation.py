"""Animated paths: one piece of HTML that plays without a kernel and asks the network for nothing.

It is a drawing of the whole paths first, and stays one where scripts are off. With scripts it has a button and a
slider, both of which work from the keyboard. Nothing moves before the button is pressed; for a reader who asked their
system for less motion, the button shows the end at once, and the slider still goes through the steps.
"""

import hashlib
import json
from html import escape
from itertools import count

import numpy as np
from contourpy import contour_generator
from IPython.display import HTML

from .colors import COLORS, assign_colors, color_of, variable
from .terrain import check_walks, contour_grid, filling_window, visible

#: Pixels. The height follows the landscape's window, between these two.
WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 640, 260, 420
#: Longer paths are thinned to about this many points, and the slider has this many positions at most.
MOST_POINTS, MOST_FRAMES = 2000, 400
_NUMBERS = count(1)


def animate(landscape, walks):
    """Draw the paths of several methods on a landscape, to be played step by step.

    All of them take their steps together; one that has arrived waits. The colors are the CSS custom properties of
    :func:`ravine.plot.css`, with the same colors as fallback; the contour lines have the color of the text around.

    Args:
        landscape: a :class:`ravine.landscapes.Landscape`.
        walks: ``{label: Path}``; a label that begins with an idea of ``COLORS`` has its color.

    Returns:
        An ``IPython.display.HTML`` of some 20 to 100 kB.

    Raises:
        ValueError: if there is no path, or one that is not in two dimensions.
    """
    check_walks(walks)
    width, height = np.ptp(landscape.window, axis=1)
    height = round(float(np.clip(WIDTH * height / width, LEAST_HEIGHT, MOST_HEIGHT)))
    xlim, ylim = filling_window(landscape.window, WIDTH / height)

    def pixels(points):
        """Turn points ``(n, 2)`` of the plane into a list of pixels, ``2 n`` numbers."""
        scaled = (points - [xlim[0], ylim[1]]) / [xlim[1] - xlim[0], ylim[0] - ylim[1]] * [WIDTH, height]
        return [float(f"{number:.1f}") for number in scaled.ravel()]

    longest = max(walk.steps for walk in walks.values())
    stride = max(1, -(-longest // MOST_POINTS))
    frames = np.unique(np.linspace(0, -(-longest // stride), MOST_FRAMES + 1).round().astype(int)) * stride
    data = {"frames": np.minimum(frames, longest).tolist(), "stride": stride, "walks": []}
    for walk in walks.values():
        drawn = visible(walk.params, landscape.window)
        # The end is kept however the rest is thinned.
        kept = drawn[np.minimum(np.arange(0, len(drawn) + stride - 1, stride), len(drawn) - 1)]
        losses = walk.losses.double()[np.minimum(data["frames"], walk.steps)].tolist()
        data["walks"].append({"points": pixels(kept), "losses": [f"{loss:.3g}" for loss in losses]})

    content = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    name = f"walk-{hashlib.sha256((landscape.name + content).encode()).hexdigest()[:8]}-{next(_NUMBERS)}"
    ends = "; ".join(
        f"{label} has loss {walk.losses[-1].item():.3g} after {walk.steps} steps" for label, walk in walks.items()
    )
    alt = f"Contour lines of a landscape, {landscape.name}, with the path of each method. {ends[0].upper()}{ends[1:]}."
    palette = {label: _paint(label, color) for label, color in assign_colors(walks).items()}
    return HTML(
        f'<div id="{name}" style="max-width:{WIDTH}px">'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(alt)}"'
        ' style="display:block;width:100%;height:auto">'
        f'<path d="{_contours(landscape, xlim, ylim, pixels)}" fill="none" stroke="currentColor" opacity="0.3"/>'
        f'<path d="{_crosses(pixels(np.array(landscape.minima)))}" fill="none" stroke="currentColor" opacity="0.8"/>'
        f"{''.join(map(_walk, palette.values(), data['walks']))}</svg>"
        f"{_controls(data, palette)}"
        f"<script>({_SCRIPT})({json.dumps(name)},{content})</script></div>"
    )


def _paint(label, color):
    """Return the CSS color of a label: its idea's custom property, or the color itself where it has none."""
    if color_of(label) is None:
        return color
    idea = next(idea for idea in COLORS if COLORS[idea] == color)
    return f"var({variable(idea)},{color})"


def _contours(landscape, xlim, ylim, pixels):
    x, y, losses, heights = contour_grid(landscape, xlim, ylim, None)
    lines = contour_generator(x=x, y=y, z=losses)
    return "".join(_polyline(pixels(line)) for height in heights for line in lines.lines(height))


def _polyline(numbers, apart=4.0):
    """Write pixels as the ``d`` of an SVG path, leaving out points closer than ``apart`` to the last one kept."""
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    kept = points[:1]
    for point in points[1:-1]:
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= apart:
            kept.append(point)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in [*kept, points[-1]])


def _crosses(numbers):
    return "".join(f"M{x - 5:g} {y:g}h10M{x:g} {y - 5:g}v10" for x, y in zip(numbers[::2], numbers[1::2], strict=True))


def _walk(paint, walk):
    points = walk["points"]
    return (
        f'<circle cx="{points[0]:g}" cy="{points[1]:g}" r="5" fill="none" stroke="currentColor"/>'
        f'<polyline points="{" ".join(f"{number:g}" for number in points)}" fill="none" stroke-width="1.8"'
        f' stroke-linejoin="round" style="stroke:{paint}"/>'
        f'<circle class="end" cx="{points[-2]:g}" cy="{points[-1]:g}" r="5" style="fill:{paint}"/>'
    )


def _controls(data, palette):
    last = data["frames"][-1]
    names = "".join(
        f'<span><svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true"><circle cx="5" cy="5" r="5"'
        f' style="fill:{paint}"/></svg> {escape(label)} <output style="font-variant-numeric:tabular-nums">'
        f"{walk['losses'][-1]}</output></span>"
        for (label, paint), walk in zip(palette.items(), data["walks"], strict=True)
    )
    row = "display:flex;flex-wrap:wrap;align-items:center;gap:0.2em 1em;margin-top:0.4em"
    return (
        f'<div class="controls" style="display:none"><button type="button" style="min-width:5em">Play</button>'
        f'<input type="range" min="0" max="{len(data["frames"]) - 1}" value="{len(data["frames"]) - 1}"'
        f' aria-label="Step" style="flex:1 1 10em"><span>step <output>{last}</output></span></div>'
        f'<div class="losses" style="{row}"><span>loss</span>{names}</div>'
    )


_SCRIPT = """(name, data) => {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const last = data.frames.length - 1, duration = Math.min(8000, 60 * last + 1000);
  for (const root of document.querySelectorAll(`#${name}:not([data-ready])`)) {
    root.dataset.ready = "";
    const lines = root.querySelectorAll("polyline"), ends = root.querySelectorAll(".end");
    const losses = root.querySelectorAll(".losses output"), controls = root.querySelector(".controls");
    const button = controls.querySelector("button"), slider = controls.querySelector("input");
    const step = controls.querySelector("output");
    let frame = last, request = null;
    const draw = (wanted) => {
      frame = wanted;
      slider.value = frame;
      slider.setAttribute("aria-valuetext", `step ${data.frames[frame]}`);
      step.value = data.frames[frame];
      data.walks.forEach((walk, i) => {
        const most = walk.points.length / 2 - 1;
        const end = Math.min(most, Math.ceil(data.frames[frame] / data.stride));
        lines[i].setAttribute("points", walk.points.slice(0, 2 * end + 2).join(" "));
        ends[i].setAttribute("cx", walk.points[2 * end]);
        ends[i].setAttribute("cy", walk.points[2 * end + 1]);
        losses[i].value = walk.losses[frame];
      });
    };
    const stop = () => {
      if (request !== null) cancelAnimationFrame(request);
      request = null;
      button.textContent = "Play";
    };
    const play = () => {
      if (calm.matches) return draw(last);
      const from = frame === last ? 0 : frame, began = performance.now();
      button.textContent = "Pause";
      const tick = (now) => {
        draw(Math.min(last, from + Math.floor(Math.max(0, now - began) / duration * last)));
        if (frame < last) request = requestAnimationFrame(tick);
        else stop();
      };
      draw(from);
      request = requestAnimationFrame(tick);
    };
    button.addEventListener("click", () => (request === null ? play() : stop()));
    slider.addEventListener("input", () => { stop(); draw(Number(slider.value)); });
    controls.style.cssText = "display:flex;align-items:center;gap:1em;margin-top:0.4em";
  }
}"""
