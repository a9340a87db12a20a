// Contour lines by marching squares: in each cell of a grid, a straight line between the edges that a level crosses.

/**
 * SVG path data of the lines where a function of pixels crosses each level, one string a level.
 *
 * The function is taken at the corners of square cells of `cell` pixels that cover `width` by `height`.
 */
export function contours(height, { levels, size: [wide, high], cell }) {
  const [columns, rows] = [Math.ceil(wide / cell) + 1, Math.ceil(high / cell) + 1];
  const heights = Array.from({ length: rows }, (_, row) =>
    Float64Array.from({ length: columns }, (_, column) => height([column * cell, row * cell])),
  );
  return levels.map((level) => {
    const lines = [];
    for (let row = 0; row + 1 < rows; row++) {
      for (let column = 0; column + 1 < columns; column++) {
        // The corners, clockwise from the upper left one.
        const corners = [
          heights[row][column],
          heights[row][column + 1],
          heights[row + 1][column + 1],
          heights[row + 1][column],
        ];
        for (const [[x1, y1], [x2, y2]] of crossings(corners, level)) {
          const at = (x, y) => `${((column + x) * cell).toFixed(1)},${((row + y) * cell).toFixed(1)}`;
          lines.push(`M${at(x1, y1)}L${at(x2, y2)}`);
        }
      }
    }
    return lines.join("");
  });
}

/** The lines of one cell of side 1: pairs of points [x, y]. */
function crossings([a, b, c, d], level) {
  const [inA, inB, inC, inD] = [a < level, b < level, c < level, d < level];
  if (inA === inB && inB === inC && inC === inD) return [];
  const share = (from, to) => (level - from) / (to - from);
  const top = inA !== inB && [share(a, b), 0];
  const right = inB !== inC && [1, share(b, c)];
  const bottom = inD !== inC && [share(d, c), 1];
  const left = inA !== inD && [0, share(a, d)];
  const points = [top, right, bottom, left].filter(Boolean);
  if (points.length === 2) return [points];
  // A saddle: the middle of the cell says which two opposite corners hang together.
  const middle = (a + b + c + d) / 4 < level;
  return middle === inA
    ? [
        [top, right],
        [bottom, left],
      ]
    : [
        [left, top],
        [right, bottom],
      ];
}
