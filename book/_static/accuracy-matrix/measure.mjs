// The arithmetic: what the accuracies R of a run come to. R has a row more than columns: row 0 before any training, row
// t after the first t tasks. tests/book compares it with ravine.continual.

const upTo = (count) => Array.from({ length: Math.max(0, count) }, (_, i) => i);

/** The mean of numbers. */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Their standard deviation, as that of a sample; null for one. */
export function spread(values) {
  const center = mean(values);
  if (values.length < 2) return null;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/** The runs of a method that are shown: one, or for seed null all. */
export const chosen = ({ runs }, seed) => runs.filter((run) => seed === null || run.seed === seed);

/** R of several runs: of each cell the mean. */
export const matrix = (runs) => runs[0].R.map((row, t) => row.map((_, task) => mean(runs.map(({ R }) => R[t][task]))));

/**
 * A number after some tasks as the mean of terms, each a list of cells `[row, column, sign]` to be added; null if it
 * needs more tasks.
 */
export function sumOf(number, learned, R) {
  const earlier = upTo(learned - 1);
  const all = upTo(learned);
  const best = (task) => earlier.slice(1).reduce((best, i) => (R[i + 1][task] > R[best][task] ? i + 1 : best), 1);
  const terms = {
    acc: all.map((task) => [[learned, task, 1]]),
    la: all.map((task) => [[task + 1, task, 1]]),
    bwt: earlier.map((task) => [
      [learned, task, 1],
      [task + 1, task, -1],
    ]),
    forgetting: earlier.map((task) => [
      [best(task), task, 1],
      [learned, task, -1],
    ]),
    fwt: earlier.map((task) => [
      [task + 1, task + 1, 1],
      [0, task + 1, -1],
    ]),
  }[number];
  return terms.length ? terms : null;
}

/** What a number comes to in each of several runs; nothing if it needs more tasks. */
export function measured(number, learned, runs) {
  return runs.flatMap(({ R }) => {
    const terms = sumOf(number, learned, R);
    const total = (cells) => cells.reduce((sum, [row, task, sign]) => sum + sign * R[row][task], 0);
    return terms ? [mean(terms.map(total))] : [];
  });
}

/** The cells that a number averages, `{"row,column": sign}`: those of any of the runs. */
export function cells(number, learned, runs) {
  const terms = runs.flatMap(({ R }) => sumOf(number, learned, R) ?? []);
  return Object.fromEntries(terms.flat().map(([t, task, sign]) => [`${t},${task}`, sign]));
}
