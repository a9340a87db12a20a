// Bellman's backup of one cell: the four Q as four triangles of a cell, and the sum behind each.

import { change, html, menu, svg } from "../explorable/elements.mjs";
import { ACTIONS, bestOf, lookAhead, summands } from "./solve.mjs";
import { brief, number, where } from "./words.mjs";

const SIDE = 190; // pixels of the picture
const [M, E] = [SIDE / 2, SIDE - 1];
const TRIANGLES = [
  `M1 1L${M} ${M}L1 ${E}Z`,
  `M1 ${E}L${M} ${M}L${E} ${E}Z`,
  `M${E} ${E}L${M} ${M}L${E} 1Z`,
  `M1 1L${M} ${M}L${E} 1Z`,
];
const PLACES = [
  [0.2, 0.5],
  [0.5, 0.83],
  [0.8, 0.5],
  [0.5, 0.17],
];

/** The panel; `place(letter)` is called when the cell that is looked at shall be something else. */
export function createBackup(facts, place) {
  const picture = svg("svg", { class: "gridworld-q", viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" });
  const parts = TRIANGLES.map((d, action) => {
    const [x, y] = PLACES[action].map((part) => part * SIDE);
    const group = svg("g", {}, svg("path", { d }), svg("text", { x, y: y + 5, class: "gridworld-value" }));
    picture.append(group);
    return group;
  });
  const heading = html("p", { class: "gridworld-heading" });
  const what = menu("This cell is", Object.entries(facts.letters), place);
  const kind = html("label", {}, html("span", {}, "This cell is"), what);
  const rows = ACTIONS.map((name) => {
    const [value, sum] = [html("td"), html("td")];
    return { row: html("tr", {}, html("th", { scope: "row" }, name), value, sum), value, sum };
  });
  const columns = ["action", "Q", "what it is made of"].map((text) => html("th", { scope: "col" }, text));
  const table = html(
    "table",
    { class: "gridworld-sums" },
    html("caption", {}, "Σ chance × (reward + γ V)"),
    html("thead", {}, html("tr", {}, ...columns)),
    html("tbody", {}, ...rows.map(({ row }) => row)),
  );
  const none = html("p", { class: "gridworld-none" });
  const node = html("div", { class: "gridworld-backup" }, heading, kind, picture, none, table);

  /** Show a cell's Q for some values; `from`: what the values are called; `peak`: the value of the full color. */
  function show({ model, values, cell, peak, from, hovered }) {
    const letter = model.letters[cell];
    heading.textContent = `Q at ${where(cell, model.width)}, from ${from}`;
    what.value = letter;
    what.disabled = letter === "S" || hovered;
    const [open, q] = [model.goesOn[cell], lookAhead(model, values, cell)];
    const best = bestOf(q);
    for (const part of [picture, table]) part.classList.toggle("gone", !open);
    const over = letter === "X" ? "A step into a wall stays where it is." : "Here an episode is over.";
    none.textContent = open ? "" : over;
    rows.forEach(({ row, value, sum }, action) => {
      const first = open && best.includes(action);
      row.classList.toggle("best", first);
      value.textContent = open ? number(q[action]) : "";
      sum.textContent = open ? sumOf(model, values, cell, action) : "";
      change(parts[action], {
        class: `${q[action] < 0 ? "below" : ""}${first ? " best" : ""}`,
        style: `--share: ${Math.min(100, (100 * Math.abs(q[action])) / peak).toFixed(1)}%`,
      });
      parts[action].lastChild.textContent = open ? brief(q[action], true) : "";
    });
  }
  return { node, show };
}

/** The sum of a Q as it is written: "0.8 (0 + 0.9 · 4.10) + 0.2 (−10)". */
function sumOf(model, values, cell, action) {
  const exact = (value) => number(value, 4, true);
  return summands(model, cell, action)
    .map(({ chance, reward, to }) => {
      const later = model.goesOn[to] ? ` + ${exact(model.discount)} · ${signedValue(values[to])}` : "";
      const paid = `${exact(reward)}${later}`;
      return chance > 1 - 1e-12 ? paid : `${exact(chance)} (${paid})`;
    })
    .join(" + ");
}

const signedValue = (value) => (value < 0 ? `(${number(value)})` : number(value));
