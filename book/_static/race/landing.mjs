// The race through the ravine, on the landing page: gradient descent, the heavy ball and Adam, from one start.
//
// Python draws the still picture and leaves the valley's shape and the racers' settings in `data-settings`
// (src/proctor/site/figures.py); this module walks the same valley with the same settings, from wherever the reader
// drops the balls. tests/book compares its paths with the library's. Nothing moves until the reader asks, and nothing
// moves at all for a reader who prefers reduced motion: then a new start only redraws the paths.

import { walk } from "./walk.mjs";

const SCALE = 100; // pixels a unit, as in figures.py
const STEPS_PER_SECOND = 9;

/** The valley as a landscape: the loss of a point [x, y], and its gradient. */
export const valley = (shape) => ({
  loss([x, y]) {
    const wall = y - shape.bend * Math.sin(shape.wave * x + shape.phase);
    return (shape.slope / 2) * (x - shape.goal) ** 2 + (shape.walls / 2) * wall ** 2;
  },
  gradient([x, y]) {
    const angle = shape.wave * x + shape.phase;
    const wall = y - shape.bend * Math.sin(angle);
    const tilt = shape.bend * shape.wave * Math.cos(angle);
    return [shape.slope * (x - shape.goal) - shape.walls * wall * tilt, shape.walls * wall];
  },
});

function mount(figure) {
  const race = JSON.parse(figure.dataset.settings);
  const svg = figure.querySelector("svg");
  const { width, height } = svg.viewBox.baseVal;
  const output = figure.querySelector("output");
  const counts = figure.querySelectorAll(".race-legend b");
  const racers = [...figure.querySelectorAll(".racer")].map((group, i) => ({
    name: group.dataset.name,
    line: group.querySelector("polyline"),
    ball: group.querySelector("circle"),
    count: counts[i],
  }));
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const pixels = ([x, y]) => [width / 2 + SCALE * x, height / 2 - SCALE * y];
  let run = 0; // the number of the current race: an older one stops drawing

  function show(racer, time) {
    const last = racer.points.length - 1;
    const whole = Math.min(Math.floor(time), last);
    const drawn = racer.points.slice(0, whole + 1);
    if (whole < last) {
      const [from, to] = [racer.points[whole], racer.points[whole + 1]];
      drawn.push(from.map((value, i) => value + (time - whole) * (to[i] - value)));
    }
    const [x, y] = drawn[drawn.length - 1];
    racer.line.setAttribute("points", drawn.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" "));
    racer.ball.setAttribute("cx", x);
    racer.ball.setAttribute("cy", y);
    racer.count.textContent = whole === last && !racer.arrived ? "never" : whole;
    return whole === last;
  }

  function begin(start) {
    const number = ++run;
    for (const racer of racers) {
      const { points, end } = walk(valley(race.shape), racer.name, race.racers[racer.name], { ...race, start });
      racer.arrived = end === "arrived";
      racer.points = points.map(pixels);
    }
    output.textContent = "";
    let began;
    requestAnimationFrame(function frame(now) {
      if (number !== run) return;
      began ??= now;
      const time = still.matches ? Infinity : ((now - began) / 1000) * STEPS_PER_SECOND;
      const finished = racers.map((racer) => show(racer, time));
      if (finished.every(Boolean)) {
        output.textContent = racers.map(({ name, count }) => `${name}: ${count.textContent}`).join(", ");
      } else requestAnimationFrame(frame);
    });
  }

  const button = figure.querySelector("button");
  button.addEventListener("click", () => begin(race.start));
  svg.addEventListener("click", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    begin([(at.x - width / 2) / SCALE, (height / 2 - at.y) / SCALE]);
  });
  button.hidden = figure.querySelector(".race-hint").hidden = false;
  figure.dataset.ready = "true";
}

if (typeof document !== "undefined") document.querySelectorAll("figure.race[data-settings]").forEach(mount);
