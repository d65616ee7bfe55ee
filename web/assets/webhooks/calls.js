/** The API's routes about webhooks. All throw ApiError. */

import { address, call } from "../api.js";

/**
 * @typedef {object} Webhook
 * @property {string} id
 * @property {string} url
 * @property {string[]} events            "*" alone for all
 * @property {string} description
 * @property {boolean} enabled
 * @property {"gone" | "failing" | null} disabled_reason
 * @property {string} created_at
 * @property {{hint: string, expires_at: string | null}[]} secrets  newest first
 * @property {string | null} failing_since
 * @property {{status: "delivered" | "failed", at: string} | null} last
 *
 * @typedef {object} Attempt
 * @property {string} at
 * @property {number | null} status
 * @property {string | null} error
 * @property {number} duration_ms
 *
 * @typedef {object} Delivery
 * @property {string} id
 * @property {string} event_id
 * @property {string} type
 * @property {string} created_at
 * @property {"pending" | "delivered" | "failed"} status
 * @property {Attempt[]} attempts         oldest first
 * @property {string | null} next_attempt_at
 * @property {object} payload
 *
 * @typedef {{url: string, events: string[], description: string}} Wish
 */

/**
 * @param {string} method
 * @param {string[]} path
 * @param {object} [body]
 * @param {Record<string, string | null>} [query]
 */
async function ask(method, path, body, query = {}) {
  const response = await call(method, address(["/webhooks", ...path.map(encodeURIComponent)].join("/"), query), body);
  return response.status === 204 ? null : response.json();
}

/** @returns {Promise<Webhook[]>} */
export const list = async () => (await ask("GET", [])).webhooks;

/** @param {Wish} wish @returns {Promise<{webhook: Webhook, secret: string}>} */
export const create = (wish) => ask("POST", [], wish);

/** @param {string} id @param {Partial<Wish> & {enabled?: boolean}} changes @returns {Promise<Webhook>} */
export const change = (id, changes) => ask("PATCH", [id], changes);

/** @param {string} id */
export const remove = (id) => ask("DELETE", [id]);

/** @param {string} id @returns {Promise<{webhook: Webhook, secret: string}>} */
export const rotate = (id) => ask("POST", [id, "rotate"]);

/** @param {string} id @returns {Promise<Delivery>} */
export const test = async (id) => (await ask("POST", [id, "test"])).delivery;

/** @param {string} id @param {string | null} cursor @returns {Promise<{deliveries: Delivery[], next_cursor: string | null}>} */
export const deliveries = (id, cursor) => ask("GET", [id, "deliveries"], undefined, { cursor });

/** @param {string} id @param {string} delivery @returns {Promise<Delivery>} */
export const redeliver = async (id, delivery) => (await ask("POST", [id, "deliveries", delivery, "redeliver"])).delivery;
