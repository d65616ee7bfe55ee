/**
 * The API's side of an upload: begin, sign, list, complete, give up. A sign-in that runs out is asked for and waited for,
 * and who has asked too often waits as long as the server says.
 */

import { address, ApiError, call } from "../api.js";
import { signedInAgain } from "../guard.js";
import { partSize, titleOf } from "./plan.js";

/** Addresses that a batch of signatures is asked for at once. */
const SIGN_AT_ONCE = 50;
/** An address that ends sooner is asked for anew. */
const FRESH_MS = 60_000;
/** So long a call that came too often is tried again. */
const PATIENCE_MS = 600_000;
const LONGEST_WAIT_S = 30;

/**
 * @typedef {object} Plan
 * @property {number} part_size_bytes
 * @property {number} part_count
 * @property {{part_number: number, size_bytes: number, etag: string}[]} uploaded
 * @property {{part_number: number, size_bytes: number, url: string}[]} parts
 * @property {string} expires_at
 */

/**
 * @param {string} method
 * @param {string} url
 * @param {object} [document]
 * @returns {Promise<any>}
 */
async function patient(method, url, document) {
  const begun = Date.now();
  let [signedIn, tries] = [false, 0];
  for (;;) {
    try {
      return await (await call(method, url, document)).json();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401 && !signedIn) {
        signedIn = true;
        await signedInAgain();
      } else if (error.status === 429 && Date.now() - begun < PATIENCE_MS) {
        await waited(error.retryAfterS, tries++);
      } else throw error;
    }
  }
}

/**
 * At least as long as was asked for, and longer each time: of many files that wait together one at a time gets in.
 *
 * @param {number} askedS
 * @param {number} tries
 */
function waited(askedS, tries) {
  const seconds = Math.max(askedS, Math.min(LONGEST_WAIT_S, 2 ** tries));
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds * (1 + Math.random() / 2)));
}

/** One file on its way, and the addresses of its parts. */
export class Begun {
  /** @type {Map<number, {url: string, until: number}>} */
  #urls = new Map();

  /**
   * @param {string} id    the recording's
   * @param {number} size  bytes
   * @param {Plan} [plan]  when it has just been begun
   */
  constructor(id, size, plan) {
    this.id = id;
    this.count = Math.max(1, Math.ceil(size / partSize(size)));
    if (plan) this.#take(plan);
  }

  /**
   * Make the recording.
   *
   * @param {File} file
   */
  static async create(file) {
    const made = await patient("POST", address("/recordings"), {
      title: titleOf(file.name),
      filename: file.name,
      size_bytes: file.size,
      content_type: file.type || "application/octet-stream",
      visibility: "private",
    });
    if (made.upload.part_size_bytes !== partSize(file.size) && made.upload.part_count > 1) {
      throw new ApiError(0, "other_parts", "The server cuts files in another way than this page: reload it.");
    }
    return new Begun(made.recording.id, file.size, made.upload);
  }

  /** @param {string} [parts] */
  async #read(parts) {
    const path = `/recordings/${encodeURIComponent(this.id)}/upload`;
    /** @type {Plan} */
    const plan = await patient("GET", address(path, { parts: parts ?? null }));
    this.#take(plan);
    return plan;
  }

  /** @param {Plan} plan */
  #take({ parts, expires_at: expires }) {
    const until = Date.parse(expires);
    for (const { part_number: number, url } of parts) this.#urls.set(number, { url, until });
  }

  /** What has arrived; everything, when only the end was not heard of. */
  async stored() {
    try {
      const plan = await this.#read();
      return plan.uploaded.map(({ part_number: number, etag }) => ({ PartNumber: number, ETag: etag }));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "upload_finished") throw error;
      return Array.from({ length: this.count }, (_, index) => ({ PartNumber: index + 1, ETag: "" }));
    }
  }

  /** @param {number} number  of a part, from 1 */
  async url(number) {
    const known = this.#urls.get(number);
    // one try each: what was refused once is signed anew
    this.#urls.delete(number);
    if (known && known.until - FRESH_MS > Date.now()) return known.url;
    await this.#read(`${number}-${Math.min(this.count, number + SIGN_AT_ONCE - 1)}`);
    const signed = this.#urls.get(number);
    if (!signed) throw new ApiError(0, "part_unsigned", "The server gave no address for a part of this file.");
    this.#urls.delete(number);
    return signed.url;
  }

  async complete() {
    await patient("POST", address(`/recordings/${encodeURIComponent(this.id)}/upload/complete`));
  }

  /** Remove the recording and what arrived of it. */
  async discard() {
    try {
      await call("DELETE", address(`/recordings/${encodeURIComponent(this.id)}`));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
  }
}
