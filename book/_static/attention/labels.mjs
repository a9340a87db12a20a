// Where names stand beside their points: to the right, left, above or below, wherever they hide least.

const [LETTER, LINE] = [7.6, 17]; // pixels a character and a line, about

/** A word as it is drawn: a long one is cut. */
export const short = (word, most = 14) => {
  const letters = [...word];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : word;
};

/** Places for labels `{x, y, text}` within a width and height: `{x, y, anchor}`, y the baseline. Earlier ones choose
 *  first; `lines` are segments `[x, y, x, y]` that are better not hidden. */
export function place(labels, lines, width, height) {
  const taken = labels.map(({ x, y }) => [x - 6, y - 6, x + 6, y + 6]);
  const spots = lines.flatMap(([a, b, c, d]) =>
    [0.15, 0.3, 0.45, 0.6, 0.75, 0.9].map((t) => [a + t * (c - a), b + t * (d - b)]),
  );
  return labels.map(({ x, y, text }, number) => {
    const long = LETTER * text.length;
    const candidates = [
      { x: x + 10, y: y + 5, anchor: "start" },
      { x: x - 10, y: y + 5, anchor: "end" },
      { x, y: y - 12, anchor: "middle" },
      { x, y: y + 22, anchor: "middle" },
      { x: x + 8, y: y - 8, anchor: "start" },
      { x: x - 8, y: y - 8, anchor: "end" },
      { x: x + 8, y: y + 19, anchor: "start" },
      { x: x - 8, y: y + 19, anchor: "end" },
    ];
    if (x > width * 0.62) [candidates[0], candidates[1]] = [candidates[1], candidates[0]];
    const costs = candidates.map((one, order) => {
      const left = one.x - { start: 0, middle: long / 2, end: long }[one.anchor];
      const box = [left, one.y - 13, left + long, one.y - 13 + LINE];
      const outside = Math.max(0, -box[0], box[2] - width, -box[1], box[3] - height);
      const lined = spots.filter(([x, y]) => x > box[0] && x < box[2] && y > box[1] && y < box[3]).length;
      const hidden = taken.reduce((sum, other, i) => sum + (i === number ? 0 : overlap(box, other)), 30 * lined);
      return { box, one, cost: hidden + 60 * outside + order };
    });
    const best = costs.reduce((a, b) => (b.cost < a.cost ? b : a));
    taken.push(best.box);
    return best.one;
  });
}

function overlap([a, b, c, d], [e, f, g, h]) {
  return Math.max(0, Math.min(c, g) - Math.max(a, e)) * Math.max(0, Math.min(d, h) - Math.max(b, f));
}
