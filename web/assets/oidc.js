/** OpenID Connect's code flow with PKCE, for any issuer that lets a public client do it (RFC 6749, 7636, 9207). */

/**
 * @typedef {object} Issuer
 * @property {string} issuer
 * @property {string} authorization_endpoint
 * @property {string} token_endpoint
 * @property {string} [end_session_endpoint]
 * @property {boolean} [authorization_response_iss_parameter_supported]
 *
 * @typedef {object} Client
 * @property {string} authority    what the discovery document's address begins with
 * @property {string} client_id
 * @property {string} scope
 * @property {string} [role_claim]  of the access token; "role" when it is not said
 *
 * @typedef {object} Pending
 * @property {string} verifier
 * @property {string} nonce
 * @property {string | null} returnTo  null for a window that closes itself
 *
 * @typedef {object} Tokens
 * @property {string} access_token
 * @property {string} id_token
 * @property {number} expires_in
 */

const PENDING = "headwater.sign-in.";
const ROLES = ["admin", "publisher", "viewer"];

/** A sign-in that came to nothing, with a sentence for people. */
export class SignInError extends Error {
  /**
   * @param {string} code
   * @param {string} detail
   */
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

/** @param {ArrayBuffer | Uint8Array} bytes */
function base64url(bytes) {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const secret = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** @param {string} verifier */
export async function challengeOf(verifier) {
  return base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
}

/**
 * What a JWT says; that it is true is for the API to check.
 *
 * @param {string} token
 * @returns {Record<string, unknown>}
 */
export function claimsOf(token) {
  const [, payload] = token.split(".");
  if (payload === undefined) return {};
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {}; // some issuers' access tokens are opaque
  }
}

/**
 * The strongest role a claim names, as the API reads it.
 *
 * @param {unknown} claim  one name or a list of groups
 */
export function roleOf(claim) {
  const names = Array.isArray(claim) ? claim : [claim];
  return ROLES.find((role) => names.includes(role)) ?? "viewer";
}

/**
 * @param {string} url
 * @param {RequestInit} [options]
 */
async function json(url, options) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store", credentials: "omit", ...options });
  } catch {
    throw new SignInError("issuer_unreachable", "The sign-in service cannot be reached.");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const said = body.error_description ?? body.detail ?? `The sign-in service answered ${response.status}.`;
    throw new SignInError(body.error ?? "issuer_refused", said);
  }
  return body;
}

/**
 * @param {Client} client
 * @returns {Promise<Issuer>}
 */
export async function discover({ authority }) {
  const issuer = await json(`${authority.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (issuer.issuer !== authority) throw new SignInError("issuer_mismatch", "The sign-in service goes by another name.");
  return issuer;
}

/**
 * Which of the tokens the API takes: it wants one that names its audience. Some issuers' access tokens are opaque or name none
 * (Cognito's); their id token names this client.
 *
 * @param {Tokens} tokens
 */
export function bearerOf({ access_token: access, id_token: identity }) {
  return claimsOf(access).aud === undefined ? identity : access;
}

/**
 * Where signing out goes on to: the issuer's own end of the session when it has one, and from there to the front page.
 *
 * @param {Client} client
 */
export async function signOutUrl(client) {
  const { end_session_endpoint: endpoint } = await discover(client);
  if (!endpoint) return "/";
  const url = new URL(endpoint);
  const back = `${location.origin}/`;
  // the last one is Cognito's word for the one before
  const query = { client_id: client.client_id, post_logout_redirect_uri: back, logout_uri: back };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

const redirectUri = () => `${location.origin}/signed-in`;

/**
 * The address to go to; what is needed when the answer comes stays in this tab.
 *
 * @param {Client} client
 * @param {string | null} returnTo  path on this origin
 * @param {string} [hint]  who it was
 */
export async function authorizeUrl(client, returnTo, hint) {
  if (!window.isSecureContext) {
    throw new SignInError("insecure_address", "Signing in takes an https address, or this machine's own.");
  }
  const { authorization_endpoint: endpoint } = await discover(client);
  const [state, nonce, verifier] = [secret(), secret(), secret()];
  const pending = { verifier, nonce, returnTo };
  sessionStorage.setItem(PENDING + state, JSON.stringify(pending));
  const url = new URL(endpoint);
  const query = {
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: redirectUri(),
    scope: client.scope,
    state,
    nonce,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
    ...(hint ? { login_hint: hint } : {}),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/**
 * @param {string} state
 * @returns {Pending}
 */
function take(state) {
  const stored = sessionStorage.getItem(PENDING + state);
  sessionStorage.removeItem(PENDING + state);
  if (stored === null) {
    throw new SignInError("state_unknown", "This sign-in was not begun in this tab, or was finished already.");
  }
  return JSON.parse(stored);
}

/**
 * Trade the answer in this page's address for tokens.
 *
 * @param {Client} client
 * @param {URLSearchParams} answer
 * @returns {Promise<{tokens: Tokens, returnTo: string | null}>}
 */
export async function redeem(client, answer) {
  const { verifier, nonce, returnTo } = take(answer.get("state") ?? "");
  const error = answer.get("error");
  if (error) throw new SignInError(error, answer.get("error_description") ?? "The sign-in was refused.");
  const issuer = await discover(client);
  const iss = answer.get("iss");
  if (iss === null ? issuer.authorization_response_iss_parameter_supported : iss !== issuer.issuer) {
    throw new SignInError("issuer_mismatch", "The answer came from another sign-in service.");
  }
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: client.client_id,
    redirect_uri: redirectUri(),
    code: answer.get("code") ?? "",
    code_verifier: verifier,
  });
  const tokens = await json(issuer.token_endpoint, { method: "POST", body: form });
  const claims = claimsOf(tokens.id_token ?? "");
  if (claims.nonce !== nonce || claims.iss !== issuer.issuer || ![claims.aud].flat().includes(client.client_id)) {
    throw new SignInError("token_mismatch", "The sign-in service answered a question this page did not ask.");
  }
  return { tokens, returnTo };
}
