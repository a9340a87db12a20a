// What is shown, as a query of an address: so that a link carries a setting.
//
//   landscape=rosenbrock&methods=heavy-ball,adam&start=-1.2,1&step=40&heavy-ball.lr=0.002
//
// Whatever is not given has its default, and whatever is unknown or out of range is ignored: an address is typed by
// anyone. `facts` are what Python says about the race (src/proctor/site/race.py).
//
//   landscape  a name of facts.landscapes
//   methods    names of facts.methods that are switched on, in the order of facts.methods
//   start      [x, y], or null for the landscape's own
//   step       the step that is looked at, or null for the end
//   changed    {method: {setting: value}}, what differs from the defaults
//   chosen     the method whose settings the sliders show; not part of the address

import { isBeyond } from "./walk.mjs";

/** How far from the middle of the window a start may be, in windows. */
export const REACH = 1.5;

export const slug = (name) => name.toLowerCase().replaceAll(" ", "-");

/** Read a query; what it does not say is taken from the query `fallback`, and then from the defaults. */
export function read(query, facts, fallback = facts.query) {
  const given = new URLSearchParams(query);
  const usual = query === fallback ? {} : read(fallback, facts, fallback);
  const named = (names, wanted) => names.find((name) => slug(name) === wanted);
  const numbers = (text) => (text ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));

  const landscape = named(Object.keys(facts.landscapes), given.get("landscape")) ?? usual.landscape;
  const names = Object.keys(facts.methods);
  const wanted = given
    .get("methods")
    ?.split(",")
    .filter((text) => names.some((name) => slug(name) === text));
  const methods = wanted?.length ? names.filter((name) => wanted.includes(slug(name))) : usual.methods;

  const point = numbers(given.get("start"));
  const { window } = facts.landscapes[landscape];
  const start = point.length === 2 && !isBeyond(point, window, REACH) ? point : null;
  const [when] = numbers(given.get("step"));
  const step = Number.isInteger(when) && when >= 0 && when <= facts.steps ? when : null;

  const changed = {};
  for (const [key, text] of given) {
    const [method, setting] = [named(names, key.split(".")[0]), key.split(".")[1]];
    const [value] = numbers(text);
    if (!method || !Object.hasOwn({ lr: 0, ...facts.methods[method].settings }, setting)) continue;
    const [low, high] = facts.ranges[setting];
    if (value >= low && value <= high) (changed[method] ??= {})[setting] = value;
  }
  const chosen = methods.find((name) => name in changed) ?? methods[0];
  return { landscape, methods, start, step, changed, chosen };
}

/** Write a state as a query. */
export function write({ landscape, methods, start, step, changed }) {
  const pairs = [["landscape", slug(landscape)]];
  pairs.push(["methods", methods.map(slug).join(",")]);
  if (start) pairs.push(["start", start.join(",")]);
  if (step !== null) pairs.push(["step", Math.floor(step)]);
  for (const [method, settings] of Object.entries(changed)) {
    for (const [setting, value] of Object.entries(settings)) pairs.push([`${slug(method)}.${setting}`, value]);
  }
  return pairs.map((pair) => pair.join("=")).join("&");
}

/** Everything a method needs to walk, in a state: its learning rate, its other settings, and what cannot be set. */
export function settingsOf(method, { landscape, changed }, facts) {
  const { settings, fixed } = facts.methods[method];
  return { lr: facts.landscapes[landscape].rates[method], ...settings, ...fixed, ...changed[method] };
}
