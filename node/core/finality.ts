/**
 * What a final block causes: it is executed as soon as that is possible, made durable with everything it brings about
 * in one synced write batch, and acted on.
 */
import type { Block } from '../../consensus/block.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Height } from '../../consensus/primitives/flavor.ts';
import type { Simplex } from '../../consensus/simplex/simplex.ts';
import type { Certificate } from '../../consensus/vote.ts';
import type { Archive } from './archive.ts';
import type { AtomicOutbox } from './atomicOutbox.ts';
import type { BlockTree, ExecutedBlock } from './blockTree.ts';
import type { EvidencePool } from './evidencePool.ts';
import type { Executor } from './executor.ts';
import type { History } from './history.ts';
import type { EndedTransaction, Mempool } from './mempool.ts';
import type { FinalityObserver } from './ports.ts';
import type { SettlementFollower } from './settlementFollower.ts';
import type { Settler } from './settler.ts';
import type { Silence } from './silence.ts';
import { guardWrite, HeadWrite, type StoredBlock, transactionKey } from './store.ts';
import type { Output, PeerId, Write } from './types.ts';
import type { ViewRows } from './viewRows.ts';

export interface FinalityDependencies {
  readonly tree: BlockTree;
  readonly simplex: Simplex;
  readonly executor: Executor;
  readonly settler: Settler;
  readonly follower: SettlementFollower;
  readonly mempool: Mempool;
  readonly evidence: EvidencePool;
  readonly history: History;
  readonly viewRows: ViewRows;
  readonly silence: Silence;
  readonly atomicOutbox: AtomicOutbox;
  readonly archive: Archive | undefined;
  readonly observer: FinalityObserver | undefined;
  readonly output: (output: Output) => void;
}

/**
 * Final blocks that wait for the settlement chain, and their bytes, beyond which a node takes no more: half an hour of
 * them. The rest comes from its peers when it has caught up. One call may bring as many as a chain of open views holds
 * on top.
 */
export const UNCOMMITTED_BLOCKS_MAX = 1024;
export const UNCOMMITTED_BYTES_MAX = 64 * 1024 * 1024;

export class Finality {
  readonly #self: PeerId;
  readonly #dependencies: FinalityDependencies;
  /** Final by certificate, not yet executed: a settlement block they name is not known here yet. */
  readonly #uncommitted: StoredBlock[] = [];
  #uncommittedBytes = 0;

  constructor(options: { readonly self: PeerId }, dependencies: FinalityDependencies) {
    this.#self = options.self;
    this.#dependencies = dependencies;
  }

  /** True while no more final blocks can be taken. */
  get isFull(): boolean {
    return (
      this.#uncommitted.length >= UNCOMMITTED_BLOCKS_MAX || this.#uncommittedBytes >= UNCOMMITTED_BYTES_MAX
    );
  }

  /** Ascending blocks that became final by a certificate for the last one. */
  add(blocks: readonly Block[], certificate: Certificate): void {
    for (const block of blocks) {
      const isLast = block.hash === certificate.blockHash;
      this.#uncommitted.push({ block, certificate: isLast ? certificate : undefined });
      this.#uncommittedBytes += block.bytes.length;
    }
    this.commitPending();
  }

  /** Commits what was waiting; call when another settlement block is known. */
  commitPending(): void {
    const { tree, executor } = this.#dependencies;
    while (this.#uncommitted.length > 0) {
      const stored = this.#uncommitted[0];
      if (stored === undefined) return;
      const executed = executor.execute(stored.block, tree.finalized);
      if (!executed.ok) {
        assert(executed.code === 'SETTLEMENT_UNKNOWN', `a final block is invalid: ${executed.message}`);
        return;
      }
      this.#uncommitted.shift();
      this.#uncommittedBytes -= stored.block.bytes.length;
      this.#commit(stored, executed.value);
    }
  }

  #commit(stored: StoredBlock, executed: ExecutedBlock): void {
    const { tree, settler, simplex, silence, history, viewRows, output } = this.#dependencies;
    const { mempool, follower, evidence, observer, archive, atomicOutbox } = this.#dependencies;
    const { block, result, stateWrites } = executed;
    const { header } = block;
    tree.finalize(block.hash);
    const writes: Write[] = [...stateWrites, new HeadWrite(block, result.stateRoot)];
    // A certificate may be for a later block than this one: a crash right after this write must not forget the guard.
    if (!simplex.isGuarded && silence.endsIn(header.view)) {
      silence.end();
      writes.push(guardWrite(undefined));
    }
    const executedInputs = result.inputFacts.map(({ transactionId }) => transactionId);
    const ended = [
      ...mempool.settle(executed.transactions, header.height),
      ...mempool.settleInputs(executedInputs, header.timestampMs),
    ];
    for (const { id } of ended) writes.push({ key: transactionKey(id), value: undefined });
    if (archive !== undefined) this.#archive(archive, executed, ended, writes);
    writes.push(...history.add(stored, result.facts));
    viewRows.prune(header.view, writes);
    writes.push(...settler.endedBy(result.facts));
    for (const fact of result.facts) {
      const row = fact.type === 'tombstoned' ? evidence.drop(fact.validator) : undefined;
      if (row !== undefined) writes.push(row);
    }
    writes.push(...atomicOutbox.writesOf(block, result.atomicFacts));
    output({ type: 'persist', writes, sync: true });
    follower.finalized(header.origin);
    output({
      type: 'emit',
      event: {
        type: 'block_finalized',
        height: header.height,
        view: header.view,
        hash: block.hash,
        timestampMs: header.timestampMs,
        leader: header.leader,
        stateRoot: result.stateRoot,
        originHeight: header.origin.height,
        facts: result.facts,
        atomicFacts: result.atomicFacts,
        crossChainFacts: result.crossChainFacts,
        postedFacts: result.postedFacts,
        transactions: result.receipts,
      },
    });
    observer?.finalized(this.#self, block, result, stored.certificate);
    atomicOutbox.publish();
    settler.onFinalized(result.facts);
  }

  /** Before history lets go of blocks that the archive still looks at. */
  #archive(
    archive: Archive,
    { block: { header }, result: { receipts, facts, inputFacts } }: ExecutedBlock,
    ended: readonly EndedTransaction[],
    writes: Write[],
  ): void {
    const { height, timestampMs } = header;
    const { history } = this.#dependencies;
    const timestampAt = (at: Height) =>
      at === height ? timestampMs : history.get(at)?.block.header.timestampMs;
    writes.push(...archive.add({ height, timestampMs, receipts, inputFacts, ended, facts, timestampAt }));
  }
}
