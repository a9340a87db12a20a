// Below the densities: how hard each loss pushes the generator's samples, place by place; and the value on its scale.

import { change, svg } from "../explorable/elements.mjs";
import { push } from "./game.mjs";
import { LEFT, RIGHT, across, levels, number, path, places } from "./scales.mjs";

const SCALES = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]; // what is below a tenth of the first looks like 0
const LOSSES = ["minimax", "nonsaturating"];
const NARROW = 560;

/** A strip for each loss, with its own scale: the push on the samples at each place, up if it is to the right. */
export function createPush(facts) {
  const strips = LOSSES.map((name) => ({
    name,
    axes: svg("g", { class: "gan-axes" }),
    curve: svg("path", { class: `gan-push gan-${name}` }),
    title: svg("text", { class: "gan-title", x: LEFT + 8 }),
  }));
  const node = svg("svg", { class: "gan-pushes", role: "img" });
  for (const { axes, curve, title } of strips) node.append(axes, curve, title);

  function draw(state, found, width) {
    const [height, above] = [width < NARROW ? 88 : 100, 24]; // of a strip, and in it above the plot
    change(node, { viewBox: `0 0 ${width} ${strips.length * height + 8}` });
    const { to } = across(width, facts.window);
    const all = places(width, facts.window);
    const pushes = all.map((at) => push(at, state, facts));
    strips.forEach(({ name, axes, curve, title }, i) => {
      const largest = Math.max(...pushes.map((one) => Math.abs(one[name])));
      const scale = SCALES.find((one) => one >= largest) ?? SCALES.at(-1);
      const half = (height - above) / 2 - 4;
      const middle = i * height + above + half + 4;
      const high = (y) => middle - (y / scale) * half;
      change(curve, { d: `${path(all.map((at, j) => [to(at), high(pushes[j][name])]))}V${middle}H${LEFT}Z` });
      axes.replaceChildren(...levels(width, [[high(scale), scale], [middle, "0"], [high(-scale), `−${scale}`]]));
      const [short] = facts.losses[name].split(",");
      title.textContent = `${short}: push on the samples${width < NARROW ? "" : " at x (up: to the right)"}`;
      change(title, { y: i * height + 16 });
    });
    const sums = LOSSES.map((name) => `${facts.losses[name]}: ${number(-found[name].mean)}`);
    const said = "How hard each loss pushes the generator's samples to the right; in sum";
    change(node, { "aria-label": `${said}, ${sums.join("; ")}` });
  }
  return { node, draw };
}

/** The value on a scale from −3 to 0, and what the best discriminator would have. */
export function createGauge() {
  const [lowest, floor] = [-3, -Math.log(4)];
  const axis = svg("g", { class: "gan-axes" });
  const [best, value] = [svg("circle", { class: "gan-best-value", r: 6.5 }), svg("path", { class: "gan-value" })];
  const node = svg("svg", { class: "gan-gauge", role: "img" }, axis, best, value);

  function draw(state, found, width) {
    change(node, { viewBox: `0 0 ${width} 52` });
    const { to } = across(width, [lowest, 0]);
    const tick = (at, anchor, text) => [
      svg("path", { d: `M${to(at).toFixed(1)} 14V28` }),
      svg("text", { x: to(at).toFixed(1), y: 44, "text-anchor": anchor }, text),
    ];
    axis.replaceChildren(
      svg("path", { d: `M${LEFT} 21H${width - RIGHT}` }),
      ...tick(lowest, "start", "V = −3"),
      ...tick(floor, "middle", width < NARROW ? "−ln 4: equal" : "−ln 4: the best D cannot tell them apart"),
      ...tick(0, "end", width < NARROW ? "0: apart" : "0: it always can"),
    );
    const at = Math.max(lowest, found.value);
    const shape = found.value < lowest ? "M7-7L-6 0L7 7Z" : "M0-8L7 0L0 8L-7 0Z"; // an arrow, if it lies beyond
    change(value, { d: shape, transform: `translate(${to(at).toFixed(1)},21)` });
    change(best, { cx: to(found.best).toFixed(1), cy: 21, visibility: state.lag ? "visible" : "hidden" });
    change(node, { "aria-label": `The value of the game, ${number(found.value)}, between −3 and 0` });
  }
  return { node, draw };
}
