// Numbers in words.

import { matrix, mean, measured, sumOf } from "./measure.mjs";

/** A number with a true minus sign; a half goes up, as in Python's still picture. */
export function told(value, digits = 3) {
  const text = (value + 1e-9).toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** Bytes, in the unit that fits. */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  const unit = count ? Math.min(3, Math.floor(Math.log10(count) / 3)) : 0;
  return `${Number((count / 1000 ** unit).toPrecision(3))} ${units[unit]}`;
}

/** "1 task", "2 tasks". */
export const counted = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;

/** What a method was run with: "learning rate 0.1, strength 100". */
export function settingsInWords({ hyperparameters }) {
  const pairs = Object.entries(hyperparameters);
  return pairs.map(([name, value]) => `${name === "lr" ? "learning rate" : name} ${value}`).join(", ");
}

/** A number, of which `name` and `least` are known, as the sum of its cells: "BWT = (0.70 − 0.95) = −0.25". */
export function sumInWords(number, { name, least }, learned, runs) {
  const R = matrix(runs);
  const terms = sumOf(number, learned, R);
  if (!terms) return `${name} needs ${counted(least, "task")}.`;
  const total = told(mean(measured(number, learned, runs)));
  if (number === "forgetting" && runs.length > 1) {
    return `${name} = ${total}. Each seed has its own best times; a cell is marked that is one of them.`;
  }
  const parts = terms.map((cells) => {
    const values = cells.map(([row, task]) => told(R[row][task])).join(" − ");
    return cells.length > 1 ? `(${values})` : values;
  });
  const sum = parts.length > 1 ? `(${parts.join(" + ")}) / ${parts.length}` : parts[0];
  return sum === total ? `${name} = ${total}` : `${name} = ${sum} = ${total}`;
}
