// The arithmetic: a world as a decision process, Bellman's backup, value iteration. tests/book compares it with
// ravine.mdp, whose order of actions this is.

export const ACTIONS = ["left", "down", "right", "up"];
const TURNS = [0, -1, 1]; // ahead, and to the sides
const TIE = 1e-9; // two actions whose values differ by less are equally good
const DOWNWARD = [0, 1, 0, -1];
const RIGHTWARD = [-1, 0, 1, 0];
const ENOUGH = 1e-12; // no value changes by more: done

/** Where a step from a cell leads that does not slip: a wall or the border leaves it where it is. */
export function neighbor({ letters, height, width }, cell, action) {
  const row = Math.floor(cell / width) + DOWNWARD[action];
  const column = (cell % width) + RIGHTWARD[action];
  const inside = row >= 0 && row < height && column >= 0 && column < width;
  return inside && letters[row * width + column] !== "X" ? row * width + column : cell;
}

/** A state's world: which cells go on, and of each, action and turn where it leads, how likely, what it earns. */
export function modelOf({ rows, discount, goal, bonus, pit, step, slip }) {
  const letters = rows.join("");
  const world = { letters, height: rows.length, width: rows[0].length, discount };
  const arrival = { G: goal, B: bonus, H: pit };
  const goesOn = [...letters].map((letter) => letter === "S" || letter === ".");
  const next = new Int32Array(letters.length * 12);
  const reward = new Float64Array(letters.length * 12);
  goesOn.forEach((open, cell) => {
    for (let i = 0; open && i < 12; i++) {
      const action = Math.floor(i / 3);
      const to = neighbor(world, cell, (action + TURNS[i % 3] + 4) % 4);
      next[12 * cell + i] = to;
      reward[12 * cell + i] = (arrival[letters[to]] ?? 0) + step;
    }
  });
  return { ...world, goesOn, next, reward, chances: [1 - slip, slip / 2, slip / 2] };
}

/** Q(s, a), the four of a cell: E[r + γ V(s')]. */
export function lookAhead({ goesOn, next, reward, chances, discount }, values, cell) {
  if (!goesOn[cell]) return [0, 0, 0, 0];
  return ACTIONS.map((_, action) => {
    let sum = 0;
    for (let turn = 0; turn < 3; turn++) {
      const i = 12 * cell + 3 * action + turn;
      sum += chances[turn] * (reward[i] + discount * values[next[i]]);
    }
    return sum;
  });
}

/** The summands of one Q: `{chance, reward, to}`, one for each cell it may lead to. */
export function summands({ next, reward, chances }, cell, action) {
  const found = new Map();
  chances.forEach((chance, turn) => {
    const i = 12 * cell + 3 * action + turn;
    const before = found.get(next[i])?.chance ?? 0;
    if (chance > 0) found.set(next[i], { chance: before + chance, reward: reward[i], to: next[i] });
  });
  return [...found.values()];
}

/** One sweep of value iteration: of every cell the best Q. (As lookAhead, but thousands of sweeps must be quick.) */
export function sweep({ goesOn, next, reward, chances: [ahead, aside], discount }, values) {
  const after = new Float64Array(values.length);
  const earned = (i) => reward[i] + discount * values[next[i]];
  for (let cell = 0; cell < values.length; cell++) {
    let most = -Infinity;
    for (let i = 12 * cell; goesOn[cell] && i < 12 * cell + 12; i += 3) {
      const q = ahead * earned(i) + aside * earned(i + 1) + aside * earned(i + 2);
      if (q > most) most = q;
    }
    if (goesOn[cell]) after[cell] = most;
  }
  return after;
}

/** The best actions for some values: of every cell those whose Q is the largest, none where an episode is over. */
export const greedy = (model, values) =>
  model.goesOn.map((open, cell) => (open ? bestOf(lookAhead(model, values, cell)) : []));

/** Of four Q, the actions whose Q is the largest. */
export function bestOf(q) {
  const most = Math.max(...q);
  return [0, 1, 2, 3].filter((action) => q[action] >= most - TIE);
}

/**
 * Value iteration from values of 0: `optimum`, V*; `sweeps`, how many it took until nothing changed; `values`, those
 * after `wanted` sweeps (null: V*); of these, `change`, by how much the last sweep changed a value, and `off`, how far
 * one is from V*.
 */
export function solve(model, wanted = null) {
  let values = new Float64Array(model.goesOn.length);
  const found = { optimum: null, sweeps: 0, values, change: 0 };
  for (let count = 1; !found.optimum || count <= wanted; count++) {
    const before = values;
    values = sweep(model, before);
    const change = furthest(values, before);
    if (count === wanted) Object.assign(found, { values, change });
    if (!found.optimum && change <= ENOUGH) Object.assign(found, { optimum: values, sweeps: count - 1 });
  }
  if (wanted === null) found.values = found.optimum;
  return { ...found, off: furthest(found.values, found.optimum) };
}

/** From which sweep on the greedy policy is optimal in every cell, and from which on no value is off by `within`. */
export function settled(model, optimum, within) {
  const optimal = greedy(model, optimum);
  let values = new Float64Array(optimum.length);
  const from = { policy: 0, values: 0 };
  // Once every value is this near to V*, no action that is not optimal can be greedy.
  const gaps = model.goesOn.flatMap((open, cell) => (open ? gapOf(lookAhead(model, optimum, cell)) : []));
  const near = Math.max(1e-10, Math.min(within, ...gaps.map((gap) => gap / 3)));
  for (let count = 0; ; count++) {
    const off = furthest(values, optimum);
    if (off >= within) from.values = count + 1;
    if (!greedy(model, values).every((best, cell) => best.every((action) => optimal[cell].includes(action)))) {
      from.policy = count + 1;
    }
    if (off < near) return from;
    values = sweep(model, values);
  }
}

/** By how much the best Q is above the best of the others; nothing, if there are no others. */
function gapOf(q) {
  const [most, best] = [Math.max(...q), bestOf(q)];
  return q.filter((_, action) => !best.includes(action)).map((value) => most - value);
}

const furthest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

/** The cells from the start by the first best actions, as long as none slips: up to an end, or to one seen before. */
export function pathOf(model, best) {
  const path = [model.letters.indexOf("S")];
  while (best[path.at(-1)].length && path.indexOf(path.at(-1)) === path.length - 1) {
    path.push(neighbor(model, path.at(-1), best[path.at(-1)][0]));
  }
  return path;
}

/** In how many steps that do not slip the start reaches each kind of end: `{G: 10, B: 2}`. */
export function distances(model) {
  const start = model.letters.indexOf("S");
  const [far, front, found] = [new Map([[start, 0]]), [start], {}];
  for (const cell of front) {
    for (const to of ACTIONS.map((_, action) => neighbor(model, cell, action))) {
      if (far.has(to)) continue;
      far.set(to, far.get(cell) + 1);
      if (model.goesOn[to]) front.push(to);
      else found[model.letters[to]] ??= far.get(to);
    }
  }
  return found;
}

/**
 * The discount at which goal and bonus are worth the same at the start, in closed form: `{near, away, less, more,
 * discount}`, distances and rewards. With neither slips nor a price of steps, a reward r that is n steps away is worth
 * γⁿ⁻¹ r. Null where there is no such discount, or the formula does not hold.
 */
export function tieOf({ goal, bonus, slip, step }, model) {
  const { G, B } = distances(model);
  if (slip || step || !G || !B || G === B) return null;
  const [near, less, away, more] = B < G ? [B, bonus, G, goal] : [G, goal, B, bonus];
  return 0 < less && less < more ? { near, away, less, more, discount: (less / more) ** (1 / (away - near)) } : null;
}
