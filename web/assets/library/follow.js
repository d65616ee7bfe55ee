/** Keeps rows true while their recordings are encoded or on the air. */

import * as api from "../api.js";
import { unsettled } from "./words.js";

/** @typedef {import("./row.js").Row} Row */

const EVERY_MS = 2500;
const HIDDEN_MS = 15_000;
/** Rows asked about in one round: the first ones on the page. */
const MOST_ASKED = 12;
/** A poster may be named after its recording is ready: so many rounds a row without one is asked about. */
const POSTER_ROUNDS = 24;

export class Follower {
  /** Rows that became ready here and have no picture yet, with the rounds left for it. @type {WeakMap<Row, number>} */
  #pictureless = new WeakMap();

  /**
   * @param {() => Row[]} rows             those that may change, first the first on the page
   * @param {(row: Row) => void} onStatus  its recording has another status now
   */
  constructor(rows, onStatus) {
    this.rows = rows;
    this.onStatus = onStatus;
    void this.#round();
  }

  #next() {
    setTimeout(() => void this.#round(), document.hidden ? HIDDEN_MS : EVERY_MS);
  }

  async #round() {
    const asked = this.rows()
      .filter((row) => unsettled(row.recording) || this.#pictureless.has(row))
      .slice(0, MOST_ASKED);
    for (const row of asked) {
      try {
        const { status } = row.recording;
        await (unsettled(row.recording) ? this.#ask(row) : this.#askForPicture(row));
        if (row.recording.status !== status) this.onStatus(row);
      } catch (error) {
        if (!(error instanceof api.ApiError)) throw error;
        if (error.status === 404) row.element.remove();
        else break; // the next round may do better
      }
    }
    this.#next();
  }

  /** @param {Row} row */
  async #ask(row) {
    const { id, status } = row.recording;
    if (status === "live" || status === "uploading") {
      const recording = await api.recording(id);
      if (recording.status !== status) row.show(recording);
      return;
    }
    const progress = await api.progress(id, null);
    const poster = progress.poster_url !== null && row.recording.thumbnail_url === null;
    if (progress.recording_status !== status || progress.error || poster) row.show(await api.recording(id));
    if (unsettled(row.recording)) row.showProgress(progress);
    else if (!row.recording.thumbnail_url && !row.recording.error) this.#pictureless.set(row, POSTER_ROUNDS);
  }

  /** @param {Row} row */
  async #askForPicture(row) {
    const left = (this.#pictureless.get(row) ?? 0) - 1;
    this.#pictureless.set(row, left);
    const recording = await api.recording(row.recording.id);
    if (recording.thumbnail_url || !left) this.#pictureless.delete(row);
    if (recording.thumbnail_url) row.show(recording);
  }
}
