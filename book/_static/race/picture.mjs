// The two pictures: the landscape seen from above, with the paths on it, and the loss against the step.
//
// Both are SVG in units of CSS pixels, drawn anew for the width they have. Colors come from the style sheet.

import { contours } from "./contours.mjs";
import { change, svg } from "../explorable/elements.mjs";
import { slug } from "./state.mjs";

const color = (method) => `--method: var(--color-${slug(method)})`;
const line = (points) =>
  points.length ? `M${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}` : "";
const dots = (points) => points.map(([x, y]) => `M${x.toFixed(1)},${y.toFixed(1)}h0`).join("");

/** The items of a walk up to a time that may lie between two steps: the last one is then in between, too. */
export function until(items, time, between) {
  const whole = Math.floor(time);
  if (whole >= items.length - 1) return items;
  const drawn = items.slice(0, whole + 1);
  if (time > whole) drawn.push(between(items[whole], items[whole + 1], time - whole));
  return drawn;
}

const mix = (from, to, share) => from + share * (to - from);

/** The part of the plane that is drawn: a window, widened about its center to a shape that suits the width. */
export function view(window, width) {
  const [[left, right], [bottom, top]] = window;
  const [low, high] = width < 560 ? [1, 1.8] : [1.9, 3.2];
  const ratio = Math.min(high, Math.max(low, (right - left) / (top - bottom)));
  const scale = Math.min(width / (right - left), width / ratio / (top - bottom)); // pixels a unit
  const [x, y, height] = [(left + right) / 2, (bottom + top) / 2, Math.round(width / ratio)];
  return {
    size: [width, height],
    pixel: ([px, py]) => [width / 2 + (px - x) * scale, height / 2 - (py - y) * scale],
    point: ([px, py]) => [x + (px - width / 2) / scale, y - (py - height / 2) / scale],
  };
}

/** The map of a landscape. */
export function createMap() {
  const [lines, minima, paths] = ["contours", "minima", "paths"].map((name) =>
    svg("g", { class: `explorable-${name}` }),
  );
  const start = svg("g", { class: "explorable-start" }, svg("circle", { r: 22 }), svg("circle", { r: 6.5 }));
  // One that takes keys of its own is an application to a screen reader; its label says which.
  const node = svg("svg", { class: "explorable-map", role: "application", tabindex: 0 }, lines, minima, paths, start);
  let current;

  function show(landscape, { window, minima: lowest, levels }, width) {
    current = view(window, width);
    change(node, { viewBox: `0 0 ${current.size.join(" ")}` });
    const data = contours((pixel) => landscape.loss(current.point(pixel)), { levels, size: current.size, cell: 5 });
    lines.replaceChildren(
      ...data.map((d, i) => svg("path", { d, style: `opacity: ${(0.8 - (0.6 * i) / levels.length).toFixed(2)}` })),
    );
    const marks = lowest.map((point) =>
      svg("path", { d: "M-6 0H6M0-6V6", transform: `translate(${current.pixel(point)})` }),
    );
    minima.replaceChildren(...marks);
  }

  function draw(walks, { time, from, chosen }) {
    const between = (a, b, share) => a.map((value, i) => mix(value, b[i], share));
    const drawn = walks.map(({ method, points }) => {
      const visited = until(points, time, between).map(current.pixel);
      const [cx, cy] = visited[visited.length - 1];
      const few = points.length <= 120 || method === chosen;
      return svg(
        "g",
        {
          class: method === chosen ? "explorable-path chosen" : "explorable-path",
          style: color(method),
          "data-method": method,
        },
        svg("path", { d: line(visited) }),
        svg("path", { class: "dots", d: few ? dots(visited) : "" }),
        svg("circle", { r: 6, cx: cx.toFixed(1), cy: cy.toFixed(1) }),
      );
    });
    paths.replaceChildren(...drawn);
    change(start, { transform: `translate(${current.pixel(from)})` });
  }

  const point = (pixel) => current.point(pixel);
  return { node, show, draw, point };
}

const PLOT = { left: 44, right: 14, top: 30, bottom: 26 };

/** The loss of every walk against the step, on a logarithmic scale. */
export function createChart() {
  const [frame, curves] = [svg("g", { class: "explorable-frame" }), svg("g", { class: "explorable-paths" })];
  const node = svg("svg", { class: "explorable-chart", role: "img" }, frame, curves);

  function draw(walks, { time, last, floor, chosen, size: [width, height] }) {
    change(node, { viewBox: `0 0 ${width} ${height}` });
    const heights = walks.flatMap(({ losses }) => losses.filter(Number.isFinite));
    const low = Math.log10(floor);
    const high = Math.min(9, Math.max(low + 2, Math.ceil(Math.log10(Math.max(floor, ...heights)))));
    const x = (step) => PLOT.left + (step / last) * (width - PLOT.left - PLOT.right);
    const y = (power) => mix(height - PLOT.bottom, PLOT.top, Math.min(1, Math.max(0, (power - low) / (high - low))));
    frame.replaceChildren(...axes({ x, y, low, high, last, time, width, height }));
    const drawn = walks.map(({ method, losses }) => {
      const powers = losses.map((loss) => (loss > 0 ? Math.log10(loss) : loss === 0 ? low : high));
      const shown = until(powers, time, mix).map((power, i, all) => [
        x(i < all.length - 1 ? i : Math.min(time, losses.length - 1)),
        y(power),
      ]);
      const [cx, cy] = shown[shown.length - 1];
      return svg(
        "g",
        { class: method === chosen ? "explorable-path chosen" : "explorable-path", style: color(method) },
        svg("path", { d: line(shown) }),
        svg("circle", { r: 4, cx: cx.toFixed(1), cy: cy.toFixed(1) }),
      );
    });
    curves.replaceChildren(...drawn);
  }

  return { node, draw };
}

function axes({ x, y, low, high, last, time, width, height }) {
  const parts = [];
  const every = high - low > 6 ? 2 : 1;
  for (let power = Math.ceil(low); power <= high; power += every) {
    parts.push(svg("path", { d: `M${PLOT.left} ${y(power)}H${width - PLOT.right}` }));
    parts.push(svg("text", { x: PLOT.left - 8, y: y(power) + 4, "text-anchor": "end" }, power10(power)));
  }
  const step = [1, 2, 5, 10, 20, 50, 100].find((size) => last / size <= 5);
  for (let at = 0; at <= last; at += step) {
    parts.push(svg("text", { x: x(at), y: height - 8, "text-anchor": "middle" }, String(at)));
  }
  parts.push(svg("text", { x: 0, y: 12 }, "loss"));
  parts.push(
    svg(
      "text",
      { x: width, y: height - 8, "text-anchor": "end" },
      last % step > 0.4 * step || last % step === 0 ? "" : "step",
    ),
  );
  if (time < last) parts.push(svg("path", { class: "now", d: `M${x(time)} ${PLOT.top}V${height - PLOT.bottom}` }));
  return parts;
}

const power10 = (power) => (power >= -3 && power <= 3 ? String(Number(`1e${power}`)) : `1e${power}`);
