/** Who was there, from pages of an attendance. Pure. */

/** @typedef {import("./shapes.js").Person} Person */

/**
 * One person is on every page that has a session of theirs: make one of them.
 *
 * A part played of several recordings is put together by how many they were, which is as near as pages allow.
 *
 * @param {Person[]} people
 * @returns {Person[]}
 */
export function together(people) {
  /** @type {Map<string, Person>} */
  const known = new Map();
  for (const person of people) {
    const other = known.get(person.viewer);
    known.set(person.viewer, other ? joined(other, person) : person);
  }
  return [...known.values()];
}

/**
 * @param {Person} one
 * @param {Person} other
 * @returns {Person}
 */
function joined(one, other) {
  return {
    user: one.user ?? other.user,
    viewer: one.viewer,
    first_at: one.first_at < other.first_at ? one.first_at : other.first_at,
    last_at: one.last_at > other.last_at ? one.last_at : other.last_at,
    sessions: one.sessions + other.sessions,
    watch_s: one.watch_s + other.watch_s,
    completion: completion(one, other),
    recordings: Math.max(one.recordings, other.recordings),
  };
}

/**
 * @param {Person} one
 * @param {Person} other
 */
function completion(one, other) {
  if (one.completion === null || other.completion === null) return one.completion ?? other.completion;
  if (one.recordings === 1 && other.recordings === 1) return Math.max(one.completion, other.completion);
  const all = one.recordings + other.recordings;
  return (one.completion * one.recordings + other.completion * other.recordings) / all;
}
