// Attention, to be played with: type a sentence, choose who looks, drag queries, keys and values.
//
// Python leaves a still picture in the page, with all that it knows about the words (src/proctor/site/attention.py);
// this module puts the live one in its place. Everything follows from one state: every control changes it, and every change
// draws all of it. On its own page the state is in the address. Nothing moves but what the reader moves.

import { html, menu } from "../explorable/elements.mjs";
import { frame, mountAll } from "../explorable/frame.mjs";
import { attend, deviation } from "./attention.mjs";
import { createPlane } from "./plane.mjs";
import { read, retyped, vectorsOf, write } from "./state.mjs";
import { number, scoreTable, sentence, weightTable } from "./tables.mjs";

const OWN = "words of your own";

/** Bring one `<figure data-explorable="attention">` to life. */
export function mount(figure) {
  const facts = JSON.parse(figure.dataset.facts);
  const [coolest, hottest] = facts.temperatures;
  const around = frame(figure, { query: () => write(state), summary, follow, focus: () => typed });
  let state = read(around.first, facts, figure.dataset.query);
  let [vectors, found] = [null, null];

  // ---- the parts

  const typed = html("input", { type: "text", autocomplete: "off", spellcheck: "false", maxlength: facts.letters });
  typed.addEventListener("input", () => update(retyped(state, typed.value, facts)));
  typed.addEventListener("change", () => (typed.value = state.text = state.words.join(" ")));
  const starts = menu("Start from", [["", OWN], ...Object.entries(facts.sentences).map(flipped)], (query) => {
    if (query) update({ ...read(query, facts), ...settingsOf(state) });
  });
  const who = sentence((look) => update({ look }));
  const move = (id, point) => update({ moved: { ...state.moved, [id]: point } });
  const keys = createPlane({ title: "Queries and keys", reach: facts.reach, move });
  const values = createPlane({ title: "Values", reach: facts.reach, move });
  const masks = menu("May look at", Object.entries(facts.masks), (mask) => update({ mask }));
  const size = html("input", { type: "range", min: 0, max: facts.dimensions.length - 1, step: 1 });
  size.addEventListener("input", () => update({ dimensions: facts.dimensions[size.valueAsNumber] }));
  const root = html("input", { type: "checkbox" });
  root.addEventListener("change", () => update({ scaled: root.checked }));
  const heat = html("input", { type: "range", min: Math.log10(coolest), max: Math.log10(hottest), step: 0.02 });
  heat.addEventListener("input", () => {
    const value = Number((10 ** heat.valueAsNumber).toPrecision(2));
    update({ temperature: Math.min(hottest, Math.max(coolest, value)) });
  });
  const [told, sizeTold, heatTold] = [html("p", { class: "attention-told" }), html("b"), html("b")];
  const [scores, weights] = [scoreTable(), weightTable((look) => update({ look }))];

  const control = (text, input, ...more) => html("label", {}, html("span", {}, text, ...more), input);
  figure.querySelectorAll(":scope > :not(figcaption)").forEach((still) => still.remove());
  figure.prepend(
    html("div", { class: "attention-top" }, control("Sentence", typed), control("Start from", starts)),
    who.node,
    html("div", { class: "attention-planes" }, keys.node, values.node),
    html(
      "div",
      { class: "attention-controls" },
      control("A word may look at", masks),
      control("Dimensions ", size, math("d", "k"), " = ", sizeTold),
      control("Temperature = ", heat, heatTold),
      html("label", { class: "attention-check" }, root, html("span", {}, "divide by √", math("d", "k"))),
    ),
    told,
    html("div", { class: "attention-tables" }, scores.node, scrolling(weights.node)),
    around.row,
  );

  // ---- from the state to the page

  function update(change, quietly = false) {
    state = { ...state, ...change };
    vectors = vectorsOf(state, facts);
    found = attend(vectors, state);
    draw();
    if (!quietly) around.tell();
  }

  function draw() {
    const width = Math.round(figure.clientWidth);
    if (!width) return; // not on the screen: the observer below draws when it is
    if (typed !== document.activeElement) typed.value = state.text;
    const said = state.words.join(" ");
    starts.value = Object.values(facts.sentences).find((query) => read(query, facts).text === said) ?? "";
    who.show(state, found);
    planes(width < 640 ? width : Math.floor((width - 24) / 2));
    masks.value = state.mask;
    size.value = facts.dimensions.indexOf(state.dimensions);
    size.setAttribute("aria-valuetext", state.dimensions);
    sizeTold.textContent = state.dimensions;
    root.checked = state.scaled;
    heat.value = Math.log10(state.temperature);
    heat.setAttribute("aria-valuetext", state.temperature);
    heatTold.textContent = state.temperature;
    told.textContent = spread();
    scores.show(state, found, vectors.value, divided());
    weights.show(state, found);
    around.refresh();
  }

  function planes(width) {
    const { look, words, dimensions } = state;
    const item = (kind, i, point) => {
      const [weight, open] = [found.weights[look][i], found.open[look][i]];
      return { id: `${kind}${i + 1}`, word: words[i], point: point.slice(0, 2), weight, open };
    };
    const asked = { ...item("q", look, vectors.query[look]), weight: 0, open: true };
    const flat = dimensions === 2;
    keys.draw({
      items: [...vectors.key.map((key, i) => item("k", i, key)), asked],
      width,
      slope: flat ? asked.point.map((value) => value / found.divisor) : null,
      note: flat ? "" : `2 of ${dimensions} dimensions; the others are random`,
    });
    values.draw({ items: vectors.value.map((value, i) => item("v", i, value)), width, output: found.output[look] });
  }

  function divided() {
    const parts = state.scaled ? [`√${state.dimensions}`] : [];
    if (state.temperature !== 1) parts.push(state.temperature);
    return parts.length > 1 ? `÷ (${parts.join(" · ")})` : `÷ ${parts[0] ?? 1}`;
  }

  function spread() {
    const [wide, highest] = [deviation(found.scores), Math.max(...found.weights[state.look])];
    return (
      `Standard deviation of all ${state.words.length ** 2} scores q · k: ${number(wide)} ` +
      `(√${state.dimensions} = ${number(Math.sqrt(state.dimensions))}); divided: ${number(wide / found.divisor)}. ` +
      `Largest weight of ${state.words[state.look]}: ${number(highest, 3)}.`
    );
  }

  function summary() {
    const { words, look } = state;
    const order = words.map((_, j) => j).sort((a, b) => found.weights[look][b] - found.weights[look][a]);
    const first = order.slice(0, 3).map((j) => `${words[j]} ${number(found.weights[look][j])}`);
    const output = found.output[look].map((value) => number(value)).join(", ");
    return `${words[look]} looks at ${first.join(", ")}; it receives (${output}).`;
  }

  function follow(query) {
    typed.blur();
    update(read(query, facts, figure.dataset.query));
  }

  new ResizeObserver(() => draw()).observe(figure);
  update({}, true);
  figure.dataset.ready = "true";
}

/** What a sentence of ours leaves as it is. */
const settingsOf = ({ mask, dimensions, scaled, temperature }) => ({ mask, dimensions, scaled, temperature });
const flipped = ([name, query]) => [query, name];
const math = (letter, below) => html("span", {}, html("i", {}, letter), html("sub", {}, below));
const scrolling = (table) =>
  html("div", { class: "attention-scrolling", role: "region", "aria-label": "All weights", tabindex: 0 }, table);

mountAll("attention", mount);
