/**
 * "Orders and batches": both state machines with what is in each state, figures, and the newest batches with their orders.
 * A part by itself: whatever page it is put into needs `orderStyles` and the node's address as its own. It asks again every
 * two seconds while somebody can see it, and says what is wrong when the engine is off, elsewhere or without its database.
 */
import { choice, element, field } from '../element.ts';
import {
  type Answer,
  askNode,
  type BatchPage,
  batchStatuses,
  type Stats,
  type Whereabouts,
} from './askNode.ts';
import { BatchDetails } from './batchDetails.ts';
import { BatchTable } from './batchTable.ts';
import { Pager } from './pager.ts';
import { StateDiagram } from './stateDiagram.ts';
import { ageWords, countWords, timeWords } from './words.ts';

/** Between two looks, in ms: about a block. */
const LOOK_MS = 2000;
/** When there was nothing to see, in ms. */
const LOOK_AGAIN_MS = 5000;
const BATCHES_SHOWN = 10;

type Refused = Exclude<Answer<unknown>, { readonly ok: true }>;

export class OrderSection {
  readonly element: HTMLElement;
  readonly #notice = element('div', { role: 'status' });
  readonly #diagrams = [StateDiagram.ofBatches(), StateDiagram.ofOrders()] as const;
  readonly #tiles = element('dl', { class: 'tiles' });
  readonly #content: HTMLElement;
  readonly #status = choice('orders-status', [
    ['', 'any'],
    ...batchStatuses.map((status) => [status, status] as const),
  ]);
  readonly #pause = element('button', { type: 'button' }, 'Pause');
  readonly #asOf = element('p', { class: 'note' });
  readonly #table = new BatchTable((batchId) => void this.#toggle(batchId));
  readonly #none = element('p', {}, 'There are no such batches.');
  readonly #pager: Pager;
  readonly #open = element('div');
  #details: BatchDetails | undefined;
  /** `before` of each page on the way to this one. */
  #befores: number[] = [];
  #nextBefore: number | null = null;
  #isPaused = false;
  /** Whether the node runs the engine, as far as is known: it may be started anew with another configuration. */
  #isHere = false;
  #round = new AbortController();
  #timer: number | undefined;

  constructor() {
    this.#pager = new Pager('Pages of batches', 'Newer', 'Older', (isBack) => {
      if (isBack) this.#befores.pop();
      else if (this.#nextBefore !== null) this.#befores.push(this.#nextBefore);
      void this.#refresh();
    });
    this.#status.addEventListener('change', () => {
      this.#befores = [];
      void this.#refresh();
    });
    this.#pause.addEventListener('click', () => {
      this.#isPaused = !this.#isPaused;
      this.#pause.textContent = this.#isPaused ? 'Go on' : 'Pause';
      void this.#refresh();
    });
    this.#content = element(
      'div',
      {},
      ...[heading('orders-now', 'Right now'), this.#tiles],
      element('div', { class: 'machines' }, ...this.#diagrams.map((diagram) => diagram.element)),
      heading('orders-batches', 'Batches'),
      element('div', { class: 'bar' }, field('State', this.#status), this.#pause, this.#asOf),
      ...[this.#table.element, this.#none, this.#pager.element, this.#open],
    );
    this.#content.hidden = true;
    this.element = element(
      'section',
      { class: 'orders', 'aria-label': 'Orders and batches' },
      this.#notice,
      this.#content,
    );
  }

  /** From here on it asks the node. */
  start(): void {
    document.addEventListener('visibilitychange', this.#onVisibility);
    void this.#refresh();
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#round.abort();
    window.clearTimeout(this.#timer);
  }

  readonly #onVisibility = (): void => {
    if (document.hidden) window.clearTimeout(this.#timer);
    else void this.#refresh();
  };

  async #refresh(): Promise<void> {
    this.#round.abort();
    window.clearTimeout(this.#timer);
    this.#round = new AbortController();
    const { signal } = this.#round;
    const isGood = await this.#look(signal);
    // Somebody wanted something else meanwhile, and that look goes on from here.
    if (signal.aborted || document.hidden || (isGood && this.#isPaused)) return;
    this.#timer = window.setTimeout(() => void this.#refresh(), isGood ? LOOK_MS : LOOK_AGAIN_MS);
  }

  /** @returns False: there was nothing to show. */
  async #look(signal: AbortSignal): Promise<boolean> {
    const query = new URLSearchParams({ limit: String(BATCHES_SHOWN) });
    if (this.#status.value !== '') query.set('status', this.#status.value);
    const before = this.#befores.at(-1);
    if (before !== undefined) query.set('before', String(before));
    if (!this.#isHere) {
      // What would be refused is not asked for: browsers tell of every refusal on their console.
      const status = await askNode<{ readonly auto_batch: Whereabouts }>('/status', signal);
      if (signal.aborted) return false;
      if (!status.ok) return this.#tell(refusalWords(status));
      const { auto_batch: engine } = status.value;
      if (engine?.is_here !== true) return this.#tell(whereaboutsWords(engine));
      this.#isHere = true;
    }
    const stats = await askNode<Stats>('/auto-batch-stats', signal);
    if (signal.aborted) return false;
    if (!stats.ok) return this.#tell(refusalWords(stats));
    const page = await askNode<BatchPage>(`/auto-batches?${query}`, signal);
    if (signal.aborted) return false;
    if (!page.ok) return this.#tell(refusalWords(page));
    this.#notice.replaceChildren();
    this.#content.hidden = false;
    this.#showStats(stats.value);
    this.#showPage(page.value);
    this.#asOf.textContent = `As of ${timeWords(new Date())}${this.#isPaused ? ', paused' : ''}.`;
    await this.#details?.refresh(signal);
    return true;
  }

  #showStats(stats: Stats): void {
    for (const diagram of this.#diagrams) diagram.show(stats);
    const { active, submissions, confirmed_orders: confirmed } = stats;
    const share = confirmed === 0 ? 0 : Math.round((100 * stats.submissions_saved) / confirmed);
    const oldest = stats.oldest_order_age_ms;
    const tiles: readonly (readonly [string, string, string])[] = [
      ['Queued', countWords(stats.queued), 'orders'],
      ['Oldest order', oldest === undefined ? 'none' : ageWords(oldest), 'without an outcome'],
      ['Active', countWords(Object.values(active).reduce((sum, count) => sum + count, 0)), 'batches'],
      ['Paid', countWords(confirmed), 'orders'],
      ['Submissions', countWords(submissions), 'attempts begun'],
      ['Saved', countWords(stats.submissions_saved), `submissions, ${share}\u00a0% fewer`],
    ];
    this.#tiles.replaceChildren(
      ...tiles.map(([name, value, unit]) =>
        element('div', {}, element('dt', {}, name), element('dd', {}, value, element('small', {}, unit))),
      ),
    );
  }

  #showPage({ batches, next_before: nextBefore }: BatchPage): void {
    this.#nextBefore = nextBefore;
    this.#table.show(batches);
    this.#table.element.hidden = batches.length === 0;
    this.#none.hidden = batches.length > 0;
    const page = this.#befores.length + 1;
    this.#pager.show(page > 1, nextBefore !== null, `page ${page}`);
  }

  async #toggle(batchId: string): Promise<void> {
    const wasOpen = this.#details?.batchId === batchId;
    this.#details?.close();
    this.#details = wasOpen ? undefined : new BatchDetails(batchId, () => this.#close());
    this.#table.markOpen(this.#details?.batchId);
    if (this.#details === undefined) return;
    const details = this.#details;
    this.#open.append(details.element);
    await details.refresh(this.#round.signal);
    details.focus();
  }

  #close(): void {
    const batchId = this.#details?.batchId;
    this.#details?.close();
    this.#details = undefined;
    this.#table.markOpen(undefined);
    if (batchId !== undefined && !this.#table.focus(batchId)) this.#status.focus();
  }

  /** Says once what is wrong, and what to do; what was seen before stays while it is looked at again. */
  #tell({ words, isTrouble }: Told): false {
    this.#isHere = false;
    if (!isTrouble) this.#content.hidden = true;
    const card = element('div', { class: isTrouble ? 'card bad' : 'card' }, ...words);
    if (card.textContent !== this.#notice.textContent) this.#notice.replaceChildren(card);
    return false;
  }
}

function heading(id: string, text: string): HTMLElement {
  return element('h2', { id }, text);
}

interface Told {
  readonly words: readonly Node[];
  /** It is asked again, and may pass. Else it is as somebody wanted it. */
  readonly isTrouble: boolean;
}

function refusalWords({ code, message }: Refused): Told {
  const words =
    code === 'UNREACHABLE'
      ? [element('p', {}, 'The node does not answer; it is asked again.')]
      : [element('p', {}, message), element('p', {}, codeOf(code), ': it is asked again.')];
  return { words, isTrouble: true };
}

function whereaboutsWords(engine: Whereabouts): Told {
  if (engine === null) {
    const words = [
      element('p', {}, element('strong', {}, 'Auto-batch is off.')),
      element(
        'p',
        {},
        ...['To turn it on, start the node with ', codeOf('AUTO_BATCH_SWITCH=true'), ', or set '],
        ...[codeOf('auto_batch.enabled'), ' to ', codeOf('true'), ' in ', codeOf('config.yaml')],
        ...[
          '. Until then each order that comes to ',
          codeOf('POST /orders'),
          ' is a transaction of its own.',
        ],
      ),
    ];
    return { words, isTrouble: false };
  }
  const { node = 'another node', url = '' } = engine;
  const there = /^https?:/.test(url)
    ? element('a', { href: `${url.replace(/\/$/, '')}/auto-batches/live` }, `the page of ${node}`)
    : undefined;
  const words = [
    element('p', {}, element('strong', {}, `Orders are in the memory of ${node}.`)),
    element('p', {}, ...(there === undefined ? [`Ask ${node}.`] : ['See ', there, ' at ', codeOf(url), '.'])),
  ];
  return { words, isTrouble: false };
}

function codeOf(text: string): HTMLElement {
  return element('code', {}, text);
}
