/**
 * Builds blocks as a leader and replays them as a validator, on the block tree. Results are shared between the
 * nodes of one process when the runtime hands in a cache; they are the same with and without it.
 */
import { type Block, type BlockBody, createBlock, type SettlementOrigin } from '../../consensus/block.ts';
import { equalBytes } from '../../consensus/primitives/bytes.ts';
import { accept, assert, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height, TimeMs, View } from '../../consensus/primitives/flavor.ts';
import { merkleRoot } from '../../consensus/primitives/merkle.ts';
import { batchRecordOf } from '../../settlement/atomic/batch.ts';
import { findBatchProblem } from '../../settlement/atomic/limits.ts';
import { createProofTrust } from '../../settlement/atomic/proofs/proofTrust.ts';
import { ProofVerdicts } from '../../settlement/atomic/proofs/proofVerdicts.ts';
import { BlockExecution } from '../../settlement/execution/blockExecution.ts';
import {
  accusedBy,
  decodeEvidence,
  type Evidence,
  evidenceId,
  verifyEvidence,
} from '../../settlement/execution/evidence.ts';
import { batchGasBy, transactionGas } from '../../settlement/execution/gas.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import { decodeTransaction, verifyTransaction } from '../../settlement/execution/transaction.ts';
import { hasForeignSettlement } from '../../settlement/net/foreignSettlement.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { type EndedBatch, sortedById } from './atomicCompletion.ts';
import type { BlockTree, ExecutedBlock } from './blockTree.ts';
import type { EvidenceItem } from './evidencePool.ts';
import type { Inclusion, Mempool, PreparedTransaction } from './mempool.ts';
import type { NodeDependencies, NodeOptions } from './ports.ts';
import type { SettlementView } from './settlementView.ts';
import { stateWrites } from './store.ts';

/** Bytes a header and list counts may take of a block's byte limit. */
const BLOCK_OVERHEAD_BYTES = 512;

/** The length in front of each transaction and each piece of evidence. */
const ITEM_OVERHEAD_BYTES = 4;

/** `SETTLEMENT_UNKNOWN`: not wrong, but not executable until more of the settlement chain is known. */
export type ExecutionCode =
  | 'SETTLEMENT_UNKNOWN'
  | 'BLOCK_SETTLEMENT_FOREIGN'
  | 'BLOCK_TOO_LARGE'
  | 'BLOCK_TRANSACTION_INVALID'
  | 'BLOCK_EVIDENCE_INVALID'
  | 'BLOCK_ROOT_MISMATCH';

const isGood: Verdict<undefined> = { ok: true, value: undefined };

export type ExecutorOptions = Pick<NodeOptions, 'genesis' | 'self'>;
export type ExecutorDependencies = Pick<
  NodeDependencies,
  'crypto' | 'executions' | 'messages' | 'goodItems' | 'roots' | 'verdicts'
>;

export class Executor {
  readonly #genesis: Genesis;
  readonly #options: ExecutorOptions;
  readonly #dependencies: ExecutorDependencies;
  readonly #tree: BlockTree;
  readonly #settlement: SettlementView;
  readonly #mempool: Mempool;
  readonly #verdicts: ProofVerdicts;

  constructor(
    options: ExecutorOptions,
    dependencies: ExecutorDependencies,
    parts: { readonly tree: BlockTree; readonly settlement: SettlementView; readonly mempool: Mempool },
  ) {
    this.#genesis = options.genesis;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#tree = parts.tree;
    this.#settlement = parts.settlement;
    this.#mempool = parts.mempool;
    const { trust } = options.genesis.atomic.proofs;
    this.#verdicts = dependencies.verdicts ?? new ProofVerdicts(createProofTrust(trust));
  }

  /** A transaction from bytes, decoded once per process; its signature is not checked here. */
  prepare(bytes: Uint8Array): Verdict<PreparedTransaction> {
    const cached = this.#dependencies.messages?.get(bytes);
    if (isPreparation(cached)) return cached;
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) return decoded;
    const { transaction, id, signingBytes } = decoded.value;
    const prepared = accept({ transaction, id, signingBytes, bytes });
    this.#dependencies.messages?.set(bytes, prepared);
    return prepared;
  }

  /** Checks limits, chain and signatures, once a node: what waits in its own pool was checked when it came in. */
  verify(prepared: PreparedTransaction): Verdict<unknown> {
    const { goodItems, crypto } = this.#dependencies;
    if (goodItems?.has(prepared)) return isGood;
    const waiting = this.#mempool.get(prepared.id);
    if (waiting !== undefined && equalBytes(waiting.bytes, prepared.bytes)) return isGood;
    const fitting = this.#judgeLimits(prepared);
    const verified = fitting.ok ? verifyTransaction(prepared, this.#genesis, crypto) : fitting;
    if (verified.ok) goodItems?.add(prepared);
    return verified;
  }

  /** What no block can hold, or no state let pass, is refused before its signatures cost anything. */
  #judgeLimits({ transaction: { from, auth, body }, bytes }: PreparedTransaction): Verdict<unknown> {
    const { blockBytesMax, atomic, ledger } = this.#genesis;
    const bytesMax = blockBytesMax - BLOCK_OVERHEAD_BYTES - ITEM_OVERHEAD_BYTES;
    if (bytes.length > bytesMax) {
      const message = `${bytes.length} bytes, of which a block holds ${bytesMax}`;
      return refuse('TRANSACTION_TOO_LARGE', message, { bytes: bytes.length, max: bytesMax });
    }
    if (body.type !== 'atomic_batch') return isGood;
    return findBatchProblem(body, from, atomic, ledger, batchGasBy(auth)) ?? isGood;
  }

  /**
   * Checks a body without any state: within the limits, every item decodes and is signed as it must be, and
   * together they are what the header names. Two bodies that pass under one header execute alike.
   */
  checkBody(block: Block): Verdict<unknown, ExecutionCode> {
    const { header, body, bytes } = block;
    const shared = this.#dependencies.executions?.get(block);
    if (shared !== undefined && equalBytes(shared.block.bytes, bytes)) return { ok: true, value: undefined };
    if (!this.#fits(body)) return refuse('BLOCK_TOO_LARGE', 'more transactions or bytes than allowed');
    const ids: Hash[] = [];
    let gas = 0;
    for (const item of body.transactions) {
      const prepared = this.prepare(item);
      if (!prepared.ok) return refuse('BLOCK_TRANSACTION_INVALID', prepared.message);
      // Before its signatures are checked: their number is what gas bounds.
      gas += transactionGas(prepared.value.transaction);
      if (gas > this.#genesis.atomic.gasMax)
        return refuse('BLOCK_TRANSACTION_INVALID', 'more gas than allowed');
      const verified = this.verify(prepared.value);
      if (!verified.ok) return refuse('BLOCK_TRANSACTION_INVALID', verified.message);
      ids.push(prepared.value.id);
    }
    for (const item of body.evidence) {
      const evidence = this.#checkEvidence(item);
      if (evidence === undefined) return refuse('BLOCK_EVIDENCE_INVALID', 'evidence does not hold');
      ids.push(evidenceId(evidence));
    }
    if (merkleRoot(ids) !== header.transactionsRoot) {
      return refuse('BLOCK_ROOT_MISMATCH', 'the body is not the one that the header names');
    }
    return { ok: true, value: undefined };
  }

  /**
   * Executes a block whose body was checked and whose parent is executed, and checks every root against its header.
   * @returns The executed block, now in the tree, or why it cannot be.
   */
  execute(block: Block, parent: Block): Verdict<ExecutedBlock, ExecutionCode> {
    const known = this.#tree.get(block.hash);
    if (known !== undefined) return { ok: true, value: known };
    const { origin, height } = block.header;
    const settlementBlocks = this.#settlement.range(parent.header.origin, origin);
    if (settlementBlocks === undefined || this.#settlement.at(origin.height)?.hash !== origin.hash) {
      return refuse('SETTLEMENT_UNKNOWN', 'a settlement block is not known yet');
    }
    const shared = this.#dependencies.executions?.get(block);
    // A node waits for settlement blocks as it would alone: sharing saves work, it must not change what happens when.
    // The hash covers no signatures, so a result is shared only for the very bytes that were executed.
    if (shared !== undefined && equalBytes(shared.block.bytes, block.bytes)) {
      this.#tree.add(shared);
      return { ok: true, value: shared };
    }
    if (this.#isForeign(parent, settlementBlocks)) {
      return refuse(
        'BLOCK_SETTLEMENT_FOREIGN',
        'its origin tells of a settlement that its chain did not seal',
      );
    }
    const { timestampMs } = block.header;
    const execution = this.#begin(parent, { origin, height, timestampMs }, settlementBlocks);
    for (const bytes of block.body.evidence) {
      const evidence = decodeEvidence(bytes);
      if (!evidence.ok) return refuse('BLOCK_EVIDENCE_INVALID', evidence.message);
      execution.addEvidence(evidenceId(evidence.value), accusedBy(evidence.value));
    }
    const transactions: PreparedTransaction[] = [];
    for (const bytes of block.body.transactions) {
      const prepared = this.prepare(bytes);
      if (!prepared.ok) return refuse('BLOCK_TRANSACTION_INVALID', prepared.message);
      transactions.push(prepared.value);
      const outcome = execution.addTransaction(prepared.value.transaction, prepared.value.id);
      if (!outcome.ok) return refuse('BLOCK_TRANSACTION_INVALID', outcome.message);
    }
    const result = execution.finish();
    const { header } = block;
    if (
      result.stateRoot !== header.stateRoot ||
      result.receiptsRoot !== header.receiptsRoot ||
      result.transactionsRoot !== header.transactionsRoot ||
      result.batchCommitment !== header.batchCommitment
    ) {
      return refuse('BLOCK_ROOT_MISMATCH', 'execution gives other roots than the header');
    }
    return { ok: true, value: this.#remember(block, result, transactions) };
  }

  /** Builds this leader's block; undefined while settlement blocks of the parent's origin are missing. */
  build(
    parent: Block,
    position: { readonly view: View; readonly timestampMs: TimeMs },
    evidencePool: readonly EvidenceItem[],
  ): Block | undefined {
    const { header: above } = parent;
    const origin = this.#settlement.newestOrigin(above.origin, position.timestampMs);
    const height = above.height + 1;
    const settlementBlocks = this.#settlement.range(above.origin, origin);
    if (settlementBlocks === undefined || this.#settlement.at(origin.height)?.hash !== origin.hash)
      return undefined;
    // A leader that lags behind waits: what it would build on has lost already.
    if (this.#isForeign(parent, settlementBlocks)) return undefined;
    const { timestampMs } = position;
    const execution = this.#begin(parent, { origin, height, timestampMs }, settlementBlocks);
    const evidence: Uint8Array[] = [];
    const included: PreparedTransaction[] = [];
    let byteCount = BLOCK_OVERHEAD_BYTES;
    for (const { id, bytes, validator } of evidencePool) {
      if (byteCount + bytes.length + ITEM_OVERHEAD_BYTES > this.#genesis.blockBytesMax) continue;
      execution.addEvidence(id, validator);
      evidence.push(bytes);
      byteCount += bytes.length + ITEM_OVERHEAD_BYTES;
    }
    const { blockTransactionsMax, blockBytesMax, atomic } = this.#genesis;
    const include = (prepared: PreparedTransaction): Inclusion => {
      const { transaction, id, bytes } = prepared;
      if (included.length >= blockTransactionsMax) return 'full';
      if (byteCount + bytes.length + ITEM_OVERHEAD_BYTES > blockBytesMax) return 'full';
      if (!execution.addTransaction(transaction, id).ok) return 'later';
      included.push(prepared);
      byteCount += bytes.length + ITEM_OVERHEAD_BYTES;
      return 'included';
    };
    const isWithinHalf = ({ transaction, bytes }: PreparedTransaction): boolean =>
      included.length < blockTransactionsMax / 2 &&
      byteCount + bytes.length + ITEM_OVERHEAD_BYTES <= blockBytesMax / 2 &&
      execution.gasUsed + transactionGas(transaction) <= atomic.gasMax / 2;
    this.#mempool.offer(height, include, isWithinHalf);
    const result = execution.finish();
    const block = createBlock(
      {
        chainId: this.#genesis.chainId,
        height,
        view: position.view,
        parentHash: parent.hash,
        timestampMs: position.timestampMs,
        leader: this.#options.self,
        origin,
        transactionsRoot: result.transactionsRoot,
        receiptsRoot: result.receiptsRoot,
        stateRoot: result.stateRoot,
        batchCommitment: result.batchCommitment,
      },
      { transactions: included.map(({ bytes }) => bytes), evidence },
    );
    this.#remember(block, result, included);
    return block;
  }

  /** The atomic batches that ended in a final block, as its completion lists them. */
  endedBatchesOf({ header: { height }, body }: Block): readonly EndedBatch[] {
    const state = this.#tree.finalizedState();
    const ended = new Map<Hash, EndedBatch>();
    for (const bytes of body.transactions) {
      const prepared = this.prepare(bytes);
      if (!prepared.ok || prepared.value.transaction.body.type !== 'atomic_batch') continue;
      const { batchId } = prepared.value.transaction.body.batch;
      const record = batchRecordOf(state, batchId);
      if (record?.blockHeight !== height) continue;
      ended.set(batchId, { batchId, isCompleted: record.failure === undefined });
    }
    return sortedById([...ended.values()]);
  }

  #isForeign(parent: Block, blocks: readonly SettlementBlock[]): boolean {
    return blocks.length > 0 && hasForeignSettlement(this.#tree.stateAfter(parent), blocks);
  }

  #begin(
    parent: Block,
    position: { readonly origin: SettlementOrigin; readonly height: Height; readonly timestampMs: TimeMs },
    settlementBlocks: readonly SettlementBlock[],
  ): BlockExecution {
    const { origin, height, timestampMs } = position;
    const originBlock = this.#settlement.at(origin.height);
    assert(originBlock !== undefined, 'executing on an unknown origin');
    const context = {
      height,
      timestampMs,
      parentStateRoot: this.#tree.stateRootAfter(parent),
      settlementBlocks,
      origin: originBlock,
    };
    const { roots } = this.#dependencies;
    return new BlockExecution(this.#genesis, this.#tree.stateAfter(parent), context, roots, this.#verdicts);
  }

  #checkEvidence(bytes: Uint8Array): Evidence | undefined {
    const decoded = decodeEvidence(bytes);
    if (!decoded.ok) return undefined;
    return verifyEvidence(decoded.value, this.#genesis, this.#dependencies.crypto).ok
      ? decoded.value
      : undefined;
  }

  #fits(body: BlockBody): boolean {
    let byteCount = BLOCK_OVERHEAD_BYTES;
    for (const bytes of body.evidence) byteCount += bytes.length + ITEM_OVERHEAD_BYTES;
    for (const bytes of body.transactions) byteCount += bytes.length + ITEM_OVERHEAD_BYTES;
    return (
      body.transactions.length <= this.#genesis.blockTransactionsMax &&
      byteCount <= this.#genesis.blockBytesMax
    );
  }

  #remember(
    block: Block,
    result: ExecutionResult,
    transactions: readonly PreparedTransaction[],
  ): ExecutedBlock {
    const executed = { block, result, transactions, stateWrites: stateWrites(result.layer) };
    this.#tree.add(executed);
    this.#dependencies.executions?.set(executed);
    return executed;
  }
}

/** Whether what is known of some bytes is what a transaction decodes to; they may be those of another message. */
function isPreparation(known: unknown): known is Verdict<PreparedTransaction> {
  if (typeof known !== 'object' || known === null || !('value' in known)) return false;
  return typeof known.value === 'object' && known.value !== null && 'transaction' in known.value;
}
