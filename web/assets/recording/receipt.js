/** What a job costs, line by line, to the last digit. */

import { h } from "../dom.js";
import { size } from "./words.js";

/** @type {Record<string, string>} */
const REQUESTS = {
  s3_put: "S3, written",
  s3_get: "S3, read",
  sqs: "SQS, messages",
  dynamodb_write: "DynamoDB, written",
  dynamodb_read: "DynamoDB, read",
};
const COUNT = new Intl.NumberFormat("en");

/**
 * @param {string} usd  exact
 */
const amount = (usd) => h("td", { "data-number": true, class: "receipt__usd" }, `$${usd}`);

/**
 * @param {import("./recording-api.js").Receipt} receipt
 * @returns {HTMLElement}
 */
export function receiptTable({ usd, functions, requests, storage }) {
  const head = h("tr", {}, h("th", { scope: "col" }, "For"), h("th", { scope: "col", "data-number": true }, "Used"), h("th", { scope: "col", "data-number": true }, "US dollars"));
  const ran = functions.map((line) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, "Lambda, ", h("code", {}, line.function)),
      h("td", { "data-number": true }, `${COUNT.format(line.invocations)} × · ${COUNT.format(line.gb_seconds)} GB s`),
      amount(line.usd),
    ),
  );
  const asked = requests.map((line) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, REQUESTS[line.kind] ?? line.kind),
      h("td", { "data-number": true }, COUNT.format(line.count)),
      amount(line.usd),
    ),
  );
  const total = h("tr", { class: "receipt__total" }, h("th", { scope: "row" }, "In all"), h("td", {}), amount(usd));
  const kept = `Keeping the result, ${size(storage.bytes)}, costs $${storage.usd_per_month} a month.`;
  return h(
    "div",
    { class: "receipt" },
    h("table", { class: "table" }, h("thead", {}, head), h("tbody", {}, ...ran, ...asked), h("tfoot", {}, total)),
    h("p", { class: "own__note" }, kept),
  );
}
