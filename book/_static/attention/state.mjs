// What is shown, as a query of an address: so that a link carries a setting.
//
//   words=the+blue+creature&look=3&mask=causal&dimensions=64&scaled=no&temperature=0.5&q3=1.5,0.2
//
// Whatever is not given has its default, and whatever is unknown or out of range is ignored: an address is typed by
// anyone. `facts` are what Python says about the words (src/proctor/site/attention.py).
//
//   text         the sentence as it was typed; `words` are its words
//   look         which word looks, from 0 (in the address, from 1)
//   mask         a name of facts.masks
//   dimensions   of queries and keys, d_k; `scaled`: whether scores are divided by its root
//   temperature  what they are divided by besides
//   moved        {q3: [1.5, 0.2]}, vectors that differ from the words' own, by their names in the address

import { KINDS, split, vector } from "./words.mjs";

const known = new Map(); // vectors of words that were drawn before

/** Read a query; what it does not say is taken from the query `fallback`, and then from the defaults. */
export function read(query, facts, fallback = facts.query) {
  const given = new URLSearchParams(query);
  const words = split(given.get("words") ?? "", facts);
  if (!words.length && query === fallback) return read(facts.query, facts);
  if (!words.length) return read(merged(given, fallback), facts, fallback);

  const look = Number(given.get("look")) - 1;
  const mask = given.get("mask");
  const dimensions = Number(given.get("dimensions"));
  const temperature = Number(given.get("temperature"));
  const [coolest, hottest] = facts.temperatures;
  const moved = {};
  for (const name of names(words)) {
    const point = numbers(given.get(name));
    if (point.length === 2 && point.every((value) => Math.abs(value) <= facts.reach)) moved[name] = point;
  }
  return {
    text: words.join(" "),
    words,
    look: Number.isInteger(look) && look >= 0 && look < words.length ? look : 0,
    mask: Object.hasOwn(facts.masks, mask ?? "") ? mask : "none",
    dimensions: facts.dimensions.includes(dimensions) ? dimensions : facts.dimensions[0],
    scaled: given.get("scaled") !== "no",
    temperature: temperature >= coolest && temperature <= hottest ? temperature : 1,
    moved,
  };
}

const numbers = (text) => (text ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
const names = (words) => KINDS.flatMap((kind) => words.map((_, i) => `${kind}${i + 1}`)).sort(byKind);
const byKind = (a, b) => a[0].localeCompare(b[0]) || a.slice(1) - b.slice(1);

/** A query without words, on the words of another. */
function merged(given, fallback) {
  const pairs = new URLSearchParams(fallback);
  for (const [key, value] of given) if (key !== "words") pairs.set(key, value);
  return pairs.toString();
}

/** Write a state as a query; what has its default is left out. */
export function write({ words, look, mask, dimensions, scaled, temperature, moved }) {
  const pairs = [
    ["words", words.map(encodeURIComponent).join("+")],
    ["look", look + 1],
  ];
  if (mask !== "none") pairs.push(["mask", mask]);
  if (dimensions !== 2) pairs.push(["dimensions", dimensions]);
  if (!scaled) pairs.push(["scaled", "no"]);
  if (temperature !== 1) pairs.push(["temperature", temperature]);
  for (const name of Object.keys(moved).sort(byKind)) pairs.push([name, moved[name].join(",")]);
  return pairs.map((pair) => pair.join("=")).join("&");
}

/** All vectors of a state: `query`, `key` (words, d_k) and `value` (words, 2). */
export function vectorsOf({ words, dimensions, moved }, facts) {
  const rows = (kind, size) =>
    words.map((word, i) => {
      const name = `${kind} ${size} ${word}`;
      if (known.size > 600) known.clear();
      if (!known.has(name)) known.set(name, vector(word, kind, size, facts));
      const row = known.get(name);
      return [...(moved[`${kind}${i + 1}`] ?? row.slice(0, 2)), ...row.slice(2)];
    });
  return { query: rows("q", dimensions), key: rows("k", dimensions), value: rows("v", 2) };
}

/** The state after another sentence was typed: words that are still there keep their vectors, and the look. */
export function retyped(state, text, facts) {
  const words = split(text, facts);
  if (!words.length) return state;
  const before = counted(state.words);
  const places = counted(words).map((word) => before.indexOf(word)); // of each new word, where it was; -1: nowhere
  const moved = {};
  for (const kind of KINDS) {
    places.forEach((place, i) => {
      const point = state.moved[`${kind}${place + 1}`];
      if (place >= 0 && point) moved[`${kind}${i + 1}`] = point;
    });
  }
  const kept = places.indexOf(state.look);
  return { ...state, text, words, moved, look: kept >= 0 ? kept : Math.min(state.look, words.length - 1) };
}

/** Words with how often each has come before: `["the 0", "bank 0", "the 1"]`. */
const counted = (words) => words.map((word, i) => `${word} ${words.slice(0, i).filter((w) => w === word).length}`);
