// The game: densities, the discriminator's logit, the value, and the slopes of the generator's two losses. Integrals
// are sums over one grid, which Python fixes (src/proctor/site/gan_game_figure.py); tests/book compares every number
// with ravine.gan_game. Everything comes from logarithms of densities, so that nothing overflows far out.

const ROOT = Math.log(2 * Math.PI) / 2;

/** The logarithm of a Gaussian's density. */
export const logNormal = (x, mean, width) => -(((x - mean) / width) ** 2) / 2 - Math.log(width) - ROOT;

/** The logarithm of the data's density; `modes` are [share, center, width]. */
export function logData(x, modes) {
  const parts = modes.map(([share, center, width]) => Math.log(share) + logNormal(x, center, width));
  const highest = Math.max(...parts);
  return highest + Math.log(parts.reduce((sum, part) => sum + Math.exp(part - highest), 0));
}

/** The generator that the discriminator is the best reply to: [mean, width]. */
export const against = ({ mean, width, lag }) => lag ?? [mean, width];

/** The discriminator's logit: the logarithm of the data's density over that of a generator. */
export const logit = (x, modes, [mean, width]) => logData(x, modes) - logNormal(x, mean, width);

export const sigmoid = (a) => (a < 0 ? Math.exp(a) / (1 + Math.exp(a)) : 1 / (1 + Math.exp(-a)));
const softplus = (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))); // −ln D of the logit −a

/**
 * The game's numbers: `value`, V(D, G); `best`, V(D*, G); `jsd`; and of `minimax` and `nonsaturating` the generator's
 * `loss` and its slopes in `mean` and `width`, with the discriminator held.
 */
export function play(state, { data, grid }) {
  const { mean, width, lag } = state;
  const { modes } = data[state.data];
  const most = Math.round(grid.reach / grid.step);
  let [value, best] = [0, 0];
  const minimax = { loss: 0, mean: 0, width: 0 };
  const nonsaturating = { loss: 0, mean: 0, width: 0 };
  for (let i = -most; i <= most; i++) {
    const x = i * grid.step;
    const [real, fake] = [logData(x, modes), logNormal(x, mean, width)];
    const star = real - fake;
    const a = lag ? real - logNormal(x, ...lag) : star;
    const [pData, pGenerator] = [Math.exp(real) * grid.step, Math.exp(fake) * grid.step];
    const [passes, fails] = [softplus(-a), softplus(a)]; // −ln D and −ln(1 − D)
    value -= pData * passes + pGenerator * fails;
    best -= pData * softplus(-star) + pGenerator * softplus(star);
    const z = (x - mean) / width;
    const moves = { loss: 1, mean: z / width, width: (z * z - 1) / width }; // of ln p_g, and p_g itself
    for (const name of ["loss", "mean", "width"]) {
      minimax[name] -= pGenerator * moves[name] * fails;
      nonsaturating[name] += pGenerator * moves[name] * passes;
    }
  }
  return { value, best, jsd: Math.max(0, (best + Math.log(4)) / 2), minimax, nonsaturating };
}

/** The slope of the logit at x. */
export function logitSlope(x, modes, [mean, width]) {
  const all = logData(x, modes);
  const data = modes.reduce((sum, [share, center, wide]) => {
    const part = Math.exp(Math.log(share) + logNormal(x, center, wide) - all); // how likely x is of this mode
    return sum + (part * (center - x)) / wide ** 2;
  }, 0);
  return data - (mean - x) / width ** 2;
}

/**
 * How hard each loss pushes the generator's samples at x to the right, times their density: the area of a curve is
 * minus the loss's slope in the mean.
 */
export function push(x, state, { data }) {
  const { modes } = data[state.data];
  const d = sigmoid(logit(x, modes, against(state)));
  const pull = Math.exp(logNormal(x, state.mean, state.width)) * logitSlope(x, modes, against(state));
  return { minimax: pull * d, nonsaturating: pull * sigmoid(-logit(x, modes, against(state))) };
}
