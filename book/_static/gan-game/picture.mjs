// The picture: the data's density, the generator's, and the discriminator, over one axis. The generator has two
// handles, its mean at the peak and its width on the flank: by pointer, finger or the arrow keys.

import { change, svg } from "../explorable/elements.mjs";
import { against, logData, logNormal, logit, sigmoid } from "./game.mjs";
import { LEFT, across, levels, path, places } from "./scales.mjs";

const NEAR = 26; // pixels within which a handle is taken
const [ABOVE, BELOW] = [14, 24]; // pixels above and below the plot
const STRIDES = { mean: [0.1, 0.5], width: [0.05, 0.25] }; // of the arrow keys, and with Shift
const TITLES = { mean: "Mean of the generator", width: "Width of the generator" };

/** The picture; `move(name, value)` is called when the "mean" or "width" is moved, to any value. */
export function createPicture(facts, move) {
  const axes = svg("g", { class: "gan-axes" });
  const area = (name) => svg("path", { class: `gan-${name}` });
  const [data, generator, earlier, best] = ["data", "generator", "earlier", "best"].map(area);
  const [judge, faint] = [area("judge"), svg("path", { class: "gan-judge faint" })];
  const handles = Object.fromEntries(["width", "mean"].map((name) => [name, handle(name)]));
  const node = svg("svg", { class: "gan-picture", role: "group", "aria-label": "Densities and the discriminator" });
  node.append(axes, data, generator, earlier, best, faint, judge, handles.mean.group, handles.width.group);
  let [shown, size] = [null, [0, 0]];

  const x = () => across(size[0], facts.window);
  const high = (y) => size[1] - BELOW - (y / facts.top) * (size[1] - ABOVE - BELOW);

  function handle(name) {
    const [dot, ring] = [svg("circle", { r: 6 }), svg("circle", { class: "gan-hit", r: 15 })];
    const arrows = svg("path", { class: "gan-arrows" });
    const group = svg("g", { class: "gan-handle", "data-id": name, role: "slider", tabindex: 0 }, arrows, dot, ring);
    return { group, dot, ring, arrows };
  }

  /** Where the handles are: the width's is on the right flank, unless that is too near the edge. */
  function spots({ mean, width }) {
    const side = mean > 3.5 ? -1 : 1;
    const peak = Math.exp(logNormal(mean, mean, width));
    return { mean: [mean, peak], width: [mean + side * width, peak * Math.exp(-0.5)], side };
  }

  function draw(state, width) {
    shown = state;
    size = [width, Math.round(Math.max(250, 0.42 * width))];
    change(node, { viewBox: `0 0 ${size.join(" ")}` });
    const { modes } = facts.data[state.data];
    const { to } = x();
    const all = places(width, facts.window);
    const curve = (height) => path(all.map((at) => [to(at), high(height(at))]));
    const filled = (height) => `${curve(height)}V${high(0)}H${LEFT}Z`;
    const real = (at) => Math.exp(logData(at, modes));
    const fake = ([mean, wide]) => (at) => Math.exp(logNormal(at, mean, wide));
    const reply = (place) => (at) => sigmoid(logit(at, modes, place));
    const present = [state.mean, state.width];
    change(data, { d: filled(real) });
    change(generator, { d: filled(fake(present)) });
    change(earlier, { d: state.lag ? curve(fake(state.lag)) : "" });
    change(best, { d: state.lag ? curve(reply(present)) : "" });
    change(faint, { d: curve(reply(against(state))) });
    const learned = fake(against(state));
    change(judge, { d: pieces(all, (at) => real(at) + learned(at) > facts.empty, reply(against(state))) });
    const ticks = [-6, -4, -2, 0, 2, 4, 6].map((at) =>
      svg("text", { x: to(at).toFixed(1), y: size[1] - 7, "text-anchor": "middle" }, String(at).replace("-", "−")),
    );
    axes.replaceChildren(...levels(width, [0, 0.5, 1].map((y) => [high(y), ["0", "½", "1"][2 * y]])), ...ticks);
    place(state, to);
  }

  /** The parts of a curve where something holds. */
  function pieces(all, holds, height) {
    const runs = [];
    all.forEach((at, i) => {
      if (!holds(at)) return;
      if (!i || !holds(all[i - 1])) runs.push([]);
      runs.at(-1).push([x().to(at), high(height(at))]);
    });
    return runs.map(path).join("");
  }

  function place(state, to) {
    const where = spots(state);
    for (const [name, { group, dot, ring, arrows }] of Object.entries(handles)) {
      const [cx, cy] = [to(where[name][0]).toFixed(1), high(where[name][1]).toFixed(1)];
      for (const circle of [dot, ring]) change(circle, { cx, cy });
      change(arrows, { d: `M-11-4L-15 0L-11 4M11-4L15 0L11 4`, transform: `translate(${cx},${cy})` });
      change(group, {
        "aria-label": TITLES[name],
        "aria-valuemin": facts.ranges[name][0],
        "aria-valuemax": facts.ranges[name][1],
        "aria-valuenow": state[name],
        "aria-valuetext": String(state[name]).replace("-", "−"),
      });
    }
  }

  // ---- moving

  const pixel = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(node.getScreenCTM().inverse());
    return [x, y];
  };
  let held = null; // the handle that is dragged, and how far from it, across, it was taken

  // A finger anywhere but on a handle scrolls the page. (Within SVG, browsers do not all heed touch-action.)
  const ofHandle = (event) => event.target.closest("[data-id]") !== null;
  node.addEventListener("touchstart", (event) => ofHandle(event) && event.preventDefault(), { passive: false });
  node.addEventListener("pointerdown", (event) => {
    if (event.button || (event.pointerType === "touch" && !ofHandle(event))) return;
    const [px, py] = pixel(event);
    const where = spots(shown);
    const far = (name) => Math.hypot(x().to(where[name][0]) - px, high(where[name][1]) - py);
    const name = far("width") < far("mean") ? "width" : "mean";
    if (far(name) > NEAR && event.target !== generator) return;
    const taken = far(name) > NEAR ? "mean" : name; // the hill itself is dragged by its mean
    event.preventDefault();
    held = { name: taken, off: where[taken][0] - x().from(px), side: where.side };
    node.setPointerCapture(event.pointerId);
    handles[taken].group.focus({ preventScroll: true });
  });
  node.addEventListener("pointermove", (event) => {
    if (!held) return;
    const at = x().from(pixel(event)[0]) + held.off;
    move(held.name, held.name === "mean" ? at : held.side * (at - shown.mean));
  });
  for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (held = null));
  node.addEventListener("keydown", (event) => {
    const name = event.target.dataset?.id;
    const toward = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    const end = { Home: 0, End: 1 }[event.key];
    if (!name || (!toward && end === undefined) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const stride = STRIDES[name][event.shiftKey ? 1 : 0];
    move(name, toward ? shown[name] + toward * stride : facts.ranges[name][end]);
  });

  return { node, draw, handle: handles.mean.group };
}
