// The GAN game in one dimension, to be played by hand: move the generator, see the discriminator's best reply.
//
// Python leaves a still picture in the page, with what it knows (src/proctor/site/gan_game_figure.py); this module puts
// the live one in its place. Everything follows from one state: every control changes it, and every change draws all of
// it. On its own page the state is in the address. Nothing moves but what the reader moves.

import { button, html, menu } from "../explorable/elements.mjs";
import { frame, mountAll } from "../explorable/frame.mjs";
import { play } from "./game.mjs";
import { createPicture } from "./picture.mjs";
import { createGauge, createPush } from "./push.mjs";
import { number } from "./scales.mjs";
import { descended, read, within, write } from "./state.mjs";

/** Bring one `<figure data-explorable="gan-game">` to life. */
export function mount(figure) {
  const facts = JSON.parse(figure.dataset.facts);
  const around = frame(figure, { query: () => write(state), summary, follow, focus: () => picture.handle });
  let state = read(around.first, facts, figure.dataset.query);
  let found = null;

  // ---- the parts

  const titles = Object.entries(facts.data).map(([name, { title }]) => [name, title]);
  const data = menu("Data", titles, (name) => update({ data: name }));
  const picture = createPicture(facts, (name, value) => update({ [name]: within(name, value, facts) }));
  const [pushes, gauge] = [createPush(facts), createGauge()];
  const lags = html("input", { type: "checkbox" });
  lags.addEventListener("change", () => update({ lag: lags.checked ? [state.mean, state.width] : null }));
  const learn = button("Let D learn", () => update({ lag: [state.mean, state.width] }));
  const told = html("p", { class: "gan-told" });
  const table = slopes(facts);
  const go = steps(facts, (loss, count) => update(descended(state, loss, count, facts)));
  const legend = keys();

  figure.querySelectorAll(":scope > :not(figcaption)").forEach((still) => still.remove());
  figure.prepend(
    html("div", { class: "gan-top" }, html("label", {}, html("span", {}, "Data"), data), legend.node),
    picture.node,
    pushes.node,
    html("div", {}, gauge.node, told),
    html(
      "div",
      { class: "gan-below" },
      table.node,
      html(
        "div",
        { class: "gan-controls" },
        go,
        html("label", {}, lags, html("span", {}, "D lags: it stays as it is until it learns")),
        learn,
      ),
    ),
    around.row,
  );

  // ---- from the state to the page

  function update(change, quietly = false) {
    state = { ...state, ...change };
    found = play(state, facts);
    draw();
    if (!quietly) around.tell();
  }

  function draw() {
    const width = Math.round(figure.clientWidth);
    if (!width) return; // not on the screen: the observer below draws when it is
    data.value = state.data;
    legend.show(state);
    picture.draw(state, width);
    pushes.draw(state, found, width);
    gauge.draw(state, found, Math.round(gauge.node.parentElement.clientWidth));
    lags.checked = Boolean(state.lag);
    learn.disabled = !state.lag;
    const { value, best, jsd } = found;
    told.textContent = `V(D, G) = ${number(value)}; the best D has ${number(best)} = 2 · ${number(jsd)} − ln 4.`;
    table.show(found);
    around.refresh();
  }

  function summary() {
    const place = `Generator: mean ${state.mean}, width ${state.width}`.replaceAll("-", "−");
    const slope = ([name, title]) =>
      `${title}: ${number(found[name].mean)} in the mean, ${number(found[name].width)} in the width`;
    return `${place}. ${told.textContent} Slopes of ${Object.entries(facts.losses).map(slope).join("; of ")}.`;
  }

  function follow(query) {
    update(read(query, facts, figure.dataset.query));
  }

  new ResizeObserver(() => draw()).observe(figure);
  update({}, true);
  figure.dataset.ready = "true";
}

/** What the colors mean. */
function keys() {
  const item = (kind, ...text) =>
    html("li", { class: `gan-key gan-${kind}` }, html("i", {}), html("span", {}, ...text));
  const [letter, sub] = ["em", "sub"].map((name) => (text) => html(name, {}, text));
  const judge = html("span");
  const late = ["earlier", "best"].map((kind) =>
    item(kind, kind === "best" ? "D*, the best now" : "what it learned against"),
  );
  const node = html(
    "ul",
    { class: "gan-keys" },
    item("data", "data, ", letter("p"), sub("d")),
    item("generator", "generator, ", letter("p"), sub("g")),
    item("judge", judge),
    ...late,
  );
  function show({ lag }) {
    judge.textContent = lag ? "D, which lags" : "D = D*, the best reply";
    for (const one of late) one.hidden = !lag;
  }
  return { node, show };
}

/** The slopes of both losses. */
function slopes({ losses }) {
  const rows = Object.entries(losses).map(([name, title]) => {
    const cells = { mean: html("td"), width: html("td") };
    const head = html("th", { scope: "row" }, html("i", {}), title);
    return { name, cells, node: html("tr", { class: `gan-${name}` }, head, cells.mean, cells.width) };
  });
  const heads = ["loss", "in the mean", "in the width"].map((text) => html("th", { scope: "col" }, text));
  const node = html(
    "table",
    { class: "gan-slopes" },
    html("caption", {}, "Slopes of the generator's loss"),
    html("thead", {}, html("tr", {}, ...heads)),
    html("tbody", {}, ...rows.map((row) => row.node)),
  );
  function show(found) {
    for (const { name, cells } of rows) {
      for (const [what, cell] of Object.entries(cells)) cell.textContent = number(found[name][what]);
    }
  }
  return { node, show };
}

/** Buttons that take 1 or 10 steps down a loss. */
function steps({ losses, rate }, act) {
  const lines = Object.entries(losses).map(([name, title]) => {
    const short = title.split(",")[0];
    const buttons = [1, 10].map((count) => {
      const one = button(count === 1 ? "1 step" : "10 steps", () => act(name, count));
      one.setAttribute("aria-label", `${one.textContent}, ${short}`);
      return one;
    });
    return html("p", { class: `gan-steps gan-${name}` }, html("span", {}, html("i", {}), short), ...buttons);
  });
  return html("div", {}, html("p", {}, `Go down; a step is −${rate} times the slopes`), ...lines);
}

mountAll("gan-game", mount);
