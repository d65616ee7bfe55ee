/** What the page says about webhooks and deliveries. */

/** @typedef {import("./calls.js").Attempt} Attempt */
/** @typedef {import("./calls.js").Delivery} Delivery */
/** @typedef {import("./calls.js").Webhook} Webhook */

/** Events that can be subscribed to: name and meaning, by what they are about. @type {[string, [string, string][]][]} */
export const EVENTS = [
  [
    "Recordings",
    [
      ["recording.playable", "The first seconds can be watched; the rest goes on encoding."],
      ["recording.ready", "All of it is there."],
      ["recording.errored", "It cannot be played; the event says why."],
      ["recording.deleted", "Nobody can open it any more."],
    ],
  ],
  [
    "Live",
    [
      ["live.started", "A stream has begun."],
      ["live.paused", "Its encoder has fallen silent."],
      ["live.ended", "It is over; the recording of it follows."],
    ],
  ],
];

/** @type {Record<string, string>} */
const FAILURES = {
  address_refused: "The address is not a public one",
  answer_invalid: "What answered is no web server",
  name_not_found: "The name has no address",
  redirected: "It answered with a redirect, which is not followed",
  timed_out: "No answer within ten seconds",
  tls_failed: "Its certificate is not valid",
  unreachable: "The connection was refused or broke",
};

/** @param {Attempt} attempt */
export function outcome({ status, error }) {
  if (error) return status === null ? (FAILURES[error] ?? error) : `${status}: ${FAILURES[error] ?? error}`;
  return status !== null && status >= 200 && status < 300 ? `${status}: taken` : `${status}: not taken`;
}

/** @param {string[]} events */
export function subscription(events) {
  return events.includes("*") ? "All events" : events.join(", ");
}

/**
 * How a webhook is, for its badge: a word, and what colours it.
 *
 * @param {Webhook} webhook
 * @returns {{state: "off" | "failing" | "well" | "new", words: string, why: string}}
 */
export function health({ enabled, disabled_reason: reason, failing_since: failing, last }) {
  if (!enabled && reason === "gone") {
    return { state: "off", words: "Turned off by us", why: "It answered 410 Gone, which asks for no more." };
  }
  if (!enabled && reason === "failing") {
    return { state: "off", words: "Turned off by us", why: "Nothing has arrived for five days. Turn it on again once it answers." };
  }
  if (!enabled) return { state: "off", words: "Off", why: "Nothing is sent. Events that happen meanwhile are not made up for." };
  if (failing) return { state: "failing", words: "Failing", why: "What does not arrive is sent again for a day." };
  return last ? { state: "well", words: "Delivering", why: "" } : { state: "new", words: "Nothing sent yet", why: "" };
}

/** @param {Delivery} delivery */
export function deliveryWords({ status, attempts }) {
  if (status === "delivered") return "Delivered";
  if (status === "failed") return "Not delivered";
  return attempts.length ? "Trying again" : "On its way";
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A moment to the second: logs are compared with other logs. @param {string} iso */
export function moment(iso) {
  return MOMENT.format(new Date(iso));
}
