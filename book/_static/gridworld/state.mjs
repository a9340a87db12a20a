// What is shown, as a query of an address: so that a link carries a setting.
//
//   rows=B.S....G&discount=0.6&goal=10&bonus=3&pit=-5&step=-0.1&slip=0.2&sweeps=4&look=1,3
//
// Whatever is not given has its default, and whatever is unknown or out of range is ignored: an address is typed by
// anyone. `facts` are what Python says about worlds (src/proctor/site/gridworld.py).
//
//   rows     the world: S start, G goal, B bonus, H pit, X wall, . floor
//   discount, goal, bonus, pit, step, slip   numbers; facts.numbers has of each the default, the least, the most
//   sweeps   of value iteration, from values of 0; null: as many as it takes
//   look     the number of the cell whose action values are shown (in the address: row and column, from 1)

const ONCE = "SGB"; // letters that stand at one place only

/** Read a query; without rows, it is read with those and the numbers of the query `fallback`. */
export function read(query, facts, fallback = facts.query) {
  const given = new URLSearchParams(query);
  const rows = rowsOf(given.get("rows") ?? "", facts);
  if (!rows && query === fallback) return read(facts.query, facts);
  if (!rows) return read(merged(given, fallback), facts, fallback);

  const state = { rows };
  for (const [name, [usual, least, most]] of Object.entries(facts.numbers)) {
    const value = numberOf(given.get(name));
    state[name] = value >= least && value <= most ? value : usual;
  }
  const sweeps = numberOf(given.get("sweeps"));
  state.sweeps = Number.isInteger(sweeps) && sweeps >= 0 && sweeps <= facts.sweeps ? sweeps : null;
  const [row, column, more] = (given.get("look") ?? "").split(",").map((part) => numberOf(part) - 1);
  const inside = Number.isInteger(row) && Number.isInteger(column) && more === undefined && rows[row]?.[column];
  state.look = inside ? row * rows[0].length + column : rows.join("").indexOf("S");
  return state;
}

const numberOf = (text) => (text?.trim() ? Number(text) : NaN);

/** The rows of a world, or null if it is none. */
function rowsOf(text, { letters, largest: [height, width] }) {
  const rows = text.split("/");
  const count = (letter) => text.split(letter).length - 1;
  const even = rows.every((row) => row.length === rows[0].length);
  const known = [...text].every((letter) => letter === "/" || Object.hasOwn(letters, letter));
  const fits = rows.length <= height && rows[0].length >= 1 && rows[0].length <= width;
  return even && known && fits && count("S") === 1 && count("G") <= 1 && count("B") <= 1 ? rows : null;
}

/** A query without rows, on the rows of another. */
function merged(given, fallback) {
  const pairs = new URLSearchParams(fallback);
  for (const [key, value] of given) if (key !== "rows") pairs.set(key, value);
  return pairs.toString();
}

/** Write a state as a query; what has its default is left out. */
export function write(state, facts) {
  const pairs = [["rows", state.rows.join("/")]];
  for (const [name, [usual]] of Object.entries(facts.numbers)) {
    if (state[name] !== usual) pairs.push([name, state[name]]);
  }
  if (state.sweeps !== null) pairs.push(["sweeps", state.sweeps]);
  if (state.look !== state.rows.join("").indexOf("S")) {
    const width = state.rows[0].length;
    pairs.push(["look", `${Math.floor(state.look / width) + 1},${(state.look % width) + 1}`]);
  }
  return pairs.map((pair) => pair.join("=")).join("&");
}

// ---- other worlds: each gives rows, the same ones if it cannot be

/** The world with what stands at one cell moved to another, which must be floor. */
export function moved(rows, from, to) {
  const letters = rows.join("");
  if (from === to || letters[from] === "." || letters[to] !== ".") return rows;
  return put(put(rows, to, letters[from]), from, ".");
}

/** The world with a letter at a cell. There stays one start, and at most one goal and one bonus. */
export function placed(rows, cell, letter) {
  const letters = rows.join("");
  if (letters[cell] === "S" || letters[cell] === letter) return rows;
  const before = ONCE.includes(letter) ? letters.indexOf(letter) : -1;
  return put(before < 0 ? rows : put(rows, before, "."), cell, letter);
}

function put(rows, cell, letter) {
  const [row, column] = [Math.floor(cell / rows[0].length), cell % rows[0].length];
  return rows.map((text, i) => (i === row ? text.slice(0, column) + letter + text.slice(column + 1) : text));
}
