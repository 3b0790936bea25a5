/**
 * Says one thing to some and another to others: two proposals for one view, two votes that no honest validator casts
 * both of, two settlement transactions for one (batch, attempt). One half of the network hears the one, the other half
 * the other; accomplices hear both, and now and then everybody does.
 */
import { accountOfKey, type Hash, type View, ZERO_HASH } from '../../../consensus/primitives/flavor.ts';
import { type Vote, type VoteSubject, voteSigningBytes } from '../../../consensus/vote.ts';
import {
  decodeSettlementTransaction,
  encodeSettlementTransaction,
  signSettlementTransaction,
} from '../../../settlement/chain/transactionCodec.ts';
import { encodeTransaction, signTransaction } from '../../../settlement/execution/transaction.ts';
import { decodeProposal, decodeVotes, encodeVotes } from '../../core/messages.ts';
import type { Input, Output, PeerId, Topic } from '../../core/types.ts';
import type { Behaviour, Half, Hands } from './behaviour.ts';
import { type SecondOutput, SecondProcess } from './secondProcess.ts';

/** Share of votes that get a contradicting one although no second proposal is known. */
const DOUBLE_VOTE_CHANCE = 0.3;
/** Share of lies that everybody hears: an attack nobody could see both sides of would never be punished. */
const OPEN_CHANCE = 0.3;
/** Views for which proposals are remembered. */
const VIEWS_KEPT = 16;
/** A hash that no block has. */
const NOTHING: Hash = `0x${'ee'.repeat(32)}`;

export class Equivocate implements Behaviour {
  readonly #hands: Hands;
  /** Builds the other block: it knows one transaction more than the original. */
  readonly #understudy: SecondProcess;
  /** Blocks proposed in each view, as far as this node heard. */
  readonly #proposed = new Map<View, Set<Hash>>();
  #nonce = 0;

  constructor(hands: Hands) {
    this.#hands = hands;
    this.#understudy = new SecondProcess(hands, (output) => this.#understudyDoes(output));
    this.#tellUnderstudy();
  }

  receives(input: Input): boolean {
    if (this.#understudy.isOwnResponse(input)) {
      this.#understudy.hear(input);
      return false;
    }
    if (input.type === 'request') return true;
    if (input.type === 'message' && input.topic === 'blocks') this.#noteProposal(input.bytes);
    this.#understudy.hear(input);
    return true;
  }

  sends(output: Output): boolean {
    if (output.type === 'submitSettlement') return this.#submitTwice(output.bytes);
    if (output.type !== 'publish') return true;
    if (output.topic === 'blocks') {
      this.#propose('first', output.bytes);
      return false;
    }
    return output.topic !== 'votes' || this.#voteOnce(output.bytes);
  }

  ends(): void {
    this.#understudy.stop();
  }

  // Proposals --------------------------------------------------------------------------------------------

  #understudyDoes(output: SecondOutput): void {
    if (output.type === 'emit' && output.event.type === 'block_finalized') {
      const own = this.#address();
      if (output.event.transactions.some(({ from }) => from === own)) this.#nonce += 1;
      this.#tellUnderstudy();
    }
    if (output.type !== 'publish' || output.topic !== 'blocks') return;
    this.#propose('second', output.bytes);
  }

  #propose(half: Half, bytes: Uint8Array): void {
    const hash = this.#noteProposal(bytes);
    if (hash !== undefined) this.#hands.plot.propose(hash, half);
    this.#tell(half, 'blocks', bytes);
  }

  /** A transaction that changes no more than its sender's nonce, which is enough for another block. */
  #tellUnderstudy(): void {
    const { genesis, signer, self } = this.#hands;
    const transaction = signTransaction(
      {
        chainId: genesis.chainId,
        from: this.#address(),
        nonce: this.#nonce,
        expiresAtHeight: 0,
        onlyAtHeight: 0,
        body: { type: 'unjail', validator: self },
      },
      signer,
    );
    const bytes = encodeTransaction(transaction);
    this.#hands.after(0, () =>
      this.#understudy.hear({
        type: 'transactionSubmitted',
        nowMs: this.#hands.nowMs(),
        bytes,
        gossip: false,
      }),
    );
  }

  #address(): string {
    return accountOfKey(this.#hands.signer.publicKey);
  }

  #noteProposal(bytes: Uint8Array): Hash | undefined {
    const decoded = decodeProposal(bytes);
    if (!decoded.ok) return undefined;
    const { view, blockHash } = decoded.value.vote;
    const known = this.#proposed.get(view);
    if (known !== undefined) known.add(blockHash);
    else {
      this.#proposed.set(view, new Set([blockHash]));
      for (const old of this.#proposed.keys()) if (old <= view - VIEWS_KEPT) this.#proposed.delete(old);
    }
    return blockHash;
  }

  // Votes ------------------------------------------------------------------------------------------------

  /** @returns Whether the message goes out as it is. */
  #voteOnce(bytes: Uint8Array): boolean {
    const decoded = decodeVotes(bytes);
    const [vote] = decoded.ok ? decoded.value.votes : [];
    // A repeat is heard by everybody: what it contradicts was said before.
    if (!decoded.ok || vote === undefined || decoded.value.resend > 0) return true;
    const subject = this.#contradictionOf(vote);
    if (subject === undefined) return true;
    const message = { resend: 0, votes: [this.#sign(subject)], certificate: undefined };
    // A block's own half hears the vote for it, so that accomplices push each half the same way.
    const half = this.#hands.plot.halfOfBlock.get(vote.blockHash) ?? 'first';
    this.#tell(half, 'votes', bytes);
    this.#tell(half === 'first' ? 'second' : 'first', 'votes', encodeVotes(message));
    return false;
  }

  #contradictionOf({ kind, view, blockHash }: Vote): VoteSubject | undefined {
    if (kind !== 'nullify') {
      for (const other of this.#proposed.get(view) ?? []) {
        if (other !== blockHash) return { kind, view, blockHash: other };
      }
    }
    if (!this.#hands.random.chance(DOUBLE_VOTE_CHANCE)) return undefined;
    if (kind === 'notarize') return { kind, view, blockHash: NOTHING };
    if (kind === 'finalize') return { kind: 'nullify', view, blockHash: ZERO_HASH };
    return { kind: 'finalize', view, blockHash: NOTHING };
  }

  #sign({ kind, view, blockHash }: VoteSubject): Vote {
    const { genesis, signer, self } = this.#hands;
    const subject = { kind, view, blockHash };
    return { ...subject, voter: self, signature: signer.sign(voteSigningBytes(genesis.chainId, subject)) };
  }

  // Settlement -------------------------------------------------------------------------------------------

  /** Beside the true transaction one that claims another count of liquidations, and pays as much as replaces the first. */
  #submitTwice(bytes: Uint8Array): boolean {
    const decoded = decodeSettlementTransaction(bytes);
    if (!decoded.ok) return true;
    const { signature: _, ...unsigned } = decoded.value;
    const { liquidations, feeCap, tip } = unsigned;
    const other = { ...unsigned, liquidations: liquidations + 1, feeCap: feeCap * 2n, tip: tip * 2n };
    this.#hands.submitSettlement(
      encodeSettlementTransaction(signSettlementTransaction(other, this.#hands.signer)),
    );
    return true;
  }

  #tell(half: Half, topic: Topic, bytes: Uint8Array): void {
    const { peers, plot, random } = this.#hands;
    const { accomplices } = plot;
    const isOpen = accomplices.length <= 1 && random.chance(OPEN_CHANCE);
    const hears = (peer: PeerId): boolean =>
      isOpen || accomplices.includes(peer) || plot.halfOf(peer) === half;
    this.#hands.gossipTo(peers.filter(hears), topic, bytes);
  }
}
