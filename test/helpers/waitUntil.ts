/** Waits for a condition on the real world; the limit is for what hangs, not a claim about speed. */
import { setTimeout as delay } from 'node:timers/promises';

const LIMIT_MS = 25_000;
const POLL_MS = 20;

/** @throws {Error} when the condition does not come true. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  limitMs = LIMIT_MS,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${condition.toString()}`);
    await delay(POLL_MS);
  }
}
