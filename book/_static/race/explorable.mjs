// The race, to be played with: choose a landscape, drop the ball, switch methods on and off, turn their settings.
//
// Python leaves a still picture in the page, with all that it knows about the race (src/proctor/site/explorable.py);
// this module puts the live one in its place. Everything follows from one state: every control changes it, and every
// change draws all of it. On its own page the state is in the address. Nothing moves until the reader presses Play.

import { button, html, menu } from "../explorable/elements.mjs";
import { frame, mountAll } from "../explorable/frame.mjs";
import { methodList, settingsPanel, standing } from "./controls.mjs";
import { LANDSCAPES } from "./landscapes.mjs";
import { createChart, createMap } from "./picture.mjs";
import { REACH, read, settingsOf, write } from "./state.mjs";
import { isBeyond, walk } from "./walk.mjs";

const SECONDS = 12; // a race takes at most this long to play, and a short one proceeds at SLOWEST steps a second
const SLOWEST = 8;

/** Bring one `<figure class="explorable">` to life. */
export function mount(figure) {
  const facts = JSON.parse(figure.dataset.facts);
  const [map, chart] = [createMap(), createChart()];
  const around = frame(figure, { query: () => write(state), summary, follow, focus: () => map.node });
  let state = read(around.first, facts, figure.dataset.query);
  let walks = [];
  let playing = 0; // the number of the present animation frame; 0: at rest
  let shown = ""; // what the map shows: drawn anew only when it changes

  const start = () => state.start ?? facts.landscapes[state.landscape].start;
  const last = () => Math.max(10, ...walks.map(({ points }) => points.length - 1));
  const time = () => Math.min(state.step ?? Infinity, last());

  // ---- the parts

  const title = ([name, { title }]) => [name, title];
  const landscape = menu("Landscape", Object.entries(facts.landscapes).map(title), (name) => {
    // Learning rates belong to a landscape, and so does a start; the other settings stay.
    const changed = Object.fromEntries(
      Object.entries(state.changed).map(([method, { lr, ...rest }]) => [method, rest]),
    );
    update({ landscape: name, start: null, step: null, changed });
  });
  const methods = methodList(Object.keys(facts.methods), (name, on) => {
    const kept = Object.keys(facts.methods).filter((other) => (other === name ? on : state.methods.includes(other)));
    update({ methods: kept, chosen: on ? name : kept.includes(state.chosen) ? state.chosen : kept[0] });
  });
  const settings = settingsPanel(
    facts,
    (chosen) => update({ chosen }),
    (method, name, value) =>
      update({ changed: { ...state.changed, [method]: { ...state.changed[method], [name]: value } } }),
  );
  const play = button("Play", () => (playing ? rest() : begin()), "explorable-play");
  const scrubber = html("input", { type: "range", min: 0, step: 1 });
  scrubber.addEventListener("input", () => {
    rest();
    update({ step: scrubber.valueAsNumber < last() ? scrubber.valueAsNumber : null });
  });
  const counter = html("output", { class: "explorable-counter", "aria-live": "off" });

  figure.querySelectorAll(":scope > :not(figcaption)").forEach((still) => still.remove());
  figure.prepend(
    html("p", { class: "explorable-top" }, landscape, html("span", {}, "Click or drag to drop the balls elsewhere.")),
    map.node,
    html("p", { class: "explorable-time" }, play, html("label", {}, html("span", {}, "Step"), scrubber), counter),
    html("div", { class: "explorable-panels" }, chart.node, methods.node),
    settings.node,
    around.row,
  );

  // ---- from the state to the page

  function update(change, quietly = false) {
    state = { ...state, ...change };
    const { window } = facts.landscapes[state.landscape];
    const race = { start: start(), steps: facts.steps, arrived: facts.arrived, window };
    walks = state.methods.map((method) => {
      return { method, ...walk(LANDSCAPES[state.landscape], method, settingsOf(method, state, facts), race) };
    });
    draw();
    if (!quietly) around.tell(!playing);
  }

  function draw() {
    const width = Math.round(figure.clientWidth);
    if (!width) return; // not on the screen: the observer below draws when it is
    if (shown !== `${state.landscape} ${width}`) {
      shown = `${state.landscape} ${width}`;
      map.show(LANDSCAPES[state.landscape], facts.landscapes[state.landscape], width);
    }
    const now = { time: time(), last: last(), floor: facts.arrived, from: start(), chosen: state.chosen };
    // The chosen method is drawn last, on top.
    const ordered = [...walks].sort((a, b) => (a.method === state.chosen) - (b.method === state.chosen));
    map.draw(ordered, now);
    chart.draw(ordered, { ...now, size: chartSize(width) });
    methods.show(state, facts, walks, now.time);
    settings.show(state);
    landscape.value = state.landscape;
    scrubber.max = now.last;
    scrubber.value = Math.floor(now.time);
    counter.textContent = `${Math.floor(now.time)} of ${now.last}`;
    around.refresh();
  }

  function follow(query) {
    rest();
    update(read(query, facts, figure.dataset.query));
  }

  function summary() {
    const stand =
      walks.map((one) => `${one.method}: ${standing(one, time())}`).join("; ") || "No method is switched on";
    const text = `${facts.landscapes[state.landscape].title}, start (${start().join(", ")}). ${stand}.`;
    map.node.setAttribute(
      "aria-label",
      `The landscape. Arrow keys move the start, with Shift in larger steps. ${text}`,
    );
    chart.node.setAttribute("aria-label", `The loss against the step. ${stand}.`);
    return text;
  }

  // ---- time

  function begin() {
    const rate = Math.max(SLOWEST, last() / SECONDS);
    let [from, began] = [time() < last() ? time() : 0, null];
    play.textContent = "Pause";
    playing = requestAnimationFrame(function frame(now) {
      began ??= now;
      state = { ...state, step: from + ((now - began) / 1000) * rate };
      if (state.step >= last()) return rest();
      draw();
      playing = requestAnimationFrame(frame);
    });
  }

  function rest() {
    if (!playing) return;
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = "Play";
    update({ step: state.step >= last() ? null : Math.floor(state.step) });
  }

  // ---- dropping the balls

  function drop(point) {
    const rounded = point.map((value) => Number(value.toFixed(2)));
    if (!isBeyond(rounded, facts.landscapes[state.landscape].window, REACH)) update({ start: rounded });
  }

  let held = false;
  const at = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.node.getScreenCTM().inverse());
    return map.point([x, y]);
  };
  map.node.addEventListener("pointerdown", (event) => {
    // A finger anywhere but on the start scrolls the page; where it only taps, a click follows.
    held = event.button === 0 && (event.pointerType !== "touch" || event.target.closest(".explorable-start") !== null);
    if (!held) return;
    map.node.setPointerCapture(event.pointerId);
    drop(at(event));
  });
  map.node.addEventListener("pointermove", (event) => held && drop(at(event)));
  for (const end of ["pointerup", "pointercancel"]) map.node.addEventListener(end, () => (held = false));
  map.node.addEventListener("click", (event) => drop(at(event)));
  map.node.addEventListener("keydown", (event) => {
    const toward = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!toward || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const [, [bottom, top]] = facts.landscapes[state.landscape].window;
    const stride = ((top - bottom) / 50) * (event.shiftKey ? 5 : 1);
    drop(start().map((value, i) => value + toward[i] * stride));
  });

  new ResizeObserver(() => draw()).observe(figure);
  update({}, true);
  summary();
  figure.dataset.ready = "true";
}

/** The size of the loss curve beside the list of methods, or above it where there is no room for both. */
const chartSize = (width) => (width < 640 ? [width, 200] : [Math.round(width * 0.45), 236]);

mountAll("race", mount);
