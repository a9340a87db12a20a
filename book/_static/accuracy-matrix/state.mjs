// What is shown, as a query of an address: so that a link carries a setting.
//
//   scenario=permuted&method=ewc&beside=joint&seed=11&learned=3&number=forgetting
//
// Whatever is not given has its default, and whatever is unknown or out of range is ignored: an address is typed by
// anyone. `facts` are what Python says (src/proctor/site/accuracy_matrix.py).
//
//   scenario        a name of facts.scenarios
//   method, beside  names of its methods
//   seed            of one run; null: the mean over all
//   learned         how many tasks have been learned, from 0
//   number          a name of facts.numbers, whose cells are marked

const KEYS = ["scenario", "method", "beside", "seed", "learned", "number"];

/** Read a query; one that says nothing at all stands for the query `fallback`. */
export function read(query, facts, fallback = "") {
  const given = new URLSearchParams(query);
  if (fallback && !KEYS.some((key) => given.has(key))) return read(fallback, facts);
  return fitting(Object.fromEntries(given), facts);
}

/** A state of what was asked for, as far as it is possible. */
export function fitting({ scenario, method, beside, seed, learned, number }, facts) {
  const { usual } = facts;
  const known = (names, name, other) => (Object.hasOwn(names, name ?? "") ? name : other);
  const where = known(facts.scenarios, scenario, usual.scenario);
  const { methods, tasks } = facts.scenarios[where];
  const left = known(methods, method, usual.method);
  const stage = String(learned ?? "").trim() ? Number(learned) : NaN;
  return {
    scenario: where,
    method: left,
    beside: known(methods, beside, usual.beside),
    seed: methods[left].runs.find((run) => String(run.seed) === String(seed))?.seed ?? null,
    learned: Number.isInteger(stage) && stage >= 0 && stage <= tasks.length ? stage : tasks.length,
    number: known(facts.numbers, number, usual.number),
  };
}

/** Write a state as a query; seed, tasks and number are left out where they are the usual ones. */
export function write({ scenario, method, beside, seed, learned, number }, facts) {
  const pairs = [`scenario=${scenario}`, `method=${method}`, `beside=${beside}`];
  if (seed !== null) pairs.push(`seed=${seed}`);
  if (learned !== facts.scenarios[scenario].tasks.length) pairs.push(`learned=${learned}`);
  if (number !== facts.usual.number) pairs.push(`number=${number}`);
  return pairs.join("&");
}
