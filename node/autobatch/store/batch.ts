/** Batches as the database keeps them. */
import type { Address, Hash, Height } from '../../../consensus/primitives/flavor.ts';

/** In the order in which a batch goes through them; `Failed` is retried, or has an ending. */
export const batchStatuses = ['Prepared', 'Submitted', 'Accepted', 'Confirmed', 'Failed'] as const;
export type BatchStatus = (typeof batchStatuses)[number];

/** How a failed batch ended: orders back in the queue; its one order failed for good, or all whose last height passed; that one was paid before. */
export type BatchEnding = 'released' | 'rejected' | 'paid_before';

/** The ledger said no; let the last height pass; or gave no answer, so that nobody knows. */
export type FailureKind = 'rejected' | 'expired' | 'unreachable';

export interface BatchFailure {
  readonly kind: FailureKind;
  readonly code: string;
  /** Position of the order at fault, from 0; undefined: unknown. */
  readonly failedAt: number | undefined;
  /** No further submission can change it. */
  readonly isFinal: boolean;
}

export interface Batch {
  /** Names the command on the ledger too, the same for every attempt. */
  readonly batchId: Hash;
  /** Rises from batch to batch. */
  readonly sequence: number;
  readonly party: Address;
  readonly status: BatchStatus;
  readonly size: number;
  /** Submissions begun. */
  readonly attempts: number;
  readonly attemptsMax: number;
  /** Up to this height something that was submitted may still be executed; 0: nothing can. */
  readonly lastHeight: Height;
  readonly failure: BatchFailure | undefined;
  readonly ending: BatchEnding | undefined;
  /** The engine that holds it. */
  readonly owner: string | undefined;
  /** Rises with every change: whoever changes a batch names the version he saw. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Columns in one spelling for both kinds of database. */
export const batchColumns = `b.batch_id, b.sequence::float8 AS sequence, b.party, b.status::text AS status, b.size, b.attempts,
  b.attempts_max, b.last_height::float8 AS last_height, b.failure_kind, b.failure_code, b.failed_at, b.is_final,
  b.ending::text AS ending, b.owner, b.version::float8 AS version, to_ms(b.created_at) AS created_at_ms, to_ms(b.updated_at) AS updated_at_ms`;

export interface BatchRow {
  readonly batch_id: string;
  readonly sequence: number;
  readonly party: string;
  readonly status: BatchStatus;
  readonly size: number;
  readonly attempts: number;
  readonly attempts_max: number;
  readonly last_height: number;
  readonly failure_kind: FailureKind | null;
  readonly failure_code: string | null;
  readonly failed_at: number | null;
  readonly is_final: boolean;
  readonly ending: BatchEnding | null;
  readonly owner: string | null;
  readonly version: number;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export function readBatch(row: BatchRow): Batch {
  return {
    batchId: row.batch_id,
    sequence: row.sequence,
    party: row.party,
    status: row.status,
    size: row.size,
    attempts: row.attempts,
    attemptsMax: row.attempts_max,
    lastHeight: row.last_height,
    failure: readFailure(row),
    ending: row.ending ?? undefined,
    owner: row.owner ?? undefined,
    version: row.version,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}

function readFailure(row: BatchRow): BatchFailure | undefined {
  const { failure_kind: kind, failure_code: code, failed_at: failedAt, is_final: isFinal } = row;
  return kind === null || code === null
    ? undefined
    : { kind, code, failedAt: failedAt ?? undefined, isFinal };
}
