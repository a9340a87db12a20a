// A walk: one method on one landscape, step by step, with nothing hidden between the steps.

import { METHODS } from "./methods.mjs";

/** The state before the first step: for each parameter, its value and no memory. */
export const begin = (start) => start.map((w) => [w]);

/** Take step number `t` (from 1): the state after it. */
export function step(method, state, gradient, settings, t) {
  return state.map((parameter, i) => METHODS[method](parameter, gradient[i], settings, t));
}

/** The point [x, y] of a state. */
export const position = (state) => state.map(([w]) => w);

/** Whether a point is farther from the middle of a window than `reach` times its width or height. */
export function isBeyond(point, window, reach) {
  return !point.every(
    (w, i) => Math.abs(w - (window[i][0] + window[i][1]) / 2) < reach * (window[i][1] - window[i][0]),
  );
}

const GONE = 10; // windows away: nobody comes back from there; ravine.plot ends its paths there, too

/**
 * Walk until the loss is at most `arrived`, or the ball is gone from the `window` for good, or all `steps` are taken.
 *
 * Returns { points, losses, end, at }: the points, the start first; their losses; how the walk ended, "arrived", "left"
 * or "walking"; and at which step. A ball may leave the window and return: one that is gone has left it at the step
 * after which it was never inside.
 */
export function walk({ loss, gradient }, method, settings, { start, steps, arrived, window = null }) {
  const [points, losses] = [[], []];
  let [state, inside] = [begin(start), 0];
  for (let t = 0; ; t++) {
    const point = position(state);
    const height = loss(point);
    points.push(point);
    losses.push(height);
    if (window && !isBeyond(point, window, 0.5)) inside = t;
    if (!Number.isFinite(height) || (window && isBeyond(point, window, GONE)))
      return { points, losses, end: "left", at: inside + 1 };
    if (height <= arrived || t === steps)
      return { points, losses, end: height <= arrived ? "arrived" : "walking", at: t };
    state = step(method, state, gradient(point), settings, t + 1);
  }
}
