// Words and their vectors, as src/proctor/site/attention.py has them. A word's query, key and value follow from the
// word alone: two components set by hand, if the word is known, and random ones with mean 0 and variance 1.

export const KINDS = ["q", "k", "v"];

/** The words of a text: at most `longest`, of at most `letters` characters. */
export function split(text, { longest, letters }) {
  const whole = text.toWellFormed?.() ?? text; // half a surrogate pair has no place in an address
  return [...whole].slice(0, letters).join("").split(/\s+/u).filter(Boolean).slice(0, longest);
}

/** A word as it is looked up: in small letters, without punctuation before and after it. */
export const bare = (word) => word.replace(/^[^\p{L}\p{N}_]+|[^\p{L}\p{N}_]+$/gu, "").toLowerCase() || word;

/** A word's query ("q"), key ("k") or value ("v"), of `size` components. */
export function vector(word, kind, size, { words }) {
  const name = bare(word);
  const byHand = Object.hasOwn(words, name) ? words[name][KINDS.indexOf(kind)] : [];
  const draw = stream(`${kind} ${name}`);
  const drawn = Array.from({ length: size }, draw);
  return [...byHand, ...drawn.slice(byHand.length)];
}

/** Random numbers that follow from a text: uniform with mean 0 and variance 1 (FNV-1a, then mulberry32). */
export function stream(text) {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return Math.sqrt(3) * (2 * (((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) - 1);
  };
}
