// The sentence as a choice of who looks, the numbers of that word, and the weights of all words. Words come from
// anyone: they only ever become text.

import { html } from "../explorable/elements.mjs";

let groups = 0; // so that the choices of two explorables on a page are apart

/** A number with a true minus sign. */
export const number = (value, digits = 2) => value.toFixed(digits).replace(/^-(?=.*[1-9])/, "−").replace(/^-/, "");

/** A weight in three characters: .45, or 1. */
const brief = (weight) => (weight > 0.995 ? "1" : weight < 0.005 ? "0" : weight.toFixed(2).slice(1));
const share = (weight) => `--weight: ${(100 * weight).toFixed(1)}%`;

/** The words in a row: the one that looks is chosen, and below each is a bar of its weight. */
export function sentence(choose) {
  const name = `attention-look-${++groups}`;
  const row = html("div", { class: "attention-sentence" });
  const legend = html("legend", {}, "Who looks");
  const node = html("fieldset", { class: "attention-who" }, legend, row);
  let shown = null;
  let items = [];

  function show({ words, look }, { weights, open }) {
    if (shown !== words.join(" ")) {
      shown = words.join(" ");
      items = words.map((word, i) => {
        const input = html("input", { type: "radio", name, value: i });
        input.addEventListener("change", () => choose(i));
        return { input, node: html("label", {}, input, html("span", {}, word), html("i", {})) };
      });
      row.replaceChildren(...items.map((item) => item.node));
    }
    items.forEach(({ input, node: label }, j) => {
      input.checked = j === look;
      label.classList.toggle("chosen", j === look);
      label.classList.toggle("closed", !open[look][j]);
      label.style = share(weights[look][j]);
    });
  }
  return { node, show };
}

/** Scores, weights and values of the word that looks, and what it receives. */
export function scoreTable() {
  const node = html("table", { class: "attention-scores" });

  function show({ words, look }, { scores, divisor, open, weights, output }, values, divided) {
    const head = ["q · k", divided, "weight"].map((text) => html("th", { scope: "col" }, text));
    head.push(html("th", { scope: "col", class: "attention-value" }, "value"));
    const rows = words.map((word, j) => {
      const [score, weight] = [scores[look][j], weights[look][j]];
      const bar = html("i", { style: share(weight) });
      return html(
        "tr",
        { class: open[look][j] ? "" : "closed" },
        html("th", { scope: "row" }, word),
        html("td", {}, number(score)),
        html("td", {}, open[look][j] ? number(score / divisor) : "hidden"),
        html("td", { class: "attention-bar" }, bar, html("span", {}, number(weight))),
        html("td", { class: "attention-value" }, pair(values[j])),
      );
    });
    const sum = html(
      "tr",
      {},
      html("th", { scope: "row", colspan: 3 }, `${words[look]} receives`),
      html("td", { class: "attention-bar" }, html("span", {}, "1.00")),
      html("td", {}, html("b", {}, pair(output[look]))),
    );
    node.replaceChildren(
      html("caption", {}, html("b", {}, words[look]), " looks at"),
      html("thead", {}, html("tr", {}, html("td", {}), ...head)),
      html("tbody", {}, ...rows),
      html("tfoot", {}, sum),
    );
  }
  return { node, show };
}

const pair = (point) => `(${point.map((value) => number(value)).join(", ")})`;

/** The weights of all words: a row for each word that looks, and a click on it makes it the one. */
export function weightTable(choose) {
  const node = html("table", { class: "attention-weights" });
  node.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row) choose(row.sectionRowIndex);
  });

  let shown = null; // the words that stand there
  let rows = [];

  function show({ words, look }, { weights, open }) {
    if (shown !== words.join(" ")) build(words);
    rows.forEach(({ row, cells }, i) => {
      row.classList.toggle("chosen", i === look);
      cells.forEach((cell, j) => {
        const text = open[i][j] ? brief(weights[i][j]) : "hidden";
        if (cell.textContent !== text) {
          cell.replaceChildren(open[i][j] ? text : html("span", { class: "sr-only" }, text));
        }
        cell.classList.toggle("closed", !open[i][j]);
        cell.style = share(weights[i][j]);
      });
    });
  }

  function build(words) {
    shown = words.join(" ");
    const head = words.map((word) => html("th", { scope: "col" }, html("span", {}, word)));
    rows = words.map((word) => {
      const cells = words.map(() => html("td"));
      return { cells, row: html("tr", {}, html("th", { scope: "row" }, word), ...cells) };
    });
    node.replaceChildren(
      html("caption", {}, "Rows look; each sums to 1"),
      html("thead", {}, html("tr", {}, html("td"), ...head)),
      html("tbody", {}, ...rows.map(({ row }) => row)),
    );
  }
  return { node, show };
}
