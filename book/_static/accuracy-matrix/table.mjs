// What the matrices come to: a row for each number. A row that is pointed at, or has the focus, marks its cells; one
// that is chosen keeps them marked.

import { button, html } from "../explorable/elements.mjs";
import { told } from "./words.mjs";

/** A table; `choose(number)` and `point(number or null)` are called when the reader does so. */
export function createTable({ numbers }, { choose, point }) {
  const head = html("tr");
  const rows = Object.entries(numbers).map(([number, { name, what }]) => {
    const pick = button(name, () => choose(number));
    const title = html("th", { scope: "row" }, pick, " ", html("small", {}, what));
    const node = html("tr", { "data-number": number }, title);
    node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && point(number));
    node.addEventListener("pointerleave", () => point(null));
    pick.addEventListener("focus", () => pick.matches(":focus-visible") && point(number));
    pick.addEventListener("blur", () => point(null));
    return { number, pick, node };
  });
  const costs = html("tbody", { class: "matrix-costs" });
  const node = html(
    "table",
    { class: "matrix-numbers" },
    html("thead", {}, head),
    html("tbody", {}, ...rows.map((row) => row.node)),
    costs,
  );

  /**
   * Show `columns`, each with `title`, `quiet` (a reference), and `values`: mean and spread by number;
   * `paid`: rows `[name, what, texts]`; `chosen` and `marked`: numbers; `counts`: of the cell pointed at.
   */
  function show({ columns, paid, chosen, marked, counts }) {
    const quietly = ({ quiet }) => ({ class: quiet && "quiet" });
    head.replaceChildren(
      html("th", { scope: "col" }, "number"),
      ...columns.map((column) => html("th", { scope: "col", ...quietly(column) }, column.title)),
    );
    for (const { number, pick, node } of rows) {
      pick.setAttribute("aria-pressed", String(number === chosen));
      node.className = [number === marked && "marked", counts.includes(number) && "counts"].filter(Boolean).join(" ");
      while (node.cells.length > 1) node.lastChild.remove();
      node.append(...columns.map((column) => html("td", quietly(column), ...value(column.values[number]))));
    }
    costs.replaceChildren(
      ...paid.map(([name, what, texts]) => {
        const cells = texts.map((text, i) => html("td", quietly(columns[i]), text));
        return html("tr", {}, html("th", { scope: "row" }, name, " ", html("small", {}, what)), ...cells);
      }),
    );
  }
  return { node, show };
}

function value({ mean, spread }) {
  if (mean === null) return ["–"];
  return spread === null ? [told(mean)] : [told(mean), " ", html("small", {}, `± ${told(spread)}`)];
}
