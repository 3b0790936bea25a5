/** What the section asks of the node that the page came from, and what that answers (docs/api.md). */

export const batchStatuses = ['Prepared', 'Submitted', 'Accepted', 'Confirmed', 'Failed'] as const;
export type BatchStatus = (typeof batchStatuses)[number];

/** What `GET /status` says of the engine; null: off. */
export type Whereabouts = { readonly is_here: boolean; readonly node?: string; readonly url?: string } | null;

export interface Stats {
  readonly queued: number;
  readonly active: Readonly<Record<Exclude<BatchStatus, 'Confirmed'>, number>>;
  readonly active_orders: number;
  readonly submissions: number;
  readonly confirmed_orders: number;
  readonly rejected_orders: number;
  readonly submissions_saved: number;
  readonly oldest_order_age_ms?: number;
}

export interface Batch {
  readonly id: string;
  readonly sequence: number;
  readonly party: string;
  readonly status: BatchStatus;
  readonly size: number;
  readonly attempts: number;
  readonly attempts_max: number;
  readonly last_height: number;
  readonly failure?: {
    readonly kind: string;
    readonly code: string;
    readonly failed_at?: number;
    readonly is_final: boolean;
  };
  readonly ending?: 'released' | 'rejected' | 'paid_before';
  readonly owner?: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** One that was asked for by its id. */
export interface WholeBatch extends Batch {
  readonly orders: readonly string[];
}

export interface BatchPage {
  readonly batches: readonly Batch[];
  readonly next_before: number | null;
}

export interface Order {
  readonly id: string;
  readonly to: string;
  readonly asset: string;
  readonly amount: string;
  readonly reference: string;
  readonly outcome: 'pending' | 'confirmed' | 'failed';
}

export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false;
      /** `UNREACHABLE`: there was no answer, or none of the node. */
      readonly code: string;
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

/** Never throws. @param signal - Aborted: the answer is of no interest any more. */
export async function askNode<Value>(path: string, signal: AbortSignal): Promise<Answer<Value>> {
  try {
    const response = await fetch(path, { signal, cache: 'no-store' });
    const body = (await response.json()) as { readonly error?: Refusal };
    if (response.ok) return { ok: true, value: body as Value };
    const { code = 'UNREACHABLE', message = `status ${response.status}`, details = {} } = body.error ?? {};
    return { ok: false, code, message, details };
  } catch (error) {
    return { ok: false, code: 'UNREACHABLE', message: String(error), details: {} };
  }
}

interface Refusal {
  readonly code?: string;
  readonly message?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}
