// A gridworld, to be played with: drag the rewards, change the discount, and see values and the best actions follow.
//
// Python leaves a still picture in the page, and what a setting may be (src/proctor/site/gridworld.py); this module
// puts the live one in its place. Everything follows from one state: every control changes it, and every change solves
// the world anew and draws all of it. On its own page the state is in the address. Nothing moves by itself.

import { html, menu } from "../explorable/elements.mjs";
import { frame, mountAll } from "../explorable/frame.mjs";
import { createBackup } from "./backup.mjs";
import { createBoard } from "./board.mjs";
import { iteration, numbers } from "./controls.mjs";
import { ACTIONS, greedy, modelOf, pathOf, settled, solve, tieOf } from "./solve.mjs";
import { moved, placed, read, write } from "./state.mjs";
import { counted, either, number, where } from "./words.mjs";

const OWN = "a world of your own";
const SHOWN = 0.005; // values that are this near look alike

/** Bring one `<figure data-explorable="gridworld">` to life. */
export function mount(figure) {
  const facts = JSON.parse(figure.dataset.facts);
  const around = frame(figure, { query: () => write(state, facts), summary, follow, focus: () => worlds });
  let state = read(around.first, facts, figure.dataset.query);
  let [hovered, model, found, best, path, optimal] = [null, null, null, null, null, null];

  // ---- the parts

  const named = Object.entries(facts.worlds).map(([title, query]) => [query, title]);
  const worlds = menu("World", [["", OWN], ...named], (query) => query && update(read(query, facts)));
  const board = createBoard({
    look: (look) => look !== state.look && update({ look }),
    hover: (cell) => cell !== hovered && ((hovered = cell), draw()),
    move(from, to) {
      const rows = moved(state.rows, from, to);
      if (rows === state.rows) return false;
      update({ rows, look: to });
      return true;
    },
  });
  const backup = createBackup(facts, (letter) => update({ rows: placed(state.rows, state.look, letter) }));
  const steps = iteration(facts, (sweeps) => update({ sweeps }));
  const controls = numbers(facts, (name, value) => update({ [name]: value }));
  const told = html("p", { class: "gridworld-told" });
  const hint = html("span", {}, "Drag the goal, the bonus, a pit, a wall, the start.");

  figure.querySelectorAll(":scope > :not(figcaption)").forEach((still) => still.remove());
  const left = html("div", { class: "gridworld-left" }, board.node, steps.node, told);
  figure.prepend(
    html("p", { class: "gridworld-top" }, html("label", {}, html("span", {}, "World"), worlds), hint),
    html("div", { class: "gridworld-panels" }, left, backup.node),
    controls.node,
    around.row,
  );

  // ---- from the state to the page

  function update(change, quietly = false) {
    const before = state;
    state = { ...state, ...change };
    hovered = null;
    if (!model || !("look" in change) || "rows" in change) compute(before);
    draw();
    if (!quietly) around.tell();
  }

  function compute(before) {
    model = modelOf(state);
    found = solve(model, state.sweeps);
    best = greedy(model, found.values);
    path = pathOf(model, best);
    // How long it takes depends on the world alone, not on how many sweeps are shown.
    const { sweeps, look, ...world } = state;
    const same = Object.keys(world).every((key) => world[key] === before[key]);
    if (!same || !optimal) optimal = settled(model, found.optimum, SHOWN);
  }

  function draw() {
    const width = Math.round(figure.clientWidth);
    if (!width) return; // not on the screen: the observer below draws when it is
    const { rows, look } = state;
    const said = rows.join("/");
    worlds.value = named.find(([query]) => read(query, facts).rows.join("/") === said)?.[0] ?? "";
    const rewards = { G: state.goal, B: state.bonus, H: state.pit };
    const values = [...found.values];
    const arrivals = [...model.letters].map((letter) => rewards[letter] ?? 0);
    const peak = Math.max(1e-9, ...[...arrivals, ...values].map(Math.abs));
    const wide = width < 760 ? width : Math.floor(width * 0.58);
    board.draw({ rows, values, best, path, rewards, chosen: look, peak, told: cellInWords, wide });
    const cell = hovered ?? look;
    backup.show({ model, values, cell, peak, from: name(), hovered: cell !== look });
    steps.show(state, found);
    controls.show(state);
    told.replaceChildren(`${pathInWords()} ${optimalInWords()}`, ...tieInWords());
    around.refresh();
  }

  // ---- in words

  const name = () => (state.sweeps === null ? "V*" : `V after ${counted(state.sweeps, "sweep")}`);

  function cellInWords(cell) {
    const letter = model.letters[cell];
    const place = `${where(cell, model.width)}: ${facts.letters[letter]}`;
    if (letter === "X") return place;
    if (!model.goesOn[cell]) return `${place}, ${number(state[facts.letters[letter]], 4, true)}`;
    const actions = best[cell].length === 4 ? "all alike" : either(best[cell].map((action) => ACTIONS[action]));
    return `${place}, value ${number(found.values[cell])}, best: ${actions}`;
  }

  function pathInWords() {
    const start = `From the start V = ${number(found.values[path[0]])}`;
    const end = model.letters[path.at(-1)];
    const taken = counted(path.length - 1, "step");
    if (best[path[0]].length === 4) return `${start}, and no action is better than another.`;
    const without = `${start}; without a slip the best actions`;
    if (!model.goesOn[path.at(-1)]) return `${without} lead to the ${facts.letters[end]} in ${taken}.`;
    return `${without} lead nowhere.`;
  }

  const sinceSweep = (count) => (count ? `from sweep ${count} on` : "from the beginning");

  function optimalInWords() {
    const [arrows, values] = [sinceSweep(optimal.policy), sinceSweep(optimal.values)];
    return `The arrows are optimal ${arrows}, the values right to 0.005 ${values}.`;
  }

  function tieInWords() {
    const tie = tieOf(state, model);
    if (!tie) return [];
    const { near, less, away, more, discount } = tie;
    const [small, large] = [less, more].map((reward) => number(reward, 4, true));
    const first = `The near reward of ${small} is ${counted(near, "step")} away, the far one of ${large} is ${away}`;
    const root = away - near === 1 ? "" : html("sup", {}, `1/${away - near}`);
    return [` ${first}; they tie at γ = (${small}/${large})`, root, ` = ${number(discount, 4)}.`];
  }

  function summary() {
    return `${cellInWords(state.look)}. ${name()}. ${pathInWords()}`;
  }

  function follow(query) {
    update(read(query, facts, figure.dataset.query));
  }

  new ResizeObserver(() => draw()).observe(figure);
  update({}, true);
  figure.dataset.ready = "true";
}

mountAll("gridworld", mount);
