/** Atomic batches, escrows and withdrawals from the treasury of a scenario as the transactions that carry them, and who has to sign those. */

import { utf8 } from '../../consensus/primitives/bytes.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import { signersOfProof } from '../../settlement/atomic/proofPolicy.ts';
import { signStatement } from '../../settlement/atomic/proofs/signatureProof.ts';
import type { SettlementProof } from '../../settlement/atomic/proofs/types.ts';
import { settlementStatement } from '../../settlement/atomic/statement.ts';
import type { TreasuryProposeOperation } from '../../settlement/atomic/treasuryTypes.ts';
import type {
  AtomicBatchOperation,
  EscrowOpenOperation,
  SettlementRequest,
} from '../../settlement/atomic/types.ts';
import type { ScenarioProof, ScenarioTransaction } from './types.ts';

export type ScenarioAtomicBatch = Extract<
  ScenarioTransaction['operation'],
  { readonly type: 'atomic_batch' }
>;

const idPattern = /^0x[0-9a-f]{64}$/;

/** The id that a scenario's name stands for; hex stands for itself. */
export function scenarioIdOf(
  kind: 'batch' | 'settlement' | 'escrow' | 'withdrawal' | 'fee_proposal' | 'channel' | 'transfer',
  name: string,
): Hash {
  return idPattern.test(name) ? name : hashBytes('scenarioId', utf8(`${kind}/${name}`));
}

/** Where a transaction of a scenario stands. */
export interface ScenarioSetting {
  readonly sender: Address;
  /** Height from which blocks until expiry count. */
  readonly baseHeight: Height;
  /** Blocks until expiry of a batch that says nothing. */
  readonly timeoutBlocks: number;
  readonly addressOf: (label: string) => Address;
  readonly chainId: Hash;
  readonly secretKeyOf: (label: string) => Uint8Array;
}

/**
 * The transaction that carries a batch. Every payer signs it who does not sign the proof of his payment, and whoever else
 * the scenario names.
 */
export function atomicBatchOf(
  operation: ScenarioAtomicBatch,
  setting: ScenarioSetting,
): AtomicBatchOperation {
  const { sender, baseHeight, timeoutBlocks, addressOf, chainId } = setting;
  const unproven = operation.requests.map((request): SettlementRequest => {
    const { id, to, asset, amount, metadata } = request;
    const common = {
      settlementId: scenarioIdOf('settlement', id),
      to: addressOf(to),
      amount,
      asset,
      metadata,
    };
    if (request.from !== undefined) return { ...common, from: addressOf(request.from), kind: 'immediate' };
    if (request.channel !== undefined) {
      const channelId: string = scenarioIdOf('channel', request.channel);
      return { ...common, from: channelId, kind: 'channel_close' };
    }
    const escrowId: string = scenarioIdOf('escrow', request.escrow ?? '');
    return { ...common, from: escrowId, kind: 'escrow_release' };
  });
  const expiresAtHeight = expiryOf(baseHeight, operation.expiresAfterBlocks ?? timeoutBlocks);
  const batchId = scenarioIdOf('batch', operation.id);
  const requests = unproven.map((request, index): SettlementRequest => {
    const written = operation.requests[index];
    if (written?.proof === undefined) return request;
    const statement = settlementStatement(chainId, { batchId, expiresAtHeight }, request);
    return { ...request, proof: proofOf(written.proof, statement, setting) };
  });
  const signers = new Set(operation.signers.map(addressOf));
  for (const { from, kind, proof } of requests) {
    if (kind === 'immediate' && !signersOfProof(proof).includes(from)) signers.add(from);
  }
  signers.delete(sender);
  const batch = { batchId, expiresAtHeight, requests };
  return { type: 'atomic_batch', batch, signers: [...signers].sort() };
}

function proofOf(
  proof: ScenarioProof,
  statement: Uint8Array,
  { addressOf, secretKeyOf }: ScenarioSetting,
): SettlementProof {
  const sign = (label: string) => ({
    signer: addressOf(label),
    signature: signStatement(secretKeyOf(label), statement),
  });
  switch (proof.kind) {
    case 'cryptographic':
      return { kind: 'cryptographic', ...sign(proof.signer) };
    case 'multi_party': {
      const { kind, threshold, signed } = proof;
      const signers = proof.signers.map((label) =>
        signed.includes(label) ? sign(label) : { signer: addressOf(label), signature: undefined },
      );
      return { kind, threshold, signers };
    }
    case 'made':
      return proof.proof;
  }
}

export function escrowOpeningOf(
  operation: Extract<ScenarioTransaction['operation'], { readonly type: 'escrow_open' }>,
  { baseHeight, addressOf }: ScenarioSetting,
): EscrowOpenOperation {
  const { id, asset, amount, parties, threshold, expiresAfterBlocks } = operation;
  return {
    type: 'escrow_open',
    escrowId: scenarioIdOf('escrow', id),
    asset,
    amount,
    parties: parties.map(addressOf).sort(),
    threshold,
    expiresAtHeight: expiryOf(baseHeight, expiresAfterBlocks),
  };
}

export function withdrawalOf(
  operation: Extract<ScenarioTransaction['operation'], { readonly type: 'treasury_propose' }>,
  { baseHeight, addressOf }: ScenarioSetting,
): TreasuryProposeOperation {
  const { type, id, asset, amount, to, expiresAfterBlocks } = operation;
  const expiresAtHeight = expiryOf(baseHeight, expiresAfterBlocks);
  const withdrawalId = scenarioIdOf('withdrawal', id);
  return { type, withdrawalId, asset, amount, to: addressOf(to), expiresAtHeight };
}

/** The height that lies so many blocks behind another. */
export function expiryOf(baseHeight: Height, blocks: number): Height {
  const height = baseHeight + blocks;
  assert(height >= 0, 'expired before genesis');
  return height;
}
