/**
 * What comes in from a real network, told to those who watch a run: reports of nodes, blocks of the settlement chain, and
 * the final blocks that executing them bears out. It decides nothing and asks nothing of anybody.
 */
import type { Block } from '../../../consensus/block.ts';
import { decode } from '../../../consensus/primitives/codec.ts';
import type {
  Hash,
  Height,
  SettlementHeight,
  TimeMs,
  ValidatorIndex,
  View,
} from '../../../consensus/primitives/flavor.ts';
import type { Crypto } from '../../../consensus/primitives/signature.ts';
import { type Certificate, readVote } from '../../../consensus/vote.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { createGenesisState } from '../../../settlement/execution/genesisState.ts';
import type { ExecutionResult } from '../../../settlement/execution/result.ts';
import type { SettlementBlock, SettlementEvent } from '../../../settlement/net/settlement.ts';
import type { NodeEvent } from '../../core/events.ts';
import type { FinalHeight } from '../../laws/agreement.ts';
import type { Watchers } from '../../report/watchers.ts';
import type { Anchor } from '../../scenario/types.ts';
import type { NodeReport } from '../nodeReporter.ts';
import type { EngineNode } from './engineNode.ts';
import { BlockReplay } from './replay.ts';
import type { Traffic } from './traffic.ts';

/** Reports that may wait for their height; beyond, a network this far ahead of its watcher has other troubles. */
const UNJUDGED_MAX = 16_384;

export interface ObservationHost {
  readonly traffic: Pick<Traffic, 'proposed' | 'finalized'>;
  /** Asked when there is something to tell: they are made after this. */
  readonly watchers: () => Watchers;
  readonly nowMs: () => TimeMs;
  readonly anchorReached: (anchor: Anchor) => void;
  /** A node takes part again, or no more. */
  readonly healthChanged: () => void;
  /** The settlement chain made a block at that height. */
  readonly settlementBlock: (height: SettlementHeight) => void;
  /** What makes the run itself wrong. */
  readonly fail: (error: string) => void;
  /** What a node holds for final cannot be. */
  readonly contradicted: (node: ValidatorIndex, message: string) => void;
}

export class Observation {
  readonly #host: ObservationHost;
  readonly #replay: BlockReplay;
  /** What nodes reported of heights that are not executed here yet. */
  #unjudged: (FinalHeight & { readonly node: ValidatorIndex })[] = [];
  /** Settlement blocks, with those of their settlements whose batch is not known to be sealed yet. */
  #early: SettlementBlock[] = [];
  #finalizedHeight: Height = 0;
  #finalizedStateRoot: Hash | undefined;
  #notarizedHeight: Height = 0;
  #newestView: View = 0;

  constructor(genesis: Genesis, crypto: Crypto, host: ObservationHost) {
    this.#host = host;
    this.#replay = new BlockReplay(genesis, createGenesisState(genesis), {
      crypto,
      onFinal: (node, block, result, certificate) => this.#finalized(node, block, result, certificate),
      onInvalid: (node, message) => host.contradicted(node, message),
    });
  }

  get finalizedHeight(): Height {
    return this.#finalizedHeight;
  }

  get finalizedStateRoot(): Hash | undefined {
    return this.#finalizedStateRoot;
  }

  get notarizedHeight(): Height {
    return Math.max(this.#notarizedHeight, this.#finalizedHeight);
  }

  /** The newest view that anybody reported. */
  get newestView(): View {
    return this.#newestView;
  }

  get settlementHeight(): SettlementHeight {
    return this.#replay.settlementHeight;
  }

  settlementBlockAt(height: SettlementHeight): SettlementBlock | undefined {
    return this.#replay.settlementBlockAt(height);
  }

  /** A node says something. */
  reported(node: EngineNode, report: NodeReport): void {
    const { laws } = this.#host.watchers();
    switch (report.type) {
      case 'event':
        this.#nodeEvent(node, report.event);
        return;
      case 'block': {
        const { height, hash, stateRoot } = report;
        if (this.#unjudged.length < UNJUDGED_MAX) {
          this.#unjudged.push({ node: node.index, height, hash, stateRoot, headerRoot: stateRoot });
        }
        this.#replay.addFinal({ node: node.index, ...report });
        this.#judgeReports();
        return;
      }
      case 'votes_sent':
        for (const bytes of report.votes) {
          const vote = decode(bytes, readVote);
          if (vote.ok) laws.voteSent(vote.value);
        }
        return;
      case 'recovered':
        if (node.starts > 1) laws.recovered(node.index, node.finalizedHeight, report.height);
        node.finalizedHeight = Math.max(node.finalizedHeight, report.height);
        return;
    }
  }

  /** What nodes hold for final is compared once the height is executed here. */
  #judgeReports(): void {
    const { laws } = this.#host.watchers();
    this.#unjudged = this.#unjudged.filter(({ node, ...final }) => {
      if (final.height > this.#finalizedHeight) return true;
      laws.reportedFinal(node, final);
      return false;
    });
  }

  #nodeEvent(node: EngineNode, event: NodeEvent): void {
    const { trace, chronicle, judge } = this.#host.watchers();
    const nowMs = this.#host.nowMs();
    trace.reportNode(nowMs, node.index, event);
    if ('view' in event && event.view !== undefined && event.type !== 'equivocation_seen') {
      this.#newestView = Math.max(this.#newestView, event.view);
    }
    switch (event.type) {
      case 'block_proposed':
        this.#host.traffic.proposed(event.height);
        return;
      case 'block_notarized':
        this.#notarizedHeight = Math.max(this.#notarizedHeight, event.height);
        return;
      case 'block_finalized':
        node.finalizedHeight = Math.max(node.finalizedHeight, event.height);
        if (node.silentUntilView > 0 && event.view >= node.silentUntilView) {
          node.silentUntilView = 0;
          this.#host.healthChanged();
        }
        judge.changed(nowMs);
        return;
      case 'batch_submitted':
        chronicle.submitted(event.seq, event.attempt, nowMs);
        return;
      case 'warning':
        if (event.code !== 'SETTLEMENT_REORG_BELOW_ORIGIN') return;
        node.isHalted = true;
        this.#host.healthChanged();
        return;
      default:
        return;
    }
  }

  /** A block is final and executed here: the first that is known of its height. */
  #finalized(
    node: ValidatorIndex,
    block: Block,
    result: ExecutionResult,
    certificate: Certificate | undefined,
  ): void {
    const nowMs = this.#host.nowMs();
    const { laws, chronicle, verdicts, trace, judge } = this.#host.watchers();
    const { header, hash } = block;
    const { height, view, timestampMs, leader, origin } = header;
    this.#finalizedHeight = height;
    this.#finalizedStateRoot = result.stateRoot;
    verdicts.begin(block);
    laws.finalized(node, block, result, true, nowMs);
    this.#judgeReports();
    verdicts.finalized(block, result.facts, certificate, laws.runningDuty);
    chronicle.finalized(block, result, nowMs, (seq, state) => this.#batchReached(seq, state));
    for (const early of this.#early.splice(0)) this.#tellIncluded(early);
    const missing = this.#host.traffic.finalized(block);
    if (missing !== undefined)
      this.#host.fail(`${missing} transactions anchored to block ${height} missed it`);
    trace.reportFacts(nowMs, {
      type: 'block_finalized',
      height,
      view,
      hash,
      timestampMs,
      leader,
      stateRoot: result.stateRoot,
      originHeight: origin.height,
      facts: result.facts,
      atomicFacts: result.atomicFacts,
      crossChainFacts: result.crossChainFacts,
      postedFacts: result.postedFacts,
      transactions: result.receipts,
    });
    this.#host.anchorReached({ block: height });
    judge.changed(nowMs);
  }

  /** The settlement chain has another block, or another in the place of one. */
  settlementBlock(block: SettlementBlock): void {
    const { trace, laws, chronicle, judge } = this.#host.watchers();
    const nowMs = this.#host.nowMs();
    const before = this.#replay.settlementHeight;
    const { height } = block;
    if (height === 0) {
      this.#replay.addSettlementBlock(block);
      return;
    }
    if (height <= before) {
      trace.reportOther(nowMs, undefined, 'settlement_reorg', {
        height: height - 1,
        depth: before - height + 1,
      });
      this.#early = this.#early.filter((early) => early.height < height);
      laws.settlementReorganised(height - 1);
      chronicle.settlementReorganised(height - 1);
    }
    trace.reportSettlementBlock(nowMs, block);
    laws.settlementBlock(block);
    this.#host.settlementBlock(height);
    this.#tellIncluded(block);
    this.#replay.addSettlementBlock(block);
    this.#host.anchorReached({ settlementBlock: height });
    judge.changed(nowMs);
  }

  /** What the chain settled before the seal has been executed here is told once it has. */
  #tellIncluded(block: SettlementBlock): void {
    const { chronicle } = this.#host.watchers();
    const isKnown = (event: SettlementEvent): boolean =>
      event.type !== 'batch_settled' || chronicle.batch(event.seq) !== undefined;
    chronicle.settlementBlock({ ...block, events: block.events.filter(isKnown) }, (seq, state) =>
      this.#batchReached(seq, state),
    );
    const early = block.events.filter((event) => !isKnown(event));
    if (early.length > 0) this.#early.push({ ...block, events: early });
  }

  #batchReached(seq: number, state: 'sealed' | 'included' | 'confirmed' | 'missed'): void {
    this.#host.watchers().judge.batchReached(seq, state, this.#host.nowMs());
    this.#host.anchorReached({ batch: seq, state });
  }
}
