// The race through the ravine, on the landing page: gradient descent, the heavy ball and Adam, from one start.
//
// Python draws the still picture and leaves the valley's shape and the racers' settings in `data-race`
// (src/proctor/site/figures.py); this module walks the same valley with the same settings, from wherever the reader
// drops the balls. tests/book compares its paths with PyTorch's. Nothing moves until the reader asks, and nothing
// moves at all for a reader who prefers reduced motion: then a new start only redraws the paths.

const SCALE = 100; // pixels a unit, as in figures.py
const STEPS_PER_SECOND = 9;

/** The loss at a point [x, y] of the valley. */
export function loss([x, y], shape) {
  const wall = y - shape.bend * Math.sin(shape.wave * x + shape.phase);
  return (shape.slope / 2) * (x - shape.goal) ** 2 + (shape.walls / 2) * wall ** 2;
}

/** The gradient [dL/dx, dL/dy] at a point. */
export function gradient([x, y], shape) {
  const angle = shape.wave * x + shape.phase;
  const wall = y - shape.bend * Math.sin(angle);
  const tilt = shape.bend * shape.wave * Math.cos(angle);
  return [shape.slope * (x - shape.goal) - shape.walls * wall * tilt, shape.walls * wall];
}

// Each method returns a function that takes (point, gradient) and gives the next point; what it remembers is inside.
export const methods = {
  "gradient descent": ({ lr }) => (point, grad) => point.map((value, i) => value - lr * grad[i]),

  "heavy ball": ({ lr, beta }) => {
    let velocity = [0, 0];
    return (point, grad) => {
      velocity = velocity.map((value, i) => beta * value + grad[i]);
      return point.map((value, i) => value - lr * velocity[i]);
    };
  },

  Adam: ({ lr, beta, beta2, eps }) => {
    let [mean, square, step] = [[0, 0], [0, 0], 0];
    return (point, grad) => {
      step += 1;
      mean = mean.map((value, i) => beta * value + (1 - beta) * grad[i]);
      square = square.map((value, i) => beta2 * value + (1 - beta2) * grad[i] ** 2);
      return point.map((value, i) => {
        const scale = Math.sqrt(square[i] / (1 - beta2 ** step)) + eps;
        return value - (lr * mean[i]) / (1 - beta ** step) / scale;
      });
    };
  },
};

/** The points a racer visits, the start first; it stops when it has arrived, or runs away, or after race.steps. */
export function walk(name, start, race) {
  const next = methods[name](race.racers[name]);
  const points = [start];
  while (points.length <= race.steps) {
    const point = points[points.length - 1];
    const height = loss(point, race.shape);
    if (height <= race.arrived || !Number.isFinite(height)) break;
    points.push(next(point, gradient(point, race.shape)));
  }
  return points;
}

function mount(figure) {
  const race = JSON.parse(figure.dataset.race);
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
      const points = walk(racer.name, start, race);
      racer.arrived = loss(points[points.length - 1], race.shape) <= race.arrived;
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

if (typeof document !== "undefined") document.querySelectorAll("[data-race]").forEach(mount);
