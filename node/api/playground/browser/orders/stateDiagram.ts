/** The two state machines as drawings, with how many are in each state right now. */
import { element, shape } from '../element.ts';
import type { Stats } from './askNode.ts';
import { countWords, plural } from './words.ts';

type Point = readonly [x: number, y: number];

interface State {
  readonly name: string;
  /** Of its upper left corner. */
  readonly at: Point;
  readonly noun: 'batch' | 'order';
  readonly read: (stats: Stats) => number;
  /** Follows the number instead of the noun. */
  readonly words?: string;
  /** `end`: nothing follows. `trouble`: worth a look while anything is there. */
  readonly kind?: 'end' | 'trouble';
}

interface Machine {
  readonly title: string;
  readonly caption: string;
  readonly states: readonly State[];
  readonly edges: readonly (readonly Point[])[];
  /** Names of edges. */
  readonly names: readonly (readonly [name: string, at: Point, anchor: 'start' | 'middle' | 'end'])[];
}

/** In units of the drawing, which fits a telephone without its texts becoming small. */
const [WIDTH, HEIGHT] = [372, 340];
const [STATE_WIDTH, STATE_HEIGHT] = [136, 52];
const HEAD = 7;

const ofBatches: Machine = {
  title: 'Batches',
  caption: 'A failed batch is submitted again until its attempts are spent; then it ends.',
  states: [
    { name: 'Prepared', at: [28, 6], noun: 'batch', read: ({ active }) => active.Prepared },
    { name: 'Submitted', at: [28, 98], noun: 'batch', read: ({ active }) => active.Submitted },
    { name: 'Accepted', at: [28, 190], noun: 'batch', read: ({ active }) => active.Accepted },
    {
      ...{ name: 'Confirmed', at: [28, 282], noun: 'order', words: 'paid', kind: 'end' },
      read: ({ confirmed_orders: orders }) => orders,
    },
    {
      ...{ name: 'Failed', at: [232, 98], noun: 'batch', kind: 'trouble' },
      read: ({ active }) => active.Failed,
    },
    {
      ...{ name: 'Ended', at: [232, 282], noun: 'order', words: 'rejected', kind: 'end' },
      read: ({ rejected_orders: orders }) => orders,
    },
  ],
  edges: [
    // Prepared to Submitted, Accepted, Confirmed; then past Accepted.
    [
      [96, 58],
      [96, 98],
    ],
    [
      [96, 150],
      [96, 190],
    ],
    [
      [96, 242],
      [96, 282],
    ],
    [
      [28, 124],
      [10, 124],
      [10, 308],
      [28, 308],
    ],
    // To Failed, back, and on to the end.
    [
      [164, 32],
      [300, 32],
      [300, 98],
    ],
    [
      [164, 112],
      [232, 112],
    ],
    [
      [232, 136],
      [164, 136],
    ],
    [
      [164, 216],
      [266, 216],
      [266, 150],
    ],
    [
      [334, 150],
      [334, 282],
    ],
  ],
  names: [
    ['again', [198, 152], 'middle'],
    ['spent', [326, 240], 'end'],
  ],
};

const ofOrders: Machine = {
  title: 'Orders',
  caption: 'An order whose batch ended as failed is queued again, in smaller company, and at last alone.',
  states: [
    { name: 'Queued', at: [118, 6], noun: 'order', read: ({ queued }) => queued },
    {
      ...{ name: 'Dequeue', at: [118, 144], noun: 'order', words: 'in batches' },
      read: ({ active_orders: orders }) => orders,
    },
    {
      ...{ name: 'Confirmed', at: [20, 282], noun: 'order', words: 'paid', kind: 'end' },
      read: ({ confirmed_orders: orders }) => orders,
    },
    {
      ...{ name: 'Failed', at: [216, 282], noun: 'order', words: 'for good', kind: 'end' },
      read: ({ rejected_orders: orders }) => orders,
    },
  ],
  edges: [
    [
      [162, 58],
      [162, 144],
    ],
    [
      [210, 144],
      [210, 58],
    ],
    [
      [162, 196],
      [162, 240],
      [88, 240],
      [88, 282],
    ],
    [
      [210, 196],
      [210, 240],
      [284, 240],
      [284, 282],
    ],
  ],
  names: [
    ['picked up', [152, 105], 'end'],
    ['released', [220, 105], 'start'],
  ],
};

/** One machine: made once, then shown figures as often as they come. */
export class StateDiagram {
  readonly element: HTMLElement;
  readonly #machine: Machine;
  readonly #drawing: SVGSVGElement;
  readonly #shown: readonly {
    readonly group: SVGGElement;
    readonly count: SVGTSpanElement;
    readonly unit: SVGTSpanElement;
  }[];

  private constructor(machine: Machine) {
    this.#machine = machine;
    const { title, caption, states, edges, names } = machine;
    this.#shown = states.map(() => ({
      group: shape('g'),
      count: shape('tspan', { class: 'count' }, '–'),
      unit: shape('tspan', { class: 'unit', dx: 5 }),
    }));
    for (const [index, { group, count, unit }] of this.#shown.entries()) {
      const state = states[index];
      if (state !== undefined) group.append(...drawState(state, count, unit));
    }
    this.#drawing = shape(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'machine', role: 'img', 'aria-label': title },
      ...edges.flatMap(drawEdge),
      ...names.map(([name, [x, y], anchor]) =>
        shape('text', { x, y, class: 'name-of-edge', 'text-anchor': anchor }, name),
      ),
      ...this.#shown.map(({ group }) => group),
    );
    this.element = element(
      'figure',
      {},
      element('figcaption', {}, element('strong', {}, title), caption),
      element('div', { class: 'plot' }, this.#drawing),
    );
  }

  static ofBatches(): StateDiagram {
    return new StateDiagram(ofBatches);
  }

  static ofOrders(): StateDiagram {
    return new StateDiagram(ofOrders);
  }

  show(stats: Stats): void {
    const words: string[] = [];
    for (const [index, state] of this.#machine.states.entries()) {
      const shown = this.#shown[index];
      if (shown === undefined) continue;
      const { name, noun, kind } = state;
      const count = state.read(stats);
      const unit = state.words ?? plural(count, noun);
      shown.group.setAttribute('class', lookOf(kind, count));
      shown.count.textContent = countWords(count);
      shown.unit.textContent = unit;
      words.push(
        `${name}: ${countWords(count)} ${state.words === undefined ? unit : `${plural(count, noun)} ${unit}`}`,
      );
    }
    this.#drawing.setAttribute('aria-label', `${this.#machine.title}. ${words.join(', ')}.`);
  }
}

function lookOf(kind: State['kind'], count: number): string {
  if (kind === 'end') return 'end';
  if (count === 0) return '';
  return kind ?? 'busy';
}

function drawState({ name, at: [x, y] }: State, count: SVGTSpanElement, unit: SVGTSpanElement): SVGElement[] {
  const middle = x + STATE_WIDTH / 2;
  return [
    shape('rect', { x, y, width: STATE_WIDTH, height: STATE_HEIGHT, rx: 8 }),
    shape('text', { x: middle, y: y + 20, 'text-anchor': 'middle' }, name),
    shape('text', { x: middle, y: y + 41, 'text-anchor': 'middle' }, count, unit),
  ];
}

/** A line with an arrow head at its end. */
function drawEdge(points: readonly Point[]): SVGElement[] {
  const [to, from] = [points.at(-1) ?? [0, 0], points.at(-2) ?? [0, 0]];
  const [dx, dy] = [Math.sign(to[0] - from[0]), Math.sign(to[1] - from[1])];
  const base: Point = [to[0] - dx * HEAD, to[1] - dy * HEAD];
  const side: Point = [(dy * HEAD) / 2, (dx * HEAD) / 2];
  const head = [to, [base[0] + side[0], base[1] + side[1]], [base[0] - side[0], base[1] - side[1]]];
  const line = [...points.slice(0, -1), base];
  return [
    shape('polyline', { class: 'edge', points: line.join(' ') }),
    shape('polygon', { class: 'head', points: head.join(' ') }),
  ];
}
