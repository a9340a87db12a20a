// The accuracy matrix of a learner that meets one task after another: two methods side by side, the rows fill in as
// tasks are learned, and each number shows the cells that it averages.
//
// Python leaves a still picture in the page, and the committed results (src/proctor/site/accuracy_matrix.py); this
// module puts the live one in its place. Everything follows from one state: every control changes it, and every change
// draws all of it. On its own page the state is in the address. Nothing moves by itself.

import { html, menu } from "../explorable/elements.mjs";
import { frame, mountAll } from "../explorable/frame.mjs";
import { createMap, offer } from "./map.mjs";
import { cells, chosen, matrix, mean, measured, spread } from "./measure.mjs";
import { fitting, read, write } from "./state.mjs";
import { createTable } from "./table.mjs";
import { bytes, counted, settingsInWords, sumInWords, told } from "./words.mjs";

const HINT = "Point at a cell to see its runs and the numbers that it counts in.";

/** Bring one `<figure data-explorable="accuracy-matrix">` to life. */
export function mount(figure) {
  const facts = JSON.parse(figure.dataset.facts);
  const around = frame(figure, { query: () => write(state, facts), summary, follow, focus: () => scenarios });
  let state = read(around.first, facts, figure.dataset.query);
  let [pointed, hovered] = [null, null]; // a cell, a number

  // ---- the parts

  const titles = Object.entries(facts.scenarios).map(([name, { title }]) => [name, title]);
  const scenarios = menu("Scenario", titles, (scenario) => update({ scenario }));
  const seeds = menu("Seed", [], (seed) => update({ seed }));
  const point = (cell) => String(cell) !== String(pointed) && ((pointed = cell), draw());
  const maps = ["method", "beside"].map((side, i) =>
    createMap(["Method", "Beside it"][i], { choose: (name) => update({ [side]: name }), point }),
  );
  const table = createTable(facts, {
    choose: (number) => update({ number }),
    point: (number) => number !== hovered && ((hovered = number), draw()),
  });
  const stage = html("input", { type: "range", min: 0, step: 1 });
  stage.addEventListener("input", () => update({ learned: stage.valueAsNumber }));
  const standing = html("output", { class: "matrix-standing" });
  const detail = html("p", { class: "matrix-cell" });
  const labelled = (text, control) => html("label", {}, html("span", {}, text), control);

  figure.querySelectorAll(":scope > :not(figcaption)").forEach((still) => still.remove());
  figure.prepend(
    html("div", { class: "matrix-top" }, labelled("Scenario", scenarios), labelled("Seed", seeds)),
    html("div", { class: "matrix-stage" }, labelled("Tasks learned", stage), standing),
    html(
      "div",
      { class: "matrix-body" },
      html("div", { class: "matrix-maps" }, ...maps.map((map) => map.node)),
      detail,
      table.node,
    ),
    around.row,
  );

  // ---- from the state to the page

  function update(change, quietly = false) {
    state = fitting({ ...state, ...change }, facts);
    pointed = null;
    draw();
    if (!quietly) around.tell();
  }

  const shown = () => facts.scenarios[state.scenario];
  const runsOf = (name) => chosen(shown().methods[name], state.seed);
  const marked = () => hovered ?? state.number;

  function draw() {
    const { methods, tasks } = shown();
    const { learned, seed } = state;
    const all = methods[state.method].runs;
    scenarios.value = state.scenario;
    const each = all.map((run) => [String(run.seed), String(run.seed)]);
    offer(seeds, [["mean", `mean of ${all.length}`], ...each], String(seed ?? "mean"));
    stage.max = tasks.length;
    stage.value = learned;
    stage.setAttribute("aria-valuetext", standingInWords());
    standing.textContent = standingInWords();
    const names = Object.entries(methods).map(([name, { title }]) => [name, title]);
    [state.method, state.beside].forEach((method, i) => {
      const runs = runsOf(method);
      maps[i].draw({
        titles: names,
        method,
        note: settingsInWords(methods[method]),
        values: matrix(runs),
        tasks,
        learned,
        marked: cells(marked(), learned, runs),
        pointed,
        said: sumInWords(marked(), facts.numbers[marked()], learned, runs),
      });
    });
    detail.textContent = pointed ? cellInWords() : HINT;
    table.show({ columns: columns(), paid: paid(), chosen: state.number, marked: marked(), counts: counting() });
    around.refresh();
  }

  const shownMethods = () => {
    const pair = [state.method, state.beside];
    return [...pair, ...facts.references.filter((name) => !pair.includes(name) && shown().methods[name])];
  };

  function columns() {
    return shownMethods().map((method, i) => ({
      title: shown().methods[method].title,
      quiet: i > 1,
      values: Object.fromEntries(Object.keys(facts.numbers).map((number) => [number, valueOf(number, method)])),
    }));
  }

  function valueOf(number, method) {
    const values = measured(number, state.learned, runsOf(method));
    return values.length ? { mean: mean(values), spread: spread(values) } : { mean: null, spread: null };
  }

  /** What a method costs: always that of the whole sequence. */
  function paid() {
    const average = (key) => shownMethods().map((method) => mean(runsOf(method).map((run) => run[key])));
    const seconds = average("seconds").map((value) => `${Number(value.toPrecision(2))} s`);
    return [
      ["Time", "to learn all tasks", seconds],
      ["Memory", "kept beside the network, in the end", average("memory_bytes").map(bytes)],
    ];
  }

  // ---- in words

  const standingInWords = () => `${state.learned} of ${shown().tasks.length}`;

  /** The cell that is pointed at, in both matrices. */
  function cellInWords() {
    const [row, task] = pointed;
    const name = `task ${task + 1} (${shown().tasks[task]})`;
    const when = row ? `After ${counted(row, "task")}` : "Before any training";
    const accuracies = [...new Set([state.method, state.beside])].map((method) => {
      const values = runsOf(method).map(({ R }) => R[row][task]);
      const range = values.length > 1 ? ` (${told(Math.min(...values))} to ${told(Math.max(...values))})` : "";
      return `${shown().methods[method].title} ${told(mean(values))}${range}`;
    });
    const signs = counting().map((number) => {
      const sign = signOf(number);
      return facts.numbers[number].name + (sign < 0 ? ", subtracted" : "");
    });
    const counts = signs.length ? `It counts in ${signs.join("; ")}.` : "It counts in no number.";
    return `${when}, on ${name}: ${accuracies.join("; ")}. ${counts}`;
  }

  const signOf = (number) =>
    [state.method, state.beside]
      .map((method) => cells(number, state.learned, runsOf(method))[String(pointed)])
      .find((sign) => sign);

  const counting = () => (pointed ? Object.keys(facts.numbers).filter(signOf) : []);

  function summary() {
    const which = state.seed === null ? `mean of ${runsOf(state.method).length} seeds` : `seed ${state.seed}`;
    const numbers = columns()
      .slice(0, 2)
      .map(({ title, values }) => {
        const known = Object.entries(values).filter(([, { mean }]) => mean !== null);
        const parts = known.map(([number, { mean }]) => `${facts.numbers[number].name} ${told(mean)}`);
        return `${title}: ${parts.join(", ") || "no number yet"}`;
      });
    return `${shown().title}, ${which}, ${standingInWords()} tasks learned. ${numbers.join(". ")}.`;
  }

  function follow(query) {
    update(read(query, facts, figure.dataset.query));
  }

  update({}, true);
  figure.dataset.ready = "true";
}

mountAll("accuracy-matrix", mount);
