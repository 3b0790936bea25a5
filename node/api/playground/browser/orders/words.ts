/** Numbers, times and names as the section writes them. */

const grouped = new Intl.NumberFormat('en');

export function countWords(count: number): string {
  return grouped.format(count);
}

/** @param noun - In the singular, with a plural in `s` or `es`. */
export function plural(count: number, noun: string): string {
  if (count === 1) return noun;
  return noun.endsWith('ch') ? `${noun}es` : `${noun}s`;
}

/** Smallest units with their digits in groups, however many there are. */
export function amountWords(amount: string): string {
  return grouped.format(BigInt(amount));
}

/** A length of time, in ms, by its two largest units; none is torn from its number. */
export function ageWords(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}\u00a0s`;
  const seconds = Math.floor(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}\u00a0${unit}`)
    .join(' ');
}

/** Time of day; with the date where it is another one than today's. */
export function timeWords(time: string | Date): string {
  const at = new Date(time);
  const clock = at.toLocaleTimeString([], { hour12: false });
  return at.toDateString() === new Date().toDateString()
    ? clock
    : `${at.toISOString().slice(0, 10)} ${clock}`;
}

/** The ends of an id or an address, which stands somewhere else in full. */
export function shortWords(id: string): string {
  return id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}
