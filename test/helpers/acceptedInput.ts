/** Inputs for tests of the storage: one for each number. */
import { createHash } from 'node:crypto';
import type { AcceptedInput } from '../../node/batcher/storage/inputRow.ts';

export function acceptedInput(number: number, changes: Partial<AcceptedInput> = {}): AcceptedInput {
  return {
    requestId: requestIdOf(number),
    target: 'sidechain',
    address: `0x${String(number).padStart(40, '0')}`,
    addressType: 0,
    input: `deposit|USDC|${number}`,
    signature: '0xff',
    timestamp: String(1_000_000 + number),
    receivedAtMs: 1_000_000 + number,
    ...changes,
  };
}

export function requestIdOf(number: number): string {
  return createHash('sha256').update(`input ${number}`).digest('hex');
}
