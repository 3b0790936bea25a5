/** An atomic batch of a scenario as the transaction that carries it, and who has to sign that. */

import { utf8 } from '../../consensus/primitives/bytes.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import type { AtomicBatchOperation } from '../../settlement/atomic/types.ts';
import type { ScenarioTransaction } from './types.ts';

export type ScenarioAtomicBatch = Extract<
  ScenarioTransaction['operation'],
  { readonly type: 'atomic_batch' }
>;

const idPattern = /^0x[0-9a-f]{64}$/;

/** The id that a scenario's name stands for; hex stands for itself. */
export function scenarioIdOf(kind: 'batch' | 'settlement', name: string): Hash {
  return idPattern.test(name) ? name : hashBytes('scenarioId', utf8(`${kind}/${name}`));
}

/**
 * @param sender - Who signs the transaction itself.
 * @param baseHeight - Height from which the batch's own blocks until expiry count.
 * @param timeoutBlocks - Blocks until expiry of a batch that says nothing.
 */
export function atomicBatchOf(
  operation: ScenarioAtomicBatch,
  options: {
    readonly sender: Address;
    readonly baseHeight: Height;
    readonly timeoutBlocks: number;
    readonly addressOf: (label: string) => Address;
  },
): AtomicBatchOperation {
  const { sender, baseHeight, timeoutBlocks, addressOf } = options;
  const requests = operation.requests.map(({ id, from, to, asset, amount, metadata }) => ({
    settlementId: scenarioIdOf('settlement', id),
    from: addressOf(from),
    to: addressOf(to),
    amount,
    asset,
    kind: 'immediate' as const,
    metadata,
  }));
  const payers = new Set(requests.map(({ from }) => from));
  payers.delete(sender);
  const expiresAtHeight = baseHeight + (operation.expiresAfterBlocks ?? timeoutBlocks);
  assert(expiresAtHeight >= 0, `batch ${operation.id} expires before genesis`);
  const batchId = scenarioIdOf('batch', operation.id);
  const batch = { batchId, expiresAtHeight, requests };
  return { type: 'atomic_batch', batch, signers: [...payers].sort() };
}
