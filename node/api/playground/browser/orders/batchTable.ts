/** The table of batches. Its rows stay where they are as figures change, so that whoever is in one with a keyboard stays there. */
import { element } from '../element.ts';
import type { Batch } from './askNode.ts';
import { countWords, shortWords, timeWords } from './words.ts';

const columns = ['Batch', 'State', 'Orders', 'Attempts', 'What happened', 'Party', 'Changed'] as const;
/** Of words, which stand to the left. */
const worded: readonly string[] = ['State', 'What happened', 'Party'];

export class BatchTable {
  readonly element: HTMLElement;
  readonly #body = element('tbody');
  readonly #rows = new Map<string, BatchRow>();
  readonly #onOpen: (batchId: string) => void;
  #openId: string | undefined;

  /** @param onOpen - Somebody wants to see a batch, or no longer. */
  constructor(onOpen: (batchId: string) => void) {
    this.#onOpen = onOpen;
    const head = columns.map((name) =>
      element('th', { scope: 'col', class: worded.includes(name) ? 'text' : undefined }, name),
    );
    this.element = element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Batches, newest first' },
      element('table', {}, element('thead', {}, element('tr', {}, ...head)), this.#body),
    );
  }

  /** @param batches - Newest first. */
  show(batches: readonly Batch[]): void {
    const ids = new Set(batches.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const [index, batch] of batches.entries()) {
      const row = this.#rows.get(batch.id) ?? this.#addRow(batch);
      row.show(batch);
      // Those that were there keep their order, so none of them is ever moved.
      const there = this.#body.children[index];
      if (there !== row.element) this.#body.insertBefore(row.element, there ?? null);
    }
  }

  /** Marks the batch whose orders are shown. */
  markOpen(batchId: string | undefined): void {
    for (const id of [this.#openId, batchId]) {
      if (id !== undefined) this.#rows.get(id)?.markOpen(id === batchId);
    }
    this.#openId = batchId;
  }

  /** @returns False: the batch is on another page by now. */
  focus(batchId: string): boolean {
    const row = this.#rows.get(batchId);
    row?.focus();
    return row !== undefined;
  }

  #addRow(batch: Batch): BatchRow {
    const row = new BatchRow(batch, () => this.#onOpen(batch.id));
    row.markOpen(batch.id === this.#openId);
    this.#rows.set(batch.id, row);
    return row;
  }
}

class BatchRow {
  readonly element: HTMLTableRowElement;
  readonly #button: HTMLButtonElement;
  readonly #state = element('td', { class: 'text' });
  readonly #attempts = element('td');
  readonly #happened = element('td', { class: 'text' });
  readonly #changed = element('td');

  constructor({ sequence, size, party }: Batch, onOpen: () => void) {
    this.#button = element(
      'button',
      { type: 'button', class: 'open', 'aria-label': `Orders of batch ${sequence}` },
      `#${countWords(sequence)}`,
    );
    this.#button.addEventListener('click', onOpen);
    this.element = element(
      'tr',
      {},
      element('th', { scope: 'row' }, this.#button),
      this.#state,
      element('td', {}, countWords(size)),
      this.#attempts,
      this.#happened,
      element('td', { class: 'text' }, element('code', {}, shortWords(party))),
      this.#changed,
    );
  }

  show(batch: Batch): void {
    const { status, attempts, attempts_max: attemptsMax, updated_at: updatedAt } = batch;
    this.#state.textContent = stateWords(batch);
    this.#state.className = `text ${lookOf(batch)}`;
    this.#attempts.textContent = `${attempts} of ${attemptsMax}`;
    this.#happened.textContent = status === 'Failed' ? failureWords(batch) : '';
    this.#changed.textContent = timeWords(updatedAt);
  }

  markOpen(isOpen: boolean): void {
    this.#button.setAttribute('aria-expanded', String(isOpen));
    this.element.className = isOpen ? 'marked' : '';
  }

  focus(): void {
    this.#button.focus();
  }
}

const endings = {
  released: 'orders queued again',
  rejected: 'its order is rejected',
  paid_before: 'its order was paid before',
} as const;

export function stateWords({ status, ending }: Batch): string {
  return ending === undefined ? status : `${status}: ${endings[ending]}`;
}

/** Why it failed: the code, and where the ledger named it the order at fault. */
export function failureWords({ failure }: Batch): string {
  if (failure === undefined) return '';
  const { code, failed_at: failedAt } = failure;
  return failedAt === undefined ? code : `${code} at place ${failedAt}`;
}

export function lookOf({ status, ending }: Batch): '' | 'ok' | 'failed' {
  if (status === 'Confirmed' || ending === 'paid_before') return 'ok';
  return status === 'Failed' ? 'failed' : '';
}
