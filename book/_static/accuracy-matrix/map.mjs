// R as a heat map: a row for each stage, a column for each task. To assistive technology it is a grid: one stop of Tab,
// arrows within.

import { change, html, menu } from "../explorable/elements.mjs";
import { told } from "./words.mjs";

const TOWARD = { ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowRight: [0, 1], ArrowUp: [-1, 0] };
const SIGNS = { 1: "plus", "-1": "minus" };

/** Let a menu offer `[value, text]` each, and show one of them. */
export function offer(select, names, value) {
  const key = JSON.stringify(names);
  if (select.dataset.names !== key) {
    select.replaceChildren(...names.map(([one, text]) => html("option", { value: one }, text)));
    select.dataset.names = key;
  }
  select.value = value;
}

const stageInWords = (row) => (row ? `after ${row}` : "before");

/** A map; `choose(method)` and `point([row, column] or null)` are called when the reader does so. */
export function createMap(label, { choose, point }) {
  const methods = menu(label, [], choose);
  const settings = html("small");
  const table = html("table", { class: "matrix-map", role: "grid" });
  const sum = html("p", { class: "matrix-sum" });
  const node = html("div", {}, html("p", { class: "matrix-method" }, methods, settings), table, sum);
  let [shape, grid, stop] = ["", [], [1, 0]];

  /**
   * Draw `values` up to the row `learned`; `marked`: signs by cell, as "row,column"; `pointed`: the cell pointed at;
   * `titles`: `[name, title]` of the methods; `method`: the name of this one; `note`: its settings; `said`: the sum.
   */
  function draw({ titles, method, note, values, tasks, learned, marked, pointed, said }) {
    offer(methods, titles, method);
    settings.textContent = note;
    table.setAttribute("aria-label", `R of ${titles.find(([name]) => name === method)[1]}`);
    if (shape !== tasks.join()) build(tasks);
    if (stop[0] > learned) stop = [learned, stop[1]];
    grid.forEach((cells, row) =>
      cells.forEach((cell, task) => {
        const open = row <= learned;
        const here = pointed?.[0] === row && pointed[1] === task;
        const sign = SIGNS[marked[`${row},${task}`]];
        const names = [row === task + 1 && "just", sign, !open && "empty", here && "pointed"];
        change(cell, {
          class: names.filter(Boolean).join(" ") || false,
          style: open && `--share: ${(100 * values[row][task]).toFixed(1)}%`,
          tabindex: open && (stop[0] === row && stop[1] === task ? "0" : "-1"),
        });
        cell.textContent = open ? told(values[row][task], 2) : "";
      }),
    );
    sum.textContent = said;
  }

  function build(tasks) {
    shape = tasks.join();
    const heads = tasks.map((task, i) => html("th", { scope: "col" }, `task ${i + 1} `, html("small", {}, task)));
    grid = [0, ...tasks].map(() => tasks.map(() => html("td", { role: "gridcell" })));
    grid.forEach((cells, row) => cells.forEach((cell, task) => (cell.dataset.at = `${row},${task}`)));
    const rows = grid.map((cells, row) => html("tr", {}, html("th", { scope: "row" }, stageInWords(row)), ...cells));
    table.replaceChildren(
      html("thead", {}, html("tr", {}, html("td", { class: "matrix-corner" }), ...heads)),
      html("tbody", {}, ...rows),
    );
  }

  const at = (event) => {
    const cell = event.target.closest?.("td[data-at]:not(.empty)");
    return cell ? cell.dataset.at.split(",").map(Number) : null;
  };
  const left = () => point(table.contains(document.activeElement) ? at({ target: document.activeElement }) : null);
  table.addEventListener("pointerover", (event) => point(at(event)));
  table.addEventListener("pointerleave", left);
  table.addEventListener("focusin", (event) => {
    stop = at(event) ?? stop;
    point(at(event));
  });
  table.addEventListener("focusout", () => point(null));
  table.addEventListener("keydown", (event) => {
    const toward = TOWARD[event.key];
    if (!toward || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const to = grid[stop[0] + toward[0]]?.[stop[1] + toward[1]];
    if (to && !to.classList.contains("empty")) to.focus();
  });
  return { node, draw };
}
