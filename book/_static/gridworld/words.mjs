// Numbers and places in words and pictures.

/** A number with a true minus sign; without zeros at its end if `exact`. */
export function number(value, digits = 2, exact = false) {
  const text = exact ? String(Number(value.toFixed(digits))) : value.toFixed(digits);
  return text.replace(/^-(?=.*[1-9])/, "−").replace(/^-/, "");
}

/** A reward with its sign. */
export const signed = (value) => (value > 0 ? "+" : "") + number(value, 4, true);

/** A value in as many characters as a cell has room for. */
export const brief = (value, roomy) => number(value, roomy && Math.abs(value) < 9.995 ? 2 : 1);

/** "1 step", "2 steps". */
export const counted = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;

/** A list of words: "left, down or up". */
export const either = (words) => words.join(", ").replace(/, (?=[^,]*$)/, " or ");

/** "row 2, column 3". */
export const where = (cell, width) => `row ${Math.floor(cell / width) + 1}, column ${(cell % width) + 1}`;
