// A plane of vectors that can be dragged: queries and keys as arrows, values as dots. Each is a handle, by pointer or
// by the arrow keys; the disk behind it has an area in proportion to its weight.

import { change, svg } from "../explorable/elements.mjs";
import { place, short } from "./labels.mjs";

const NAMES = { q: "query", k: "key", v: "value" };
const NEAR = 26; // pixels within which a handle is taken
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** A plane; `move(id, point)` is called when a handle is dragged to a point. `reach`: the largest component. */
export function createPlane({ title, reach, move }) {
  const [axes, lines, threads, marks, words] = ["axes", "lines", "threads", "marks", "words"].map((name) =>
    svg("g", { class: `attention-${name}` }),
  );
  const hint = svg("tspan", { dx: 8 }, "drag the dots");
  const heading = svg("text", { class: "attention-title", x: 12, y: 22 }, title, hint);
  const foot = svg("text", { class: "attention-foot", x: 12 });
  const node = svg("svg", { class: "attention-plane", role: "group", "aria-label": title });
  node.append(lines, axes, threads, marks, words, heading, foot);
  let [scale, size, shown, drawn] = [1, [0, 0], new Map(), []];

  const pixel = ([x, y]) => [size[0] / 2 + scale * x, size[1] / 2 - scale * y];
  const point = ([x, y]) => [(x - size[0] / 2) / scale, (size[1] / 2 - y) / scale];

  /**
   * Draw `items` `{id, word, point, weight, open}`; ids begin with their kind. `output`: a point that threads lead
   * from; `slope`: a query over the divisor, whose level lines are drawn; `note`: a line of words at the foot.
   */
  function draw({ items, width, output = null, slope = null, note = "" }) {
    size = [width, Math.round(width * 0.86)];
    scale = size[1] / (2 * reach + 0.9);
    change(node, { viewBox: `0 0 ${size.join(" ")}` });
    const ids = items.map(({ id }) => id).join();
    if (ids !== [...shown.keys()].join()) {
      shown = new Map(items.map(({ id }) => [id, handle(id)]));
      marks.replaceChildren(...[...shown.values()].map(({ group }) => group));
    }
    drawn = items;
    const [x0, y0] = pixel([0, 0]);
    axes.replaceChildren(svg("path", { d: `M0 ${y0}H${width}M${x0} 0V${size[1]}` }));
    for (const item of items) mark(shown.get(item.id), item, [x0, y0]);
    threads.replaceChildren(...(output ? items.filter(({ open }) => open).map((item) => thread(item, output)) : []));
    const step = slope ? spacing(slope) : null;
    lines.replaceChildren(...(step ? levels(slope, step) : []));
    label(items, output);
    foot.textContent = step ? `from line to line: weight × ${factor(step)}` : note;
    foot.setAttribute("y", size[1] - 12);
  }

  function handle(id) {
    const halo = svg("circle", { class: "attention-halo" });
    const [stem, tip, ring] = [svg("path"), svg("circle", { r: 5 }), svg("circle", { class: "attention-hit", r: 15 })];
    const group = svg(
      "g",
      { class: `attention-handle attention-${id[0]}`, "data-id": id, role: "slider", tabindex: 0 },
      ...[halo, ...(id[0] === "v" ? [] : [stem]), tip, ring],
    );
    return { group, halo, stem, tip, ring };
  }

  function mark({ group, halo, stem, tip, ring }, { id, word, point: at, weight, open }, [x0, y0]) {
    const [x, y] = pixel(at);
    change(stem, { d: `M${x0} ${y0}L${x.toFixed(1)} ${y.toFixed(1)}` });
    for (const circle of [halo, tip, ring]) change(circle, { cx: x.toFixed(1), cy: y.toFixed(1) });
    change(halo, { r: (0.72 * scale * Math.sqrt(weight)).toFixed(1) });
    group.classList.toggle("closed", !open);
    const where = at.map((value) => value.toFixed(2)).join(", ");
    change(group, {
      "aria-label": `${NAMES[id[0]]} of ${word}`,
      "aria-valuemin": -reach,
      "aria-valuemax": reach,
      "aria-valuenow": at[0],
      "aria-valuetext": id[0] === "q" ? where : `${where}; ${open ? `weight ${weight.toFixed(2)}` : "hidden"}`,
    });
  }

  function thread({ point: at, weight }, output) {
    const [[x, y], [a, b]] = [pixel(at), pixel(output)];
    const d = `M${a.toFixed(1)} ${b.toFixed(1)}L${x.toFixed(1)} ${y.toFixed(1)}`;
    return svg("path", { class: "attention-thread", d, style: `stroke-width: ${(0.22 * scale * weight).toFixed(2)}` });
  }

  function label(items, output) {
    // The query's and the output's name choose their places first, then those with the largest weight.
    const ordered = [...items].sort((a, b) => (b.id[0] === "q") - (a.id[0] === "q") || b.weight - a.weight);
    const all = ordered.map(({ id, word, point: at, open }) =>
      id[0] === "q" ? [at, "query", "q"] : [at, short(word), open ? id[0] : `${id[0]} closed`],
    );
    if (output) all.unshift([output, "output", "output"]);
    const stems = items.filter(({ id }) => id[0] !== "v").map(({ point: at }) => [...pixel([0, 0]), ...pixel(at)]);
    const placed = place(
      all.map(([at, text]) => ({ x: pixel(at)[0], y: pixel(at)[1], text })),
      stems,
      ...size,
    );
    const texts = placed.map(({ x, y, anchor }, i) =>
      svg("text", { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor, class: all[i][2] }, all[i][1]),
    );
    if (output) {
      const [cx, cy] = pixel(output);
      texts.push(svg("circle", { class: "attention-output", r: 7.5, cx: cx.toFixed(1), cy: cy.toFixed(1) }));
    }
    words.replaceChildren(...texts);
  }

  // ---- lines on which the score is equal: across the query

  const large = (value) => value.toExponential(0).replace("+", "");
  const factor = (step) => (step < 10 ? Math.exp(step).toPrecision(3) : large(Math.exp(step)));
  const spacing = (slope) => STEPS.find((step) => (step * scale) / Math.hypot(...slope) >= 13) ?? null;

  function levels([a, b], step) {
    const long = Math.hypot(a, b);
    if (long < 0.05) return [];
    const most = Math.floor((1.5 * reach * long) / step);
    return Array.from({ length: 2 * most + 1 }, (_, i) => {
      const [right, up] = [a / long, b / long];
      const far = ((i - most) * step) / long;
      const end = (side) => pixel([right * far - up * side, up * far + right * side]);
      const [from, to] = [end(-3 * reach), end(3 * reach)];
      const opacity = (0.12 + (0.4 * i) / Math.max(1, 2 * most)).toFixed(2);
      return svg("path", { d: `M${from.map((v) => v.toFixed(1))}L${to.map((v) => v.toFixed(1))}`, opacity });
    });
  }

  // ---- moving

  const within = (value) => Math.max(-reach, Math.min(reach, Number(value.toFixed(2))));
  const put = (id, to) => move(id, to.map(within));
  const at = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(node.getScreenCTM().inverse());
    return [x, y];
  };
  let held = null; // the id of the handle that is dragged, and how far from its point it was taken

  // A finger anywhere but on a handle scrolls the page. (Within SVG, browsers do not all heed touch-action.)
  const ofHandle = (event) => event.target.closest("[data-id]") !== null;
  node.addEventListener("touchstart", (event) => ofHandle(event) && event.preventDefault(), { passive: false });
  node.addEventListener("pointerdown", (event) => {
    if (event.button || (event.pointerType === "touch" && !ofHandle(event))) return;
    const [x, y] = at(event);
    const near = drawn.map((item) => ({ item, far: Math.hypot(pixel(item.point)[0] - x, pixel(item.point)[1] - y) }));
    const { item, far } = near.reduce((a, b) => (b.far < a.far ? b : a));
    if (far > NEAR) return;
    event.preventDefault();
    held = { id: item.id, off: [pixel(item.point)[0] - x, pixel(item.point)[1] - y] };
    node.setPointerCapture(event.pointerId);
    shown.get(held.id).group.focus({ preventScroll: true });
  });
  node.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [x, y] = at(event);
    put(held.id, point([x + held.off[0], y + held.off[1]]));
  });
  for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (held = null));
  node.addEventListener("keydown", (event) => {
    const toward = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const item = drawn.find(({ id }) => id === event.target.dataset?.id);
    if (!toward || !item || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const stride = event.shiftKey ? 0.5 : 0.1;
    put(item.id, item.point.map((value, axis) => value + toward[axis] * stride));
  });

  return { node, draw };
}
