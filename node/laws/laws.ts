/**
 * All laws (docs/protocol.md, laws) in one place. They only watch: what they see comes from the runtime and the
 * nodes' observer port, and nothing they do reaches a node.
 */
import type { Block } from '../../consensus/block.ts';
import type { Height, SettlementHeight, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { Vote } from '../../consensus/vote.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { Layer } from '../../settlement/state.ts';
import { isAtomicCompletion } from '../core/atomicCompletion.ts';
import type { LawResult } from '../report/result.ts';
import { AgreementLaw, type FinalHeight } from './agreement.ts';
import { AtomicCompletionRule } from './atomicCompletions.ts';
import { CompletionRule } from './completions.ts';
import { CrossChainRule } from './crossChain.ts';
import { DurabilityLaw } from './durability.ts';
import type { Duty, DutyObserver } from './dutyBook.ts';
import { JusticeLaw } from './justice.ts';
import type { SentSettlement } from './outbox.ts';
import { PostedInputRule } from './postedInputs.ts';
import { type NetworkHealth, ProgressLaw } from './progress.ts';
import { ValueLaws } from './value.ts';

export interface LawsOptions {
  readonly genesis: Genesis;
  /** Checks the messages that convict somebody. */
  readonly verifier: Verifier;
  /** The rows before the first block. */
  readonly genesisLayer: Layer;
  readonly nodeNames: readonly string[];
  /** Final blocks that nodes keep for each other. */
  readonly historyBlocks: number;
  /** False when the network's own model may break the bounds of progress. */
  readonly isSynchronous: boolean;
  /** Told of the duties that the law of justice follows. */
  readonly dutyObserver: DutyObserver | undefined;
  readonly settlementBlockAt: (height: SettlementHeight) => SettlementBlock | undefined;
}

export class Laws {
  readonly #nodeNames: readonly string[];
  readonly #agreement: AgreementLaw;
  readonly #value: ValueLaws;
  readonly #completions: CompletionRule;
  readonly #atomicCompletions: AtomicCompletionRule;
  readonly #crossChain: CrossChainRule;
  readonly #postedInputs: PostedInputRule;
  readonly #justice: JusticeLaw;
  readonly #durability: DurabilityLaw;
  readonly #progress: ProgressLaw;

  constructor(options: LawsOptions) {
    const { genesis, genesisLayer, nodeNames, isSynchronous } = options;
    this.#nodeNames = nodeNames;
    this.#agreement = new AgreementLaw(options.historyBlocks, options);
    this.#value = new ValueLaws(genesis.ledger, genesisLayer);
    this.#completions = new CompletionRule(this.#value.exactlyOnce, nodeNames);
    this.#crossChain = new CrossChainRule(this.#value.exactlyOnce);
    this.#postedInputs = new PostedInputRule(this.#value.exactlyOnce);
    this.#justice = new JusticeLaw(options);
    this.#durability = new DurabilityLaw(nodeNames);
    this.#atomicCompletions = new AtomicCompletionRule(
      { exactlyOnce: this.#value.exactlyOnce, durability: this.#durability.law },
      nodeNames,
    );
    this.#progress = new ProgressLaw({
      rules: genesis.net,
      blockTimeMs: genesis.blockTimeMs,
      isSynchronous,
    });
  }

  /** A node finalised a block. @param isFirst - No node had finalised this height before. */
  finalized(
    node: ValidatorIndex,
    block: Block,
    result: ExecutionResult,
    isFirst: boolean,
    nowMs: TimeMs,
  ): void {
    this.#agreement.finalized(this.#name(node), block, result.stateRoot);
    if (!isFirst) return;
    this.#agreement.origin.finalized(block.header);
    const { height, timestampMs } = block.header;
    this.#value.finalized(height, result);
    this.#atomicCompletions.finalized(block, result);
    this.#crossChain.finalized(height, result.crossChainFacts);
    this.#postedInputs.finalized(block.header, result.postedFacts);
    this.#justice.finalized(block, result.facts);
    this.#progress.finalized(height, timestampMs, result.facts, nowMs);
  }

  /** What a node says it holds for final, where that is all that is known of it. */
  reportedFinal(node: ValidatorIndex, final: FinalHeight): void {
    this.#agreement.reported(this.#name(node), final);
  }

  /** An honest node stopped over what it was told is final. */
  contradicted(node: ValidatorIndex, message: string): void {
    this.#agreement.law.check(false, () => `${this.#name(node)} stopped: ${message}`);
  }

  voteSent(vote: Vote): void {
    this.#durability.voteSent(vote);
  }

  /** A crash cost a node what its disk had promised to keep. */
  diskBroke(node: ValidatorIndex): void {
    this.#durability.diskBroke(node);
  }

  /** A node's disk was emptied, which it can see. */
  diskWiped(node: ValidatorIndex): void {
    this.#durability.diskWiped(node);
  }

  /** A settlement leaves a node. @param stored - Its outbox row, as a crash would leave it. */
  settlementSent(node: ValidatorIndex, sent: SentSettlement, stored: Uint8Array | undefined): void {
    this.#durability.settlementSent(node, sent, stored);
  }

  /** A node tells of atomic batches. @param storedAt - Its outbox row of a block, as a crash would leave it. */
  atomicCompletionSent(
    node: ValidatorIndex,
    bytes: Uint8Array,
    storedAt: (height: Height) => Uint8Array | undefined,
  ): void {
    this.#atomicCompletions.sent(node, bytes, storedAt);
  }

  /** A node took what it was told of a settlement, or of atomic batches, for true. */
  completionAccepted(node: ValidatorIndex, bytes: Uint8Array): void {
    if (isAtomicCompletion(bytes)) this.#atomicCompletions.accepted(node, bytes);
    else this.#completions.accepted(node, bytes);
  }

  recovered(node: ValidatorIndex, heightBefore: number, heightNow: number): void {
    this.#durability.recovered(node, heightBefore, heightNow);
  }

  healthChanged(health: NetworkHealth, nowMs: TimeMs): void {
    this.#progress.healthChanged(health, nowMs);
  }

  settlementBlock(block: SettlementBlock): void {
    this.#agreement.origin.settlementBlock(block.height);
    this.#completions.settlementBlock(block);
    this.#crossChain.settlementBlock(block);
    this.#postedInputs.settlementBlock(block);
    this.#progress.settlementBlock(block);
  }

  /** The settlement chain took back its blocks above a height. */
  settlementReorganised(height: SettlementHeight): void {
    this.#agreement.origin.settlementReorganised(height);
    this.#crossChain.settlementReorganised(height);
    this.#postedInputs.settlementReorganised(height);
  }

  /** The unsettled batch whose clock runs. */
  get runningDuty(): Duty | undefined {
    return this.#justice.runningDuty;
  }

  get isAgreed(): boolean {
    return !this.#agreement.law.isBroken;
  }

  finish(nowMs: TimeMs): LawResult[] {
    this.#progress.finish(nowMs);
    return [
      this.#agreement.law,
      this.#value.conservation,
      this.#value.exactlyOnce,
      this.#value.ledger,
      this.#justice.law,
      this.#durability.law,
      this.#progress.law,
    ].map((law) => law.result());
  }

  #name(node: ValidatorIndex): string {
    return this.#nodeNames[node] ?? `node ${node}`;
  }
}
