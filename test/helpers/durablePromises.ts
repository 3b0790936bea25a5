/**
 * What one machine promises by letting something leave: the rows it wrote before. It knows which message promises which
 * row (a verdict a user's transaction, a settlement its outbox row, gossiped evidence its own, the answer to an operator
 * the pause, a question to peers the silence of a lost disk), and says after a crash which promise the disk has broken.
 */
import { equalBytes } from '../../consensus/primitives/bytes.ts';
import { evidenceKey, transactionKey } from '../../node/core/store.ts';
import type { Input, Output, RecoveredRow, Write } from '../../node/core/types.ts';
import { outboxKeyOf } from '../../settlement/chain/submitter.ts';
import { accusedBy, decodeEvidence } from '../../settlement/execution/evidence.ts';
import { decodeTransaction } from '../../settlement/execution/transaction.ts';

/** Kinds of rows that must be safe before something leaves, by how their keys begin. */
export const promisedKinds = ['transaction/', 'outbox/', 'evidence/', 'guard', 'paused'] as const;

type Value = Uint8Array | undefined;

interface Row {
  /** The value that somebody relies on. */
  promised: Value;
  isPromised: boolean;
  /** Written since: a crash may keep any of them, or none. */
  later: Value[];
}

export class DurablePromises {
  readonly #rows = new Map<string, Row>();
  /** The process began on a disk that had been lost. */
  #hasLostDisk = false;

  /** The disk is gone, and with it every promise; its node must say that it is silent before it asks anybody. */
  loseDisk(): void {
    this.#rows.clear();
    this.#hasLostDisk = true;
  }

  /** True from the loss of the disk until the node has ended its silence. */
  get isSilent(): boolean {
    return this.#hasLostDisk;
  }

  written(writes: readonly Write[]): void {
    for (const { key, value } of writes) {
      if (!promisedKinds.some((kind) => key.startsWith(kind))) continue;
      const row = this.#rows.get(key) ?? { promised: undefined, isPromised: false, later: [] };
      row.later.push(value);
      this.#rows.set(key, row);
      if (key === 'guard' && value === undefined) this.#hasLostDisk = false;
    }
  }

  /** An output leaves the process. @returns What it should have written down before, and did not. */
  left(input: Input, output: Output): string | undefined {
    if (output.type === 'persist' || output.type === 'setTimer' || output.type === 'clearTimer')
      return undefined;
    for (const row of this.#rows.values()) {
      const newest = row.later.at(-1);
      if (row.later.length === 0) continue;
      row.promised = newest;
      row.isPromised = true;
      row.later = [];
    }
    for (const [key, row] of this.#rows) if (isOver(key, row)) this.#rows.delete(key);
    return this.#missing(input, output);
  }

  /** After a crash. @returns Every promise that the rows break. */
  broken(rows: readonly RecoveredRow[]): string[] {
    const kept = new Map(rows.map(({ key, value }) => [key, value]));
    const broken: string[] = [];
    for (const [key, { promised, isPromised, later }] of this.#rows) {
      const value = kept.get(key);
      const allowed = isPromised ? [promised, ...later] : [undefined, ...later];
      if (!allowed.some((one) => isEqual(one, value))) broken.push(`the row ${key} is forgotten`);
      this.#rows.set(key, { promised: value, isPromised: true, later: [] });
    }
    return broken;
  }

  #missing(input: Input, output: Output): string | undefined {
    if (output.type === 'verdict') return this.#missingFor(input, output.verdict);
    if (output.type === 'submitSettlement') {
      const key = outboxKeyOf(output.batch, output.attempt);
      return this.#holds(key, output.bytes) ? undefined : `${key} left without its row`;
    }
    if (output.type === 'publish' && output.topic === 'evidence') {
      const decoded = decodeEvidence(output.bytes);
      const key = decoded.ok ? evidenceKey(accusedBy(decoded.value)) : 'evidence/';
      return this.#holds(key, output.bytes) ? undefined : `${key} left without its row`;
    }
    if (output.type === 'request' && this.#hasLostDisk && !this.#rows.has('guard')) {
      return 'peers were asked before the silence was written down';
    }
    return undefined;
  }

  #missingFor(input: Input, verdict: string): string | undefined {
    if (input.type === 'settlementPaused') {
      return (this.#rows.get('paused')?.promised !== undefined) === input.paused
        ? undefined
        : 'a pause was confirmed without its row';
    }
    if (input.type !== 'transactionSubmitted' || !input.gossip || verdict !== 'accept') return undefined;
    const decoded = decodeTransaction(input.bytes);
    const key = decoded.ok ? transactionKey(decoded.value.id) : 'transaction/';
    return this.#holds(key, input.bytes) ? undefined : `${key} was acknowledged without its row`;
  }

  #holds(key: string, bytes: Uint8Array): boolean {
    return isEqual(this.#rows.get(key)?.promised, bytes);
  }
}

/** Nobody relies on a row that was deleted; only an operator who was told that a pause has ended. */
function isOver(key: string, { promised }: Row): boolean {
  return promised === undefined && key !== 'paused';
}

function isEqual(a: Value, b: Value): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
