// The update rules of ravine, for one parameter: all eight treat every parameter alike and by itself.
//
// A rule takes [w, ...what it remembers], the gradient g, the hyperparameters and the number of the step, from 1, and
// returns the new [w, ...what it remembers]. Before the first step nothing is remembered, and every memory is 0.

export const METHODS = {
  "gradient descent": ([w], g, { lr }) => [w - lr * g],

  // The learning rate stands inside the velocity.
  "heavy ball"([w, v = 0], g, { lr, beta }) {
    v = beta * v - lr * g;
    return [w + v, v];
  },

  // w is the look-ahead point, as in PyTorch: that is where the gradient is taken.
  Nesterov([w, v = 0], g, { lr, beta }) {
    v = beta * v - lr * g;
    return [w + beta * v - lr * g, v];
  },

  AdaGrad([w, sum = 0], g, { lr, eps }) {
    sum += g * g;
    return [w - (lr * g) / (Math.sqrt(sum) + eps), sum];
  },

  RMSprop([w, s = 0], g, { lr, beta, eps }) {
    s = beta * s + (1 - beta) * g * g;
    return [w - (lr * g) / (Math.sqrt(s) + eps), s];
  },

  AdaDelta([w, s = 0, u = 0], g, { lr, beta, eps }) {
    s = beta * s + (1 - beta) * g * g;
    const change = (Math.sqrt(u + eps) / Math.sqrt(s + eps)) * g;
    return [w - lr * change, s, beta * u + (1 - beta) * change * change];
  },

  Adam([w, m = 0, v = 0], g, { lr, beta, beta2, eps }, t) {
    m = beta * m + (1 - beta) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const root = Math.sqrt(v / (1 - beta2 ** t)) + eps;
    return [w - (lr * m) / (1 - beta ** t) / root, m, v];
  },

  AdamW: ([w, ...moments], g, settings, t) =>
    METHODS.Adam([(1 - settings.lr * settings.weight_decay) * w, ...moments], g, settings, t),
};
