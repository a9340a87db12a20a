// The controls: native inputs, each with a label, and one function that brings them all to a state.

import { html, menu } from "../explorable/elements.mjs";
import { settingsOf, slug } from "./state.mjs";

// Learning rates by their logarithm; decays by how many zeros follow the nines, since 0.9, 0.99 and 0.999 are as far
// apart as they look. `round` keeps the numbers of a slider short; typed ones are taken as they are.
const LOGARITHM = {
  to: Math.log10,
  from: (place) => 10 ** place,
  round: (value) => Number(value.toPrecision(3)),
  step: 0.005,
};
const NINES = {
  to: (value) => -Math.log10(1 - value),
  from: (place) => 1 - 10 ** -place,
  round: (value) => Number((1 - Number((1 - value).toPrecision(2))).toFixed(6)),
  step: 0.02,
};
const PLAIN = { to: Number, from: Number, round: (value) => Number(value.toFixed(3)), step: 0.005 };
const SCALES = { lr: LOGARITHM, beta: NINES, beta2: NINES, weight_decay: PLAIN };

/** A loss in a few characters. */
export function short(loss) {
  if (!Number.isFinite(loss)) return "not finite";
  if (loss >= 1e4 || (loss > 0 && loss < 1e-3)) return loss.toExponential(0).replace("+", "");
  return loss >= 100 ? loss.toFixed(0) : String(Number(loss.toPrecision(2)));
}

/** Where a walk stands at a time. */
export function standing({ losses, end, at }, time) {
  if (end === "left" && time >= at) return `left the window at step ${at}`;
  if (end === "arrived" && time >= at) return `arrived at step ${at}`;
  const step = Math.min(Math.floor(time), losses.length - 1);
  return `loss ${short(losses[step])} at step ${step}`;
}

/** A list of all methods: switched on or off, with the learning rate of each and where it stands. */
export function methodList(names, toggle) {
  const rows = names.map((name) => {
    const box = html("input", { type: "checkbox" });
    box.addEventListener("change", () => toggle(name, box.checked));
    const [rate, told] = [html("span", { class: "rate" }), html("span", { class: "standing" })];
    const style = `--method: var(--color-${slug(name)})`;
    return {
      name,
      box,
      rate,
      told,
      node: html("li", { style, "data-method": name }, html("label", {}, box, name), rate, told),
    };
  });
  const list = html("ul", {}, ...rows.map(({ node }) => node));
  const node = html("fieldset", { class: "explorable-methods" }, html("legend", { class: "sr-only" }, "Methods"), list);

  function show(state, facts, walks, time) {
    for (const { name, box, rate, told, node: row } of rows) {
      const walk = walks.find(({ method }) => method === name);
      box.checked = Boolean(walk);
      row.classList.toggle("chosen", name === state.chosen);
      rate.textContent = walk ? `η = ${settingsOf(name, state, facts).lr}` : "";
      told.textContent = walk ? standing(walk, time) : "";
    }
  }
  return { node, show };
}

/** The settings of one method: which, and for each a slider and a field for an exact value. */
export function settingsPanel(facts, choose, set) {
  const which = menu("Settings of", [], choose);
  const sliders = html("div", { class: "explorable-sliders" });
  const heading = html("p", {}, html("span", { "aria-hidden": "true" }, "Settings of "), which);
  const node = html("div", { class: "explorable-settings" }, heading, sliders);
  let shown = ""; // the method whose sliders stand there, and the methods that can be chosen
  let rows = [];

  function show(state) {
    const key = [state.chosen, ...state.methods].join();
    if (key !== shown) {
      shown = key;
      which.replaceChildren(...state.methods.map((name) => html("option", { value: name }, name)));
      rows = state.chosen ? settingRows(state.chosen) : [];
      sliders.replaceChildren(...rows.map((row) => row.node));
    }
    node.hidden = !state.chosen;
    if (!state.chosen) return;
    which.value = state.chosen;
    node.style.setProperty("--method", `var(--color-${slug(state.chosen)})`);
    const settings = settingsOf(state.chosen, state, facts);
    for (const { name, range, field } of rows) {
      range.value = SCALES[name].to(settings[name]);
      range.setAttribute("aria-valuetext", settings[name]);
      if (field !== document.activeElement) field.value = settings[name];
    }
  }

  function settingRows(method) {
    return Object.entries({ lr: "Learning rate η", ...facts.methods[method].labels }).map(([name, label]) => {
      const [scale, [low, high]] = [SCALES[name], facts.ranges[name]];
      const range = html("input", { type: "range", min: scale.to(low), max: scale.to(high), step: scale.step });
      const field = html("input", {
        type: "number",
        min: low,
        max: high,
        step: "any",
        "aria-label": `${label}, exactly`,
      });
      const within = (value) => Math.min(high, Math.max(low, value));
      range.addEventListener("input", () => set(method, name, within(scale.round(scale.from(Number(range.value))))));
      field.addEventListener(
        "input",
        () => field.value !== "" && field.checkValidity() && set(method, name, field.valueAsNumber),
      );
      const text = html("label", {}, html("span", {}, label), range);
      return { name, range, field, node: html("div", { "data-setting": name }, text, field) };
    });
  }
  return { node, show };
}
