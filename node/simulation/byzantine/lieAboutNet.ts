/**
 * Lies about what is settled: to the settlement chain with a batch, a range, actions or a proof that no header commits
 * to, and to its peers with headers whose commitment or state root is not what execution gives. One lie for each
 * (batch, attempt) and one block a view: it contradicts the truth, not itself.
 */
import { createBlock } from '../../../consensus/block.ts';
import { ZERO_HASH } from '../../../consensus/primitives/flavor.ts';
import { voteSigningBytes } from '../../../consensus/vote.ts';
import {
  decodeSettlementTransaction,
  encodeSettlementTransaction,
  signSettlementTransaction,
  type UnsignedSettlementTransaction,
} from '../../../settlement/chain/transactionCodec.ts';
import type { SettlementAction } from '../../../settlement/net/settlement.ts';
import { decodeProposal, encodeProposal } from '../../core/messages.ts';
import type { Output } from '../../core/types.ts';
import { type Hands, HonestBehaviour } from './behaviour.ts';

/** Share of its proposals that lie; the others keep it a leader that is waited for. */
const PROPOSAL_CHANCE = 0.5;

const settlementLies = ['net', 'actions', 'quote', 'range', 'certificate'] as const;
type SettlementLie = (typeof settlementLies)[number];

export class LieAboutNet extends HonestBehaviour {
  readonly #hands: Hands;
  readonly #lies = new Map<string, SettlementLie>();

  constructor(hands: Hands) {
    super();
    this.#hands = hands;
  }

  override sends(output: Output): boolean {
    if (output.type === 'submitSettlement') {
      this.#submit(output.bytes, `${output.batch}/${output.attempt}`);
      return false;
    }
    if (output.type !== 'publish' || output.topic !== 'blocks') return true;
    return !this.#hands.random.chance(PROPOSAL_CHANCE) || !this.#propose(output.bytes);
  }

  #submit(bytes: Uint8Array, key: string): void {
    const decoded = decodeSettlementTransaction(bytes);
    if (!decoded.ok) return;
    const { random, signer } = this.#hands;
    const lie = this.#lies.get(key) ?? settlementLies[random.below(settlementLies.length)] ?? 'net';
    this.#lies.set(key, lie);
    const { signature: _, ...unsigned } = decoded.value;
    this.#hands.submitSettlement(
      encodeSettlementTransaction(signSettlementTransaction(lieAbout(unsigned, lie), signer)),
    );
  }

  /** @returns False when the message is no proposal. */
  #propose(bytes: Uint8Array): boolean {
    const decoded = decodeProposal(bytes);
    if (!decoded.ok) return false;
    const { signer, genesis, peers, random, self } = this.#hands;
    const { header, body } = decoded.value.block;
    const lie = { [random.chance(0.5) ? 'stateRoot' : 'batchCommitment']: header.parentHash };
    const block = createBlock({ ...header, ...lie }, body);
    const subject = { kind: 'notarize', view: header.view, blockHash: block.hash } as const;
    const signature = signer.sign(voteSigningBytes(genesis.chainId, subject));
    this.#hands.gossipTo(
      peers,
      'blocks',
      encodeProposal({ block, vote: { ...subject, voter: self, signature } }),
    );
    return true;
  }
}

/** The same transaction with one thing in it untrue. */
function lieAbout(
  transaction: UnsignedSettlementTransaction,
  lie: SettlementLie,
): UnsignedSettlementTransaction {
  const { net, actions, toHeight, certificate } = transaction;
  switch (lie) {
    case 'net':
      return { ...transaction, net: net.map((flow) => ({ ...flow, amount: flow.amount * 2n })) };
    case 'actions':
      return {
        ...transaction,
        actions: actions.map((action) => ({ ...action, amount: action.amount * 2n })),
      };
    case 'quote':
      return { ...transaction, actions: actions.map(withoutBid) };
    case 'range':
      return { ...transaction, toHeight: toHeight + 1 };
    case 'certificate':
      return { ...transaction, certificate: { ...certificate, blockHash: ZERO_HASH, kind: 'nullify' } };
  }
}

/** Offers next to nothing for what it must buy. */
function withoutBid(action: SettlementAction): SettlementAction {
  return action.type === 'swap' ? { ...action, amountInMax: 1n } : action;
}
