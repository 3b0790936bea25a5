/** Numbers as a terminal shows them: short, never rounded in what `--json` gives. */

/** Longest amount shown in full, in digits. */
const AMOUNT_DIGITS_MAX = 9;

/** `1700`, or `1.045e24` beyond nine digits. */
export function shortAmount(text: string): string {
  const digits = text.replace(/^[-+]/, '');
  if (digits.length <= AMOUNT_DIGITS_MAX) return text;
  const sign = text.startsWith('-') ? '-' : text.startsWith('+') ? '+' : '';
  const rounded = String(Math.round(Number(digits.slice(0, 6)) / 100));
  const exponent = digits.length - 1 + (rounded.length - 4);
  return `${sign}${rounded[0]}.${rounded.slice(1, 4)}e${exponent}`;
}

/** A net amount with its sign. */
export function signedAmount(text: string): string {
  return shortAmount(text.startsWith('-') || text === '0' ? text : `+${text}`);
}

/** Milliseconds of virtual time as seconds: `8 s`, `12.5 s`. */
export function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(2))} s`;
}

/** `1,234`, without asking the locale. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 seed`, `1,234 seeds`, `2 batches`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(value)} ${Math.round(value) === 1 ? noun : plural}`;
}
