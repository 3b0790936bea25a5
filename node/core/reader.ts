/**
 * What may be asked of a running node without touching it: final state, blocks, transactions, batches. Everything is a
 * look at what is there; nothing here is fed back.
 */
import type { Address, Hash, Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { inputMarkOf } from '../../settlement/input/marks.ts';
import { accountOf } from '../../settlement/ledger/accounts.ts';
import type { SettlementBlock, SettlementEvent } from '../../settlement/net/settlement.ts';
import type { State } from '../../settlement/state.ts';
import type { Archive, SettledBatch, TransactionOutcome } from './archive.ts';
import { type AtomicBatchStanding, atomicBatchStanding } from './batchDoor.ts';
import type { BlockTree } from './blockTree.ts';
import type { History } from './history.ts';
import type { Mempool } from './mempool.ts';
import type { SettlementView } from './settlementView.ts';
import type { StoredBlock } from './store.ts';
import type { NodeStatus } from './types.ts';

/** Where a transaction stands: waiting, in a block that is not final yet, or ended. */
export type TransactionStanding =
  | { readonly status: 'pending' }
  | { readonly status: 'included'; readonly height: Height }
  | { readonly status: 'ended'; readonly outcome: TransactionOutcome };

/** How an input ended: in a final block. */
export interface InputOutcome {
  readonly height: Height;
  readonly transactionId: Hash;
  /** `ok`, or the code with which the ledger refused it. */
  readonly result: string;
}

export type BatchSettled = Extract<SettlementEvent, { readonly type: 'batch_settled' }>;

export interface NodeReader {
  readonly genesis: Genesis;
  status(): NodeStatus;
  /** Read-only. */
  finalizedState(): State;
  /** A final block that is still kept. */
  block(height: Height): StoredBlock | undefined;
  /** Outcomes of a final block's transactions, in block order; empty where the archive is off or has let them go. */
  outcomesAt(height: Height): readonly TransactionOutcome[];
  /** Undefined: unknown here, or ended too long ago. */
  transaction(id: Hash): TransactionStanding | undefined;
  /** What became of a user's input, in the finalised state; undefined: nothing yet, or it is too long ago to matter. */
  inputOutcome(requestId: Hash): InputOutcome | undefined;
  /** Timestamp of the newest final block. */
  finalizedTimestampMs(): TimeMs;
  /** Undefined: unknown here. */
  atomicBatch(batchId: Hash): AtomicBatchStanding | undefined;
  /** The first nonce of this sender that neither a final block nor a waiting transaction has used. */
  nextNonce(address: Address): number;
  newestSettlementBlock(): SettlementBlock | undefined;
  /** The settlement of a batch, seen on the settlement chain and not named by a final header yet. */
  unconfirmedSettlement(
    seq: number,
  ): { readonly block: SettlementBlock; readonly event: BatchSettled } | undefined;
  /** A confirmed batch that is still kept. */
  settledBatch(seq: number): SettledBatch | undefined;
}

export interface CoreReaderParts {
  readonly genesis: Genesis;
  readonly tree: BlockTree;
  readonly mempool: Mempool;
  readonly history: History;
  readonly settlement: SettlementView;
  readonly archive: Archive | undefined;
  readonly status: () => NodeStatus;
}

export class CoreReader implements NodeReader {
  readonly #parts: CoreReaderParts;

  constructor(parts: CoreReaderParts) {
    this.#parts = parts;
  }

  get genesis(): Genesis {
    return this.#parts.genesis;
  }

  status(): NodeStatus {
    return this.#parts.status();
  }

  finalizedState(): State {
    return this.#parts.tree.finalizedState();
  }

  block(height: Height): StoredBlock | undefined {
    return this.#parts.history.get(height);
  }

  outcomesAt(height: Height): readonly TransactionOutcome[] {
    return this.#parts.archive?.outcomesAt(height) ?? [];
  }

  transaction(id: Hash): TransactionStanding | undefined {
    const { archive, mempool, tree } = this.#parts;
    const outcome = archive?.outcomeOf(id);
    if (outcome !== undefined) return { status: 'ended', outcome };
    for (const { block, result } of tree.unfinalized()) {
      const holdsIt = ({ transactionId }: { readonly transactionId: Hash }) => transactionId === id;
      if (result.receipts.some(holdsIt) || result.inputFacts.some(holdsIt)) {
        return { status: 'included', height: block.header.height };
      }
    }
    return mempool.get(id) === undefined ? undefined : { status: 'pending' };
  }

  inputOutcome(requestId: Hash): InputOutcome | undefined {
    return inputMarkOf(this.finalizedState(), requestId);
  }

  finalizedTimestampMs(): TimeMs {
    return this.#parts.tree.finalized.header.timestampMs;
  }

  atomicBatch(batchId: Hash): AtomicBatchStanding | undefined {
    return atomicBatchStanding(this.#parts, batchId);
  }

  nextNonce(address: Address): number {
    const { mempool, genesis } = this.#parts;
    let { nonce } = accountOf(this.finalizedState(), genesis.ledger, address);
    while (mempool.find(address, nonce) !== undefined) nonce += 1;
    return nonce;
  }

  newestSettlementBlock(): SettlementBlock | undefined {
    const { settlement } = this.#parts;
    return settlement.at(settlement.newestHeight);
  }

  unconfirmedSettlement(
    seq: number,
  ): { readonly block: SettlementBlock; readonly event: BatchSettled } | undefined {
    const { settlement, tree } = this.#parts;
    const from = tree.finalized.header.origin.height + 1;
    for (let height = from; height <= settlement.newestHeight; height += 1) {
      const block = settlement.at(height);
      for (const event of block?.events ?? []) {
        if (block !== undefined && event.type === 'batch_settled' && event.seq === seq)
          return { block, event };
      }
    }
    return undefined;
  }

  settledBatch(seq: number): SettledBatch | undefined {
    return this.#parts.archive?.settledBatch(seq);
  }
}
