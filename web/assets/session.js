/** Who is signed in: a token kept for this tab, and how to get one on this stage. */

/**
 * @typedef {object} Session
 * @property {string} token
 * @property {string} user
 * @property {string} role
 * @property {string} expires_at  ISO 8601
 *
 * @typedef {object} StageConfig
 * @property {string} stage
 * @property {string} version
 * @property {{kind: string, token_url?: string}} auth
 */

const KEY = "headwater.session";

/** @type {Promise<StageConfig> | undefined} */
let config;

/**
 * What this stage says of itself; fetched once.
 *
 * @returns {Promise<StageConfig>}
 */
export function stageConfig() {
  config ??= fetch("/config.json").then((response) => {
    if (response.ok) return response.json();
    config = undefined;
    throw new Error(`config.json answered ${response.status}`);
  });
  return config;
}

/**
 * @returns {Session | null} null when nobody is signed in or the token ran out
 */
export function current() {
  const stored = sessionStorage.getItem(KEY);
  if (stored === null) return null;
  /** @type {Session} */
  const session = JSON.parse(stored);
  if (Date.parse(session.expires_at) > Date.now()) return session;
  signOut();
  return null;
}

/** @returns {Record<string, string>} the Authorization header, or none */
export function headers() {
  const session = current();
  return session ? { authorization: `Bearer ${session.token}` } : {};
}

/**
 * Get a token from the development issuer and keep it; throws Error with a sentence for people.
 *
 * @param {string} user
 * @param {string} role
 */
export async function signIn(user, role) {
  const { auth } = await stageConfig();
  const query = new URLSearchParams({ user, role });
  const response = await fetch(`${auth.token_url}?${query}`, { cache: "no-store" });
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Error(problem.detail ?? "The issuer refused this name.");
  }
  const { token, expires_at: expiresAt } = await response.json();
  const expires = typeof expiresAt === "number" ? new Date(expiresAt * 1000).toISOString() : expiresAt;
  sessionStorage.setItem(KEY, JSON.stringify({ token, user, role, expires_at: expires }));
}

/** Forget the token. */
export function signOut() {
  sessionStorage.removeItem(KEY);
}
