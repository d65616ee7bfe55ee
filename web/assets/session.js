/** Who is signed in: a token kept for this tab, shared with tabs that are open beside it, and how to get one here. */

import { authorizeUrl, bearerOf, claimsOf, redeem, roleOf, signOutUrl } from "./oidc.js";

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
 * @property {import("./oidc.js").Client & {kind: string, dev?: boolean}} auth
 */

const KEY = "headwater.session";
/** How long another tab may take to share its session. */
const ASKED_MS = 150;

/** @type {Promise<StageConfig> | undefined} */
let config;
const channel = new BroadcastChannel(KEY);

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
  forget();
  return null;
}

/** @returns {Record<string, string>} the Authorization header, or none */
export function headers() {
  const session = current();
  return session ? { authorization: `Bearer ${session.token}` } : {};
}

/**
 * Keep a session for this tab; listeners of `headwater-session` on window hear of it.
 *
 * @param {Session} session
 */
function keep(session) {
  sessionStorage.setItem(KEY, JSON.stringify(session));
  window.dispatchEvent(new Event("headwater-session"));
}

function forget() {
  sessionStorage.removeItem(KEY);
}

/** Forget the token, here and in the tabs beside this one. */
export function signOut() {
  forget();
  channel.postMessage({ kind: "out" });
}

/** Sign out here, beside here and at the issuer, and go to the front page. */
export async function leave() {
  signOut();
  const { auth } = await stageConfig();
  location.assign(await signOutUrl(auth).catch(() => "/"));
}

/**
 * Leave for the issuer; the page comes back to where it is.
 *
 * @param {string} [returnTo]  path on this origin
 */
export async function signIn(returnTo = `${location.pathname}${location.search}${location.hash}`) {
  const { auth } = await stageConfig();
  location.assign(await authorizeUrl(auth, returnTo));
}

/**
 * As `signIn`, from a window that was opened for it: the answer goes to the tabs that wait.
 *
 * @param {string} hint  who it was
 */
export async function signInAgain(hint) {
  const { auth } = await stageConfig();
  location.replace(await authorizeUrl(auth, null, hint));
}

/**
 * Take the issuer's answer from this page's address.
 *
 * @returns {Promise<string | null>} the path to go on to; null for a window that may close
 */
export async function finishSignIn() {
  const { auth } = await stageConfig();
  const { tokens, returnTo } = await redeem(auth, new URLSearchParams(location.search));
  const token = bearerOf(tokens);
  const claims = claimsOf(token);
  const session = {
    token,
    user: String(claims.sub ?? ""),
    role: roleOf(claims[auth.role_claim ?? "role"]),
    expires_at: new Date(Date.now() + tokens.expires_in * 1000).toISOString(),
  };
  keep(session);
  channel.postMessage({ kind: "session", session });
  return returnTo !== null && /^\/(?!\/)/.test(returnTo) ? returnTo : returnTo && "/";
}

/**
 * The session of another tab, when one is open: a link opened beside a signed-in page is signed in.
 *
 * @returns {Promise<Session | null>}
 */
export function sharedSession() {
  const known = current();
  if (known) return Promise.resolve(known);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("headwater-session", done);
      resolve(current());
    };
    const timer = setTimeout(done, ASKED_MS);
    window.addEventListener("headwater-session", done);
    channel.postMessage({ kind: "ask" });
  });
}

channel.onmessage = ({ data }) => {
  const mine = current();
  if (data.kind === "ask" && mine) channel.postMessage({ kind: "session", session: mine });
  if (data.kind === "out" && mine) {
    forget();
    window.dispatchEvent(new Event("headwater-session"));
  }
  if (data.kind !== "session" || Date.parse(data.session.expires_at) <= Date.now()) return;
  // A tab keeps who it is: only its own person's newer token is taken.
  if (!mine || (mine.user === data.session.user && mine.expires_at < data.session.expires_at)) keep(data.session);
};
