/** Who wants to measure a run of either engine: told what the chronicle is told, in the same order. Reaches no node. */
import type { Block } from '../../consensus/block.ts';
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';

export interface RunProbe {
  /** The first node finalised this block. */
  finalized(block: Block, result: ExecutionResult, nowMs: TimeMs): void;
  /** The settlement chain made this block. */
  settlementBlock(block: SettlementBlock): void;
  /** It took back its blocks above `height`. */
  settlementReorganised(height: number): void;
  /** A node handed a settlement over: for the first time, again, or with other fees. */
  submitted(seq: number, attempt: number, nowMs: TimeMs): void;
}
