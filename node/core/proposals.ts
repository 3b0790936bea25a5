/** Builds this node's proposals and judges those of others: time, settlement origin, then execution. */
import type { Block } from '../../consensus/block.ts';
import type { TimeMs, View } from '../../consensus/primitives/flavor.ts';
import type { Simplex } from '../../consensus/simplex/simplex.ts';
import type { BlockTree } from './blockTree.ts';
import type { EvidencePool } from './evidencePool.ts';
import type { Executor } from './executor.ts';
import type { SettlementView } from './settlementView.ts';
import type { Output } from './types.ts';

/** A proposal further ahead of the own clock than this is held, in ms (docs/protocol.md, agreement). */
const CLOCK_TOLERANCE_MS = 500;

export interface ProposalDependencies {
  readonly tree: BlockTree;
  readonly simplex: Simplex;
  readonly executor: Executor;
  readonly settlement: SettlementView;
  readonly evidence: EvidencePool;
  readonly output: (output: Output) => void;
}

export class Proposals {
  readonly #blockTimeMs: number;
  readonly #dependencies: ProposalDependencies;

  constructor(options: { readonly blockTimeMs: number }, dependencies: ProposalDependencies) {
    this.#blockTimeMs = options.blockTimeMs;
    this.#dependencies = dependencies;
  }

  /** Builds a block on `parent`; undefined while something it stands on is missing. */
  build(parent: Block, view: View, nowMs: TimeMs): Block | undefined {
    if (!this.#ensureExecuted(parent)) return undefined;
    const earliestMs = parent.header.timestampMs + this.#blockTimeMs;
    const isLate = nowMs > earliestMs + this.#blockTimeMs;
    const timestampMs = isLate ? Math.floor(nowMs / this.#blockTimeMs) * this.#blockTimeMs : earliestMs;
    const { executor, evidence } = this.#dependencies;
    return executor.build(parent, { view, timestampMs }, evidence.items());
  }

  /** Judges a proposal; `wait` while that cannot be decided. */
  judge(block: Block, parent: Block, nowMs: TimeMs): 'valid' | 'invalid' | 'wait' {
    const { settlement, executor, output } = this.#dependencies;
    const { timestampMs, origin } = block.header;
    if (timestampMs < parent.header.timestampMs + this.#blockTimeMs || timestampMs % this.#blockTimeMs !== 0)
      return 'invalid';
    if (timestampMs > nowMs + CLOCK_TOLERANCE_MS) {
      output({ type: 'setTimer', id: 'hold', at: timestampMs - CLOCK_TOLERANCE_MS });
      return 'wait';
    }
    const judgement = settlement.judge(origin, parent.header.origin, timestampMs);
    if (judgement !== 'valid') return judgement;
    if (!this.#ensureExecuted(parent)) return 'wait';
    const executed = executor.execute(block, parent);
    if (executed.ok) return 'valid';
    return executed.code === 'SETTLEMENT_UNKNOWN' ? 'wait' : 'invalid';
  }

  /** Executes notarised ancestors that came in over sync; false while that is not possible yet. */
  #ensureExecuted(block: Block): boolean {
    const { tree, simplex, executor } = this.#dependencies;
    if (tree.isExecuted(block.hash)) return true;
    const chain: Block[] = [];
    let next: Block | undefined = block;
    while (next !== undefined && !tree.isExecuted(next.hash)) {
      chain.push(next);
      next = simplex.chain.block(next.header.parentHash);
    }
    let parent = next ?? tree.finalized;
    for (const missing of chain.reverse()) {
      if (missing.header.parentHash !== parent.hash) return false;
      const executed = executor.execute(missing, parent);
      if (!executed.ok) return false;
      parent = missing;
    }
    return true;
  }
}
