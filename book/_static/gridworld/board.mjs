// The world as a board: a cell each with its value and arrows for the best actions; what stands in a cell can be moved,
// by pointer, or with Shift and the arrow keys. To assistive technology it is a grid: one stop of Tab, arrows within.

import { change, svg } from "../explorable/elements.mjs";
import { brief, signed } from "./words.mjs";

const LARGEST = 76; // pixels of a cell, at most
const LOW = 0.67; // where the arrows begin, in parts of a cell from above
const TOWARD = { ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowRight: [0, 1], ArrowUp: [-1, 0] };
const ENDS = { G: "goal", B: "bonus", H: "pit" };
const HEADS = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
];

/** A board; `look(cell)`, `hover(cell or null)` and `move(from, to)` are called when the reader does so. */
export function createBoard({ look, hover, move }) {
  const path = svg("path", { class: "gridworld-path" });
  const body = svg("g", { role: "rowgroup" });
  const node = svg("svg", { class: "gridworld-board", role: "grid", "aria-label": "The world" }, body, path);
  let [size, shape, cells, letters] = [1, "", [], ""];
  let width = 1;

  /**
   * Draw `rows` with `values`, `best` actions and the path, in as much as `wide` pixels; `told(cell)`: a cell in words;
   * `chosen`: the cell that is looked at; `peak`: the value that has the full color.
   */
  function draw({ rows, values, best, path: steps, rewards, chosen, peak, told, wide }) {
    width = rows[0].length;
    letters = rows.join("");
    size = Math.min(LARGEST, Math.floor((wide - 2) / width));
    if (shape !== `${rows.length} ${width}`) build(rows);
    change(node, { viewBox: `-1 -1 ${size * width + 2} ${size * rows.length + 2}` });
    node.style.width = `${size * width + 2}px`;
    cells.forEach((cell, i) => {
      const [x, y] = [(i % width) * size, Math.floor(i / width) * size];
      change(cell.group, {
        class: ["gridworld-cell", kindOf(letters[i]), i === chosen && "chosen", values[i] < 0 && "below"]
          .filter(Boolean)
          .join(" "),
        transform: `translate(${x} ${y})`,
        style: `--share: ${Math.min(100, (100 * Math.abs(values[i])) / peak).toFixed(1)}%`,
        tabindex: i === chosen ? 0 : -1,
        "aria-selected": i === chosen ? "true" : "false",
        "aria-label": told(i),
      });
      change(cell.ground, { width: size, height: size });
      change(cell.ring, { x: 2, y: 2, width: size - 4, height: size - 4 });
      inside(cell, letters[i], values[i], best[i], rewards);
    });
    const points = steps.map((i) => [((i % width) + 0.5) * size, (Math.floor(i / width) + LOW) * size]);
    const last = points.length - 1; // it only enters the end, so as not to hide what stands there
    const before = points[last - 1];
    if (ENDS[letters[steps[last]]]) points[last] = points[last].map((x, axis) => 0.58 * x + 0.42 * before[axis]);
    change(path, { d: last ? `M${points.map((point) => point.join(" ")).join("L")}` : "" });
  }

  function build(rows) {
    shape = `${rows.length} ${width}`;
    cells = [...letters].map((_, i) => {
      const part = (element, name) => svg(element, { class: `gridworld-${name}` });
      const [ground, ring, start] = [part("rect", "ground"), part("rect", "ring"), part("circle", "start")];
      const [arrows, text, label] = [part("path", "arrows"), part("text", "value"), part("text", "label")];
      const group = svg("g", { role: "gridcell", "data-cell": i }, ground, start, arrows, text, label, ring);
      return { group, ground, ring, start, arrows, text, label };
    });
    const groups = rows.map((_, row) => cells.slice(row * width, (row + 1) * width).map(({ group }) => group));
    body.replaceChildren(...groups.map((row) => svg("g", { role: "row" }, ...row)));
  }

  function inside({ text, label, arrows, start }, letter, value, best, rewards) {
    const end = ENDS[letter];
    const [middle, roomy] = [size / 2, size >= 52];
    text.textContent = letter === "X" ? "" : end ? signed(rewards[letter]) : brief(value, roomy);
    label.textContent = end ?? "";
    change(text, { x: middle, y: (size * (end ? 0.5 : 0.3)).toFixed(1), "font-size": fontOf(size) });
    change(label, { x: middle, y: (size * 0.5 + fontOf(size)).toFixed(1), "font-size": fontOf(size) - 1 });
    change(arrows, { d: best.map((action) => arrow(action, best.length === 4)).join("") });
    change(start, { cx: middle, cy: size * LOW, r: letter === "S" ? size * 0.25 : 0 });
  }

  /** An arrow from the lower middle of a cell; if all four are as good, a dash says that there is no preference. */
  function arrow(action, all) {
    const [x, y, long, head] = [size / 2, size * LOW, size * 0.19, size * 0.075];
    const [dx, dy] = HEADS[action];
    if (all) return `M${x - 3} ${y}h6`;
    const [tx, ty] = [x + dx * long, y + dy * long];
    const wing = (side) => `${tx - dx * head + side * dy * head} ${ty - dy * head + side * dx * head}`;
    return `M${x} ${y}L${tx} ${ty}M${wing(1)}L${tx} ${ty}L${wing(-1)}`;
  }

  // ---- moving

  const cellOf = (event) => Number(event.target.closest?.("[data-cell]")?.dataset.cell ?? NaN);
  const under = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(node.getScreenCTM().inverse());
    const [row, column] = [Math.floor(y / size), Math.floor(x / size)];
    const there = row >= 0 && row < letters.length / width && column >= 0 && column < width;
    return there ? row * width + column : null;
  };
  const focus = (cell) => cells[cell].group.focus({ preventScroll: true });
  let held = null; // the cell whose piece is dragged

  // A finger that begins on what can be moved moves it; anywhere else it scrolls the page, and a tap looks.
  const movable = (cell) => cell >= 0 && letters[cell] !== ".";
  node.addEventListener("touchstart", (event) => movable(cellOf(event)) && event.preventDefault(), { passive: false });
  node.addEventListener("pointerdown", (event) => {
    const cell = cellOf(event);
    if (event.button || Number.isNaN(cell) || (event.pointerType === "touch" && !movable(cell))) return;
    event.preventDefault();
    look(cell);
    focus(cell);
    if (!movable(cell)) return;
    held = cell;
    node.setPointerCapture(event.pointerId);
    node.classList.add("held");
  });
  node.addEventListener("click", (event) => {
    const cell = cellOf(event);
    if (!Number.isNaN(cell)) look(cell);
  });
  node.addEventListener("pointermove", (event) => {
    const cell = under(event);
    if (held === null) return event.pointerType === "mouse" && hover(cell);
    if (cell !== null && move(held, cell)) focus((held = cell));
  });
  node.addEventListener("pointerleave", () => hover(null));
  for (const end of ["pointerup", "pointercancel"]) {
    node.addEventListener(end, () => {
      held = null;
      node.classList.remove("held");
    });
  }
  node.addEventListener("keydown", (event) => {
    const [toward, cell] = [TOWARD[event.key], cellOf(event)];
    if (!toward || Number.isNaN(cell) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const [row, column] = [Math.floor(cell / width) + toward[0], (cell % width) + toward[1]];
    if (row < 0 || row >= letters.length / width || column < 0 || column >= width) return;
    const to = row * width + column;
    if (!event.shiftKey) look(to);
    if (!event.shiftKey || move(cell, to)) focus(to);
  });

  return { node, draw };
}

const kindOf = (letter) => ENDS[letter] ?? { X: "wall", S: "start" }[letter] ?? "floor";
const fontOf = (size) => (size >= 60 ? 14 : size >= 44 ? 12 : size >= 34 ? 11 : 9.5);
