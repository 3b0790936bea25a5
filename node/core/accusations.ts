/**
 * What a node does about equivocation: judges evidence of others, and tells of what it saw itself. What holds is kept,
 * written down, until a block of this node's, or of somebody else's, has punished it.
 */
import { createDoubleVote } from '../../consensus/evidence.ts';
import { accepted, ignore, type MessageJudgement, reject } from '../../consensus/simplex/judgement.ts';
import type { Vote } from '../../consensus/vote.ts';
import { createDoubleSettlement } from '../../settlement/chain/doubleSettlement.ts';
import type { SettlementPair } from '../../settlement/chain/doubleSettlementWatch.ts';
import { decodeSettlementTransaction } from '../../settlement/chain/transactionCodec.ts';
import {
  accusedBy,
  decodeEvidence,
  type Evidence,
  encodeEvidence,
  verifyEvidence,
} from '../../settlement/execution/evidence.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { standingOf } from '../../settlement/net/netState.ts';
import type { BlockTree } from './blockTree.ts';
import type { EvidencePool } from './evidencePool.ts';
import type { NodeDependencies } from './ports.ts';
import type { Output } from './types.ts';

export interface AccusationsDependencies {
  readonly crypto: NodeDependencies['crypto'];
  readonly tree: BlockTree;
  readonly evidence: EvidencePool;
  readonly output: (output: Output) => void;
}

export class Accusations {
  readonly #genesis: Genesis;
  readonly #dependencies: AccusationsDependencies;

  constructor(genesis: Genesis, dependencies: AccusationsDependencies) {
    this.#genesis = genesis;
    this.#dependencies = dependencies;
  }

  /** Evidence from a peer. */
  onEvidence(bytes: Uint8Array): MessageJudgement {
    const decoded = decodeEvidence(bytes);
    if (!decoded.ok) return reject(decoded.code);
    const verified = verifyEvidence(decoded.value, this.#genesis, this.#dependencies.crypto);
    if (!verified.ok) return reject(verified.code);
    return this.#keep(verified.value, bytes) ? accepted : ignore('EVIDENCE_DUPLICATE');
  }

  /** Two verified votes of one validator that contradict each other. */
  onVotes(first: Vote, second: Vote): void {
    const { voter: validator, view } = first;
    this.#dependencies.output({
      type: 'emit',
      event: { type: 'equivocation_seen', validator, view, batch: undefined, attempt: undefined },
    });
    this.#accuse({ type: 'votes', votes: createDoubleVote(first, second) });
  }

  /** The settlement chain showed two transactions; what they prove is checked like evidence of a stranger. */
  onSettlements({ first, second }: SettlementPair): void {
    const [one, other] = [decodeSettlementTransaction(first), decodeSettlementTransaction(second)];
    if (!one.ok || !other.ok) return;
    const settlements = createDoubleSettlement(one.value, other.value);
    const evidence: Evidence = { type: 'settlements', settlements };
    if (!verifyEvidence(evidence, this.#genesis, this.#dependencies.crypto).ok) return;
    const { proposer: validator, seq: batch, attempt } = one.value;
    this.#dependencies.output({
      type: 'emit',
      event: { type: 'equivocation_seen', validator, view: undefined, batch, attempt },
    });
    this.#accuse(evidence);
  }

  /** This node holds the proof itself: it tells the others, and puts it into a block when it leads. */
  #accuse(evidence: Evidence): void {
    const bytes = encodeEvidence(evidence);
    if (this.#keep(evidence, bytes)) {
      this.#dependencies.output({ type: 'publish', topic: 'evidence', bytes });
    }
  }

  #keep(evidence: Evidence, bytes: Uint8Array): boolean {
    const { tree, evidence: pool, output } = this.#dependencies;
    if (standingOf(tree.finalizedState(), accusedBy(evidence)).tombstoned) return false;
    const row = pool.keep(evidence, bytes);
    if (row === undefined) return false;
    output({ type: 'persist', writes: [row], sync: true });
    return true;
  }
}
