/**
 * Logarithm, exponential, cosine and normal quantile from additions, multiplications and divisions alone, which IEEE 754
 * rounds the same way everywhere. `Math.log` and its kin may differ in the last bit from one engine to the next, and a
 * bit is enough to make another amount, another block and another trace hash. Relative error below 1e-14.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';

/** ln 2 in two parts, so that a multiple of it is subtracted without loss (fdlibm, e_exp.c). */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const SQRT_2 = Math.SQRT2;
const TWO_PI = 2 * Math.PI;
const binarySteps: readonly number[] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];
const binaryPowers: readonly number[] = binarySteps.map((step) => 2 ** step);

/** Natural logarithm of a positive finite number. */
export function logOf(value: number): number {
  assert(value > 0 && value < Number.POSITIVE_INFINITY, `logarithm of ${value}`);
  let mantissa = value;
  let exponent = 0;
  for (let index = 0; index < binarySteps.length; index += 1) {
    const step = binarySteps[index] ?? 0;
    const power = binaryPowers[index] ?? 1;
    if (mantissa >= power) {
      mantissa /= power;
      exponent += step;
    } else if (mantissa * power < 2) {
      mantissa *= power;
      exponent -= step;
    }
  }
  if (mantissa > SQRT_2) {
    mantissa /= 2;
    exponent += 1;
  }
  // ln m = 2 artanh((m-1)/(m+1)), whose argument is at most 0.172 here.
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let sum = 0;
  for (let term = 23; term >= 1; term -= 2) sum = sum * square + 1 / term;
  return exponent * LN2_HIGH + (2 * ratio * sum + exponent * LN2_LOW);
}

/** e to a power; 0 below -700, and at most e^700. */
export function expOf(power: number): number {
  if (power < -700) return 0;
  const bounded = Math.min(power, 700);
  const exponent = Math.round(bounded / (LN2_HIGH + LN2_LOW));
  const rest = bounded - exponent * LN2_HIGH - exponent * LN2_LOW;
  let sum = 1;
  for (let term = 17; term >= 1; term -= 1) sum = 1 + (sum * rest) / term;
  for (let index = 0; index < binarySteps.length; index += 1) {
    if ((Math.abs(exponent) & (binarySteps[index] ?? 0)) === 0) continue;
    const power = binaryPowers[index] ?? 1;
    sum = exponent < 0 ? sum / power : sum * power;
  }
  return sum;
}

/** The cosine of a number of full turns. */
export function cosineOfTurns(turns: number): number {
  const part = Math.abs(turns - Math.round(turns));
  // Into the first quarter, where the series is short.
  const isMirrored = part > 0.25;
  const angle = TWO_PI * (isMirrored ? 0.5 - part : part);
  const square = angle * angle;
  let sum = 1;
  for (let term = 22; term >= 2; term -= 2) sum = 1 - (sum * square) / (term * (term - 1));
  return isMirrored ? -sum : sum;
}

/** A polynomial, coefficients from the highest power down. */
function polynomial(coefficients: readonly number[], at: number): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * at + coefficient;
  return sum;
}

/** Coefficients of Wichura's algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484. */
const central = {
  above: [
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.693765509461,
    1971.5909503065513, 133.14166789178438, 3.3871328727963665,
  ],
  below: [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
    687.187007492058, 42.31333070160091, 1,
  ],
} as const;
const middle = {
  above: [
    7.745450142783414e-4, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
    5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  below: [
    1.0507500716444169e-9, 5.475938084995345e-4, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
} as const;
const tail = {
  above: [
    2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124,
    0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
  ],
  below: [
    2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 7.868691311456133e-4,
    0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
  ],
} as const;

/** The standard normal value that lies above a share of all; `share` strictly between 0 and 1. */
export function normalQuantile(share: number): number {
  assert(share > 0 && share < 1, `normal quantile of ${share}`);
  const offset = share - 0.5;
  if (Math.abs(offset) <= 0.425) {
    const at = 0.180625 - offset * offset;
    return (offset * polynomial(central.above, at)) / polynomial(central.below, at);
  }
  const root = Math.sqrt(-logOf(offset < 0 ? share : 1 - share));
  const { above, below } = root <= 5 ? middle : tail;
  const at = root - (root <= 5 ? 1.6 : 5);
  const size = polynomial(above, at) / polynomial(below, at);
  return offset < 0 ? -size : size;
}

/** The share of a standard normal below `value`: the inverse of the quantile, by bisection. For bounds, not for draws. */
export function normalShare(value: number): number {
  if (value < -8) return 0;
  if (value > 8) return 1;
  let low = 1e-16;
  let high = 1 - 1e-16;
  for (let round = 0; round < 100; round += 1) {
    const half = (low + high) / 2;
    if (half <= low || half >= high) break;
    if (normalQuantile(half) < value) low = half;
    else high = half;
  }
  return (low + high) / 2;
}
