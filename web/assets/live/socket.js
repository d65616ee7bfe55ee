/** The viewer's WebSocket: connects with a fresh token, subscribes where it left off, comes back when it is lost. */

import { backoffMs } from "./sequence.js";

/** @typedef {Record<string, any> & {type: string}} Message */

const GREETING_MS = 20_000;
const QUIET_MS = 30_000;
const PONG_MS = 10_000;

/**
 * @typedef {object} Line
 * @property {() => Promise<{websocket_url: string | null}>} ticket  a new one for each connection; throws when refused
 * @property {() => {quality: string, after: number | null}} subscription
 */

/** @param {string} address  absolute or a path, http or ws */
function socketUrl(address) {
  const url = new URL(address, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/** Dispatches "message" for what the server says, "greeted" and "lost". */
export class LiveSocket extends EventTarget {
  /** The server has welcomed us: announcements come by themselves. */
  greeted = false;
  #failures = 0;
  #stopped = true;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #alarm;
  #heardMs = 0;

  /** @param {Line} line */
  constructor(line) {
    super();
    this.line = line;
    window.addEventListener("online", () => this.#redial(0));
    window.addEventListener("offline", () => this.#lose());
  }

  start() {
    if (!this.#stopped) return;
    this.#stopped = false;
    void this.#dial();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#drop();
  }

  /** @param {Message} message  lost when there is no connection */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Announcements do not come through although there is something new. */
  renew() {
    if (this.greeted) this.#lose();
  }

  subscribe() {
    this.send({ type: "subscribe", ...this.line.subscription() });
  }

  async #dial() {
    clearTimeout(this.#retry);
    try {
      const { websocket_url: address } = await this.line.ticket();
      if (this.#stopped || this.#socket) return;
      if (!address) throw new Error("no socket is offered");
      this.#open(new WebSocket(socketUrl(address)));
    } catch {
      this.#redial(backoffMs((this.#failures += 1), Math.random()));
    }
  }

  /** @param {WebSocket} socket */
  #open(socket) {
    this.#socket = socket;
    socket.addEventListener("open", () => this.subscribe());
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#hear(String(data)));
    socket.addEventListener("close", () => socket === this.#socket && this.#lose());
    this.#watch(GREETING_MS, () => this.#lose());
  }

  /** @param {string} data */
  #hear(data) {
    /** @type {Message} */
    const message = JSON.parse(data);
    this.#heardMs = performance.now();
    if (message.type === "welcome") {
      this.greeted = true;
      this.#failures = 0;
      this.dispatchEvent(new Event("greeted"));
      this.#keepAlive();
    }
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  /** A connection that is dead without having been closed is noticed by its silence; each question is billed. */
  #keepAlive() {
    const quietMs = performance.now() - this.#heardMs;
    this.#watch(Math.max(0, QUIET_MS - quietMs), () => {
      if (performance.now() - this.#heardMs < QUIET_MS) this.#keepAlive();
      else this.#ping();
    });
  }

  #ping() {
    const askedMs = performance.now();
    this.send({ type: "ping" });
    this.#watch(PONG_MS, () => {
      if (this.#heardMs >= askedMs) this.#keepAlive();
      else this.#lose();
    });
  }

  /**
   * @param {number} ms
   * @param {() => void} alarm
   */
  #watch(ms, alarm) {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(alarm, ms);
  }

  /** Its silence, not its closing, says that a connection is of no use: a new one takes its place. */
  #lose() {
    this.#drop();
    this.#redial(backoffMs((this.#failures += 1), Math.random()));
  }

  #drop() {
    clearTimeout(this.#alarm);
    const socket = this.#socket;
    const before = this.greeted;
    this.#socket = null;
    this.greeted = false;
    socket?.close();
    if (before) this.dispatchEvent(new Event("lost"));
  }

  /** @param {number} waitMs */
  #redial(waitMs) {
    if (this.#stopped || this.#socket) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#dial(), waitMs);
  }
}
