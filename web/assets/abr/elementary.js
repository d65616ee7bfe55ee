/**
 * Logarithm and exponential of sums, products and quotients alone: the same bits here and on the server. V8's own differ from the C
 * library's in the last digit. The twin of `chalicelib/domain/abr/elementary.py`, operation by operation.
 */

const LEAST = 1e-300;
const MOST = 1e300;
const EXP_MOST = 690;
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const ONE_BY_LN2 = 1.442695040888963387;
const ROOT_HALF = 0.7071067811865475244;
const ODD = [21, 19, 17, 15, 13, 11, 9, 7, 5, 3];
const DEGREE = 14;
const BIAS = 1023;

const view = new DataView(new ArrayBuffer(8));

/**
 * Two to a whole power; Math.pow need not be exact.
 *
 * @param {number} k  -1022..1023
 */
function power(k) {
  view.setUint32(0, (k + BIAS) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}

/**
 * @param {number} x
 * @returns {number}
 */
export function log(x) {
  view.setFloat64(0, Math.min(Math.max(x, LEAST), MOST));
  const high = view.getUint32(0);
  let e = (high >>> 20) - BIAS + 1;
  view.setUint32(0, (high & 0xfffff) | ((BIAS - 1) << 20)); // the mantissa, in [½, 1)
  let m = view.getFloat64(0);
  if (m < ROOT_HALF) {
    m = 2 * m;
    e -= 1;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let total = 1 / 23;
  for (const odd of ODD) total = total * z + 1 / odd;
  return e * LN2_HIGH + (2 * s * (total * z + 1) + e * LN2_LOW);
}

/**
 * @param {number} y
 * @returns {number}
 */
export function exp(y) {
  const within = Math.min(Math.max(y, -EXP_MOST), EXP_MOST);
  const k = Math.floor(within * ONE_BY_LN2 + 0.5);
  const r = within - k * LN2_HIGH - k * LN2_LOW;
  let total = 1;
  for (let n = DEGREE; n > 0; n -= 1) total = 1 + (total * r) / n;
  return total * power(k);
}
