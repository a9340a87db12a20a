// The formula: softmax(Q Kᵀ / divisor) V, a row for each word that looks. tests/book compares it with ravine.attention.

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Whether the word at `i` may look at the word at `j`. */
export function mayLook(mask, i, j) {
  const [name, width] = mask.split("-");
  return name === "none" || (name === "causal" ? j <= i : Math.abs(i - j) <= Number(width));
}

/** What scores are divided by. */
export const divisorOf = ({ scaled, dimensions, temperature }) => (scaled ? Math.sqrt(dimensions) : 1) * temperature;

/** The softmax of a row of scores, over the places where `open` is true; 0 elsewhere. */
export function softmax(row, open) {
  const highest = Math.max(...row.filter((_, j) => open[j])); // so that no exponential overflows
  const powers = row.map((score, j) => (open[j] ? Math.exp(score - highest) : 0));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * What every word receives.
 *
 * `query`, `key` (words, d_k) and `value` (words, 2) give `scores` q·k, `open` and `weights` (words, words), and
 * `output` (words, 2), the mean of the values by the weights.
 */
export function attend({ query, key, value }, state) {
  const divisor = divisorOf(state);
  const scores = query.map((q) => key.map((k) => dot(q, k)));
  const open = scores.map((row, i) => row.map((_, j) => mayLook(state.mask, i, j)));
  const weights = scores.map((row, i) =>
    softmax(
      row.map((score) => score / divisor),
      open[i],
    ),
  );
  const output = weights.map((row) => [0, 1].map((axis) => dot(row, value.map((v) => v[axis]))));
  return { scores, divisor, open, weights, output };
}

/** The standard deviation of all numbers of a table. */
export function deviation(table) {
  const all = table.flat();
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
}
