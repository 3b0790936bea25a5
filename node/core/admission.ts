/**
 * Lets transactions into the mempool, whoever brings them. What a user handed to this node is written down and synced
 * before the user is told, comes back into the mempool after a crash, and goes when it is final or impossible.
 */
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import { accepted, ignore, type MessageJudgement, reject } from '../../consensus/simplex/judgement.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { accountOf } from '../../settlement/ledger/accounts.ts';
import { judgeBatch } from './batchDoor.ts';
import type { BlockTree } from './blockTree.ts';
import type { Executor } from './executor.ts';
import {
  findInputProblem,
  type InputProblem,
  type InputTerms,
  inputTermsOf,
  isInputExecuted,
} from './inputTerms.ts';
import type { Mempool } from './mempool.ts';
import { transactionKey } from './store.ts';
import type { Output, RecoveredRow, Write } from './types.ts';

export interface AdmissionDependencies {
  readonly tree: BlockTree;
  readonly executor: Executor;
  readonly mempool: Mempool;
  readonly output: (output: Output) => void;
}

export class Admission {
  readonly #genesis: Genesis;
  readonly #dependencies: AdmissionDependencies;

  constructor(genesis: Genesis, dependencies: AdmissionDependencies) {
    this.#genesis = genesis;
    this.#dependencies = dependencies;
  }

  /**
   * Judges a transaction and lets it wait for a block; nothing is written down.
   * @param nowMs - How far ahead an input lies is held against it; undefined: it was let in before, by whatever clock.
   */
  admit(bytes: Uint8Array, nowMs: TimeMs | undefined): MessageJudgement {
    const { executor, tree, mempool } = this.#dependencies;
    const prepared = executor.prepare(bytes);
    if (!prepared.ok) return reject(prepared.code);
    if (mempool.get(prepared.value.id) !== undefined) return ignore('MEMPOOL_DUPLICATE');
    const terms = inputTermsOf(prepared.value.transaction, this.#genesis);
    // Nothing to blame a peer for: it may be a block behind, or have another clock.
    const problem = terms === undefined ? undefined : this.#findInputProblem(terms, nowMs);
    if (problem !== undefined) return ignore(problem);
    const verified = executor.verify(prepared.value);
    if (!verified.ok) return reject(verified.code);
    if (terms !== undefined) {
      const kept = mempool.addInput(prepared.value, terms);
      return kept.ok ? accepted : ignore(kept.code);
    }
    const account = accountOf(tree.finalizedState(), this.#genesis.ledger, prepared.value.transaction.from);
    const added = mempool.add(prepared.value, tree.finalized.header, account);
    return added.ok ? accepted : ignore(added.code);
  }

  #findInputProblem(terms: InputTerms, nowMs: TimeMs | undefined): InputProblem | undefined {
    const { tree } = this.#dependencies;
    const { timestampMs } = tree.finalized.header;
    return findInputProblem(terms, { state: tree.finalizedState(), timestampMs }, nowMs);
  }

  /**
   * Takes what a user handed to this node: its row first, then the verdict the user waits for, then the peers.
   * One that came by gossip before is `MEMPOOL_DUPLICATE`, and from now on as safe as any other of a user; so is an atomic
   * batch that another transaction carries already.
   */
  submit(bytes: Uint8Array, nowMs: TimeMs): void {
    const { executor, output, tree } = this.#dependencies;
    const prepared = executor.prepare(bytes);
    const terms = prepared.ok ? inputTermsOf(prepared.value.transaction, this.#genesis) : undefined;
    if (terms !== undefined && isInputExecuted(tree.finalizedState(), terms.requestId)) {
      // Before its batch is judged, which is known by then as well.
      output(ignore('INPUT_ALREADY_EXECUTED'));
      return;
    }
    const known = prepared.ok
      ? judgeBatch(this.#dependencies, this.#genesis.atomic, prepared.value)
      : undefined;
    if (known?.type === 'refused') output(ignore(known.code));
    else if (known?.type === 'known') this.#take(known.carrier.bytes, nowMs, true);
    else this.#take(bytes, nowMs, false);
  }

  /** @param isCopy - The user sent another transaction with the same batch: that one is told of as waiting already. */
  #take(bytes: Uint8Array, nowMs: TimeMs, isCopy: boolean): void {
    const { executor, mempool, output } = this.#dependencies;
    const judgement = this.admit(bytes, nowMs);
    const prepared = executor.prepare(bytes);
    if (prepared.ok && mempool.keep(prepared.value.id)) {
      // What waits was verified; the bytes at hand may carry another signature under the same id.
      const waiting = mempool.get(prepared.value.id) ?? prepared.value;
      const row = { key: transactionKey(waiting.id), value: waiting.bytes };
      output({ type: 'persist', writes: [row], sync: true });
    }
    const isAccepted = judgement.verdict === 'accept';
    output(isCopy && isAccepted ? ignore('MEMPOOL_DUPLICATE') : judgement);
    if (isAccepted) output({ type: 'publish', topic: 'transactions', bytes });
  }

  /**
   * Puts the transactions of an earlier life of this node back into the mempool. They are not gossiped again: no peer
   * may be connected yet, and this node leads a view soon enough.
   * @throws {CodedError} `STORE_CORRUPT`: a row holds no transaction that this node could have accepted.
   */
  recover(rows: readonly RecoveredRow[]): void {
    const { executor, mempool, output } = this.#dependencies;
    const ended: Write[] = [];
    for (const { key, value } of rows) {
      const judgement = this.admit(value, undefined);
      const prepared = executor.prepare(value);
      if (judgement.verdict === 'reject' || !prepared.ok || key !== transactionKey(prepared.value.id)) {
        const reason = judgement.code ?? 'it is the row of another transaction';
        throw new CodedError('STORE_CORRUPT', `the stored row ${key} cannot be used: ${reason}`, {
          key,
          reason,
        });
      }
      if (!mempool.keep(prepared.value.id)) ended.push({ key, value: undefined });
    }
    if (ended.length > 0) output({ type: 'persist', writes: ended, sync: false });
  }
}
