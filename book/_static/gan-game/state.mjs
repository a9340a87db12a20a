// What is shown, as a query of an address: so that a link carries a setting.
//
//   data=two&mean=1&width=0.8&lag=3,0.5
//
// Whatever is not given has its default, and whatever is unknown or out of range is ignored: an address is typed by
// anyone. `facts` are what Python says (src/proctor/site/gan_game_figure.py).
//
//   data         a name of facts.data
//   mean, width  of the generator, within facts.ranges
//   lag          [mean, width] of the generator that the discriminator is the best reply to; null: of the present one

import { play } from "./game.mjs";

const KEYS = ["data", "mean", "width", "lag"];

/** Read a query; one that says nothing at all stands for the query `fallback`. */
export function read(query, facts, fallback = facts.query) {
  const given = new URLSearchParams(query);
  if (!KEYS.some((key) => given.has(key)) && query !== fallback) return read(fallback, facts);
  const usual = new URLSearchParams(facts.query);
  const inRange = (name, text) => {
    const [low, high] = facts.ranges[name];
    const value = text?.trim() ? Number(text) + 0 : NaN;
    return value >= low && value <= high ? value : null;
  };
  const numeric = (name) => inRange(name, given.get(name)) ?? Number(usual.get(name));
  const lag = (given.get("lag") ?? "").split(",");
  const pair = [inRange("mean", lag[0]), inRange("width", lag[1])];
  return {
    data: Object.hasOwn(facts.data, given.get("data") ?? "") ? given.get("data") : usual.get("data"),
    mean: numeric("mean"),
    width: numeric("width"),
    lag: lag.length === 2 && !pair.includes(null) ? pair : null,
  };
}

/** Write a state as a query. */
export function write({ data, mean, width, lag }) {
  const pairs = [`data=${data}`, `mean=${mean}`, `width=${width}`];
  return pairs.concat(lag ? [`lag=${lag.join(",")}`] : []).join("&");
}

/** A number as the mean or the width may be: in its range, with as many digits. */
export function within(name, value, facts, digits = 2) {
  const [low, high] = facts.ranges[name];
  return Math.min(high, Math.max(low, Number(value.toFixed(digits)) + 0));
}

/** The state after steps of the generator down a loss ("minimax", "nonsaturating"), the discriminator as it plays. */
export function descended(state, loss, steps, facts) {
  let next = state;
  for (let step = 0; step < steps; step++) {
    const slope = play(next, facts)[loss];
    const to = (name) => within(name, next[name] - facts.rate * slope[name], facts, 4);
    next = { ...next, mean: to("mean"), width: to("width") };
  }
  return next;
}
