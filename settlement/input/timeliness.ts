/** Whether an input may stand in a block of some time. */
import type { InputRules } from './types.ts';

/**
 * Both ends of the span are in it.
 * @param timestamp - Signed with the input, ms since 1970.
 * @param blockEpochMs - Of the block, ms since 1970.
 */
export function findUntimely(
  timestamp: number,
  blockEpochMs: number,
  { spanMs, futureMs }: InputRules,
): 'INPUT_EXPIRED' | 'INPUT_TOO_EARLY' | undefined {
  if (timestamp < blockEpochMs - spanMs) return 'INPUT_EXPIRED';
  return timestamp > blockEpochMs + futureMs ? 'INPUT_TOO_EARLY' : undefined;
}

/** The last block time, in ms since 1970, at which the input may be executed: for those who let it wait. */
export function lastBlockMsOf(timestamp: number, { spanMs }: InputRules): number {
  return timestamp + spanMs;
}
