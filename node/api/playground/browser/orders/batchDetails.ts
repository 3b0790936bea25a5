/** One batch with its orders, a few at a time. */
import { element } from '../element.ts';
import { askNode, type Order, type WholeBatch } from './askNode.ts';
import { failureWords, lookOf, stateWords } from './batchTable.ts';
import { Pager } from './pager.ts';
import { amountWords, countWords, shortWords, timeWords } from './words.ts';

/** Each is asked for by itself. */
const ORDERS_SHOWN = 10;

const columns = ['Place', 'Order', 'To', 'Amount', 'Reference', 'Outcome'] as const;

export class BatchDetails {
  readonly element: HTMLElement;
  readonly batchId: string;
  readonly #heading = element('h3', { tabindex: -1 }, 'Batch');
  readonly #facts = element('dl', { class: 'facts' });
  readonly #body = element('tbody');
  readonly #table: HTMLElement;
  readonly #none = element('p', {});
  readonly #pager: Pager;
  readonly #closed = new AbortController();
  /** What the facts and orders were last drawn from. */
  #drawn = '';
  #orderIds: readonly string[] = [];
  #from = 0;

  constructor(batchId: string, onClose: () => void) {
    this.batchId = batchId;
    const close = element('button', { type: 'button' }, 'Close');
    close.addEventListener('click', onClose);
    this.#pager = new Pager('Pages of orders', 'Previous', 'Next', (isBack) => {
      this.#from += isBack ? -ORDERS_SHOWN : ORDERS_SHOWN;
      void this.#showOrders();
    });
    const head = columns.map((name) =>
      element('th', { scope: 'col', class: ['Place', 'Amount'].includes(name) ? undefined : 'text' }, name),
    );
    this.#table = element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Orders of the batch' },
      element('table', {}, element('thead', {}, element('tr', {}, ...head)), this.#body),
    );
    this.element = element(
      'section',
      { class: 'card batch', 'aria-label': 'Batch that is open' },
      this.#heading,
      this.#facts,
      this.#none,
      this.#table,
      this.#pager.element,
      close,
    );
    this.#table.hidden = true;
    this.#pager.element.hidden = true;
  }

  /** Asks for the batch anew, and draws it where it changed. */
  async refresh(signal: AbortSignal): Promise<void> {
    const answer = await askNode<WholeBatch>(`/auto-batches/${this.batchId}`, signal);
    if (signal.aborted || this.#closed.signal.aborted) return;
    if (!answer.ok) {
      // Told above the table where it is not of this batch alone.
      if (answer.code === 'AUTO_BATCH_UNKNOWN') this.#none.textContent = answer.message;
      return;
    }
    const batch = answer.value;
    const drawn = JSON.stringify(batch);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#showFacts(batch);
    this.#orderIds = batch.orders;
    await this.#showOrders();
  }

  focus(): void {
    this.#heading.focus();
  }

  /** Nothing that is still on its way is shown. */
  close(): void {
    this.#closed.abort();
    this.element.remove();
  }

  #showFacts(batch: WholeBatch): void {
    const { failure, last_height: lastHeight } = batch;
    this.#heading.textContent = `Batch #${countWords(batch.sequence)}`;
    const facts: readonly (readonly [string, string, string?])[] = [
      ['State', stateWords(batch), lookOf(batch)],
      ['Attempts', `${batch.attempts} of ${batch.attempts_max}`],
      ['Orders', countWords(batch.size)],
      ['Executable up to height', lastHeight === 0 ? 'nothing can be any more' : countWords(lastHeight)],
      ['Made', timeWords(batch.created_at)],
      ['Changed', timeWords(batch.updated_at)],
      ...(batch.owner === undefined ? [] : [['Held by the engine', batch.owner] as const]),
      ...(failure === undefined
        ? []
        : [
            [
              'Failure',
              `${failure.kind}: ${failureWords(batch)}${failure.is_final ? ', for good' : ''}`,
            ] as const,
          ]),
    ];
    this.#facts.replaceChildren(
      ...facts.map(([name, value, look]) =>
        element('div', {}, element('dt', {}, name), element('dd', { class: look || undefined }, value)),
      ),
      ...(
        [
          ['Party', batch.party],
          ['Id, also of the atomic batch', batch.id],
        ] as const
      ).map(([name, value]) =>
        element(
          'div',
          { class: 'whole' },
          element('dt', {}, name),
          element('dd', {}, element('code', {}, value)),
        ),
      ),
    );
  }

  async #showOrders(): Promise<void> {
    const ids = this.#orderIds;
    this.#table.hidden = ids.length === 0;
    this.#pager.element.hidden = ids.length <= ORDERS_SHOWN;
    this.#none.textContent =
      ids.length === 0 ? 'It holds no orders any more: they are queued again, or in another batch.' : '';
    const from = this.#from;
    const shown = ids.slice(from, from + ORDERS_SHOWN);
    const { signal } = this.#closed;
    const answers = await Promise.all(shown.map((id) => askNode<Order>(`/orders/${id}`, signal)));
    // Another page was asked for meanwhile, or the batch has changed.
    if (signal.aborted || from !== this.#from || ids !== this.#orderIds) return;
    const rows = answers.map((answer, index) => {
      const [place, id] = [from + index, shown[index] ?? ''];
      return answer.ok ? drawOrder(place, answer.value) : drawMissing(place, id, answer.code);
    });
    this.#body.replaceChildren(...rows);
    const words = `${from + 1} to ${from + shown.length} of ${countWords(ids.length)}`;
    this.#pager.show(from > 0, from + ORDERS_SHOWN < ids.length, words);
  }
}

const outcomes = {
  pending: ['pending', ''],
  confirmed: ['paid', 'ok'],
  failed: ['failed', 'failed'],
} as const;

function drawOrder(place: number, { id, to, amount, asset, reference, outcome }: Order): HTMLTableRowElement {
  const [words, look] = outcomes[outcome];
  return element(
    'tr',
    {},
    element('td', {}, String(place)),
    element('th', { scope: 'row', class: 'text' }, element('code', {}, shortWords(id))),
    element('td', { class: 'text' }, element('code', {}, shortWords(to))),
    element('td', {}, `${amountWords(amount)} ${asset}`),
    element('td', { class: 'text' }, reference),
    element('td', { class: `text ${look}` }, words),
  );
}

function drawMissing(place: number, id: string, code: string): HTMLTableRowElement {
  return element(
    'tr',
    {},
    element('td', {}, String(place)),
    element('th', { scope: 'row', class: 'text' }, element('code', {}, shortWords(id))),
    element('td', { class: 'text failed', colspan: columns.length - 2 }, code),
  );
}
