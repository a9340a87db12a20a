// The numbers of a world: each a slider and a field for an exact value, and the buttons of value iteration.

import { button, html } from "../explorable/elements.mjs";
import { counted, number } from "./words.mjs";

// Of each: its name, its sign, the step of its slider, and what its value means.
const NAMES = {
  discount: ["Discount", "γ", 0.01, ({ discount }) => `1/(1 − γ) = ${number(1 / (1 - discount), 1, true)} steps`],
  slip: ["Slip", "", 0.01, ({ slip }) => `ahead ${number(1 - slip, 4, true)}, each side ${number(slip / 2, 4, true)}`],
  step: ["Every step earns", "", 0.05, ({ step }) => (step < 0 ? "it has a price" : step > 0 ? "it is paid" : "")],
  goal: ["Goal", "", 0.5, ({ rows }) => absent(rows, "G")],
  bonus: ["Bonus", "", 0.5, ({ rows }) => absent(rows, "B")],
  pit: ["Pit", "", 0.5, ({ rows }) => absent(rows, "H")],
};
const absent = (rows, letter) => (rows.some((row) => row.includes(letter)) ? "" : "there is none here");

/** All numbers; `set(name, value)` is called when the reader changes one. */
export function numbers(facts, set) {
  const rows = Object.entries(NAMES).map(([name, [text, sign, step, meaning]]) => {
    const [, least, most] = facts.numbers[name];
    const range = html("input", { type: "range", min: least, max: most, step });
    const field = html("input", { type: "number", min: least, max: most, step: "any" });
    field.setAttribute("aria-label", `${text}, exactly`);
    range.addEventListener("input", () => set(name, Number(range.valueAsNumber.toFixed(4))));
    field.addEventListener("input", () => {
      const value = field.valueAsNumber;
      if (value >= least && value <= most) set(name, value);
    });
    field.addEventListener("change", () => (field.value = range.dataset.exact));
    const note = html("small");
    const label = html("label", {}, html("span", {}, text, sign && " ", sign && html("i", {}, sign)), range);
    return { name, range, field, note, meaning, node: html("div", {}, label, field, note) };
  });
  const node = html("div", { class: "gridworld-numbers" }, ...rows.map((row) => row.node));

  function show(state) {
    for (const { name, range, field, note, meaning } of rows) {
      range.value = state[name];
      range.dataset.exact = state[name];
      range.setAttribute("aria-valuetext", state[name]);
      if (field !== document.activeElement) field.value = state[name];
      note.textContent = meaning(state);
    }
  }
  return { node, show };
}

/** The buttons of value iteration and where it stands; `go(sweeps)` with null for V*. */
export function iteration(facts, go) {
  let shown = null;
  const zero = button("Begin at 0", () => go(0));
  const once = button("One sweep", () => go(Math.min(facts.sweeps, (shown ?? 0) + 1)));
  const whole = button("V* at once", () => go(null));
  const told = html("span", { class: "gridworld-standing" });
  const buttons = html("span", { class: "gridworld-buttons" }, zero, once, whole);
  const node = html("p", { class: "gridworld-iteration" }, buttons, told);

  function show({ sweeps }, found) {
    shown = sweeps;
    const ends = found.sweeps > facts.sweeps ? `more than ${facts.sweeps} sweeps` : counted(found.sweeps, "sweep");
    if (sweeps === null) told.textContent = `V*: after ${ends} no value changes.`;
    else if (sweeps === 0) told.textContent = "Before the first sweep all values are 0.";
    else if (sweeps > found.sweeps) told.textContent = `After ${counted(sweeps, "sweep")}: no value changes any more.`;
    else {
      const last = `the last changed a value by ${number(found.change)}`;
      told.textContent = `After ${counted(sweeps, "sweep")}: ${last}; the farthest is ${number(found.off)} from V*.`;
    }
  }
  return { node, show };
}
