/** Numbers of an experiment as its sentences and tables show them: three or four digits, with units. */

/** `7.23 s`, `42 ms`; what was never reached is said so. */
export function showMs(ms: number): string {
  if (!Number.isFinite(ms)) return 'not reached';
  if (Math.abs(ms) < 1000) return `${Number(ms.toPrecision(3))} ms`;
  return `${digits(ms / 1000)} s`;
}

/** Fee units: `160264`, `5.348e12`. */
export function showFee(fee: number): string {
  if (!Number.isFinite(fee)) return 'none paid';
  if (Math.abs(fee) < 1e6) return String(Math.round(fee));
  return fee.toExponential(3).replace('e+', 'e');
}

/** `$0.0034`, `$1,234`, `$3.4e9`. */
export function showUsd(usd: number): string {
  const size = Math.abs(usd);
  const sign = usd < 0 ? '-' : '';
  if (size !== 0 && size < 0.01) return `${sign}$${Number(size.toPrecision(3))}`;
  if (size < 1000) return `${sign}$${digits(size)}`;
  if (size < 1e6) return `${sign}$${grouped(size)}`;
  return `${sign}$${size.toExponential(2).replace('e+', 'e')}`;
}

/** `12.3 %`. */
export function showShare(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** Three digits, or all before the point. */
export function digits(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
