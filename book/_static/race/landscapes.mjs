// The landscapes of ravine.landscapes: the loss of a point [x, y], and its gradient in closed form.
//
// Operations stand in the order in which the library does them, so that the same point gives the same bits wherever no
// sine is involved. Windows, starts and minima are not here: the page brings them from the library.

export const LANDSCAPES = {
  quadratic: quadratic(100, 0),
  "turned quadratic": quadratic(100, Math.PI / 4),

  rosenbrock: {
    loss: ([x, y]) => (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    gradient([x, y]) {
      const height = y - x * x;
      return [-2 * (1 - x) - 400 * x * height, 200 * height];
    },
  },

  beale: {
    loss: ([x, y]) => bealeResiduals(x, y).reduce((sum, residual) => sum + residual * residual, 0),
    gradient([x, y]) {
      const powers = [1, y, y * y, y * y * y];
      let [alongX, alongY] = [0, 0];
      bealeResiduals(x, y).forEach((residual, i) => {
        alongX += 2 * residual * (powers[i + 1] - 1);
        alongY += 2 * residual * (i + 1) * x * powers[i];
      });
      return [alongX, alongY];
    },
  },

  himmelblau: {
    loss: ([x, y]) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
    gradient([x, y]) {
      const [first, second] = [x * x + y - 11, x + y * y - 7];
      return [4 * x * first + 2 * second, 2 * first + 4 * y * second];
    },
  },

  rastrigin: {
    loss: ([x, y]) => hill(x) + hill(y),
    gradient: (point) => point.map((w) => 2 * w + 20 * Math.PI * Math.sin(2 * Math.PI * w)),
  },

  saddle: {
    loss: ([w1, w2]) => (1 - w1 * w2) ** 2,
    gradient([w1, w2]) {
      const slope = -2 * (1 - w1 * w2);
      return [slope * w2, slope * w1];
    },
  },
};

/** A bowl with curvature 1 along its floor, which points along `angle`, and `condition` across it. */
function quadratic(condition, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [h11, h12, h22] = [c * c + condition * s * s, (1 - condition) * c * s, s * s + condition * c * c];
  return {
    loss: ([x, y]) => 0.5 * (h11 * x * x + 2 * h12 * x * y + h22 * y * y),
    gradient: ([x, y]) => [h11 * x + h12 * y, h12 * x + h22 * y],
  };
}

const hill = (w) => w * w + 10 * (1 - Math.cos(2 * Math.PI * w));

const bealeResiduals = (x, y) => [1.5 - x + x * y, 2.25 - x + x * (y * y), 2.625 - x + x * (y * y * y)];
