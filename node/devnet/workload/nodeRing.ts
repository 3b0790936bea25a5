/** Nodes to send to, in turn; one that did not answer is left in peace for a while, unless no other is there. */
export interface RingNode {
  readonly name: string;
  /** Address of its HTTP API. */
  readonly api: string;
}

/** How long a node that failed is passed over, in ms. */
const REST_MS = 5000;

export class NodeRing {
  readonly #nodes: readonly RingNode[];
  readonly #clock: () => number;
  readonly #restUntilMs = new Map<string, number>();
  #turn = 0;

  /** @param clock - Host time in ms. */
  constructor(nodes: readonly RingNode[], clock: () => number) {
    this.#nodes = nodes;
    this.#clock = clock;
  }

  /** All nodes, the next in turn first, those that rest last. */
  order(): readonly RingNode[] {
    const turned = this.#nodes.map((_, index) => this.#nodes[(this.#turn + index) % this.#nodes.length]);
    this.#turn = (this.#turn + 1) % Math.max(1, this.#nodes.length);
    const present = turned.filter((node) => node !== undefined);
    const now = this.#clock();
    const rests = ({ name }: RingNode): boolean => (this.#restUntilMs.get(name) ?? now) > now;
    return [...present.filter((node) => !rests(node)), ...present.filter(rests)];
  }

  noteFailure({ name }: RingNode): void {
    this.#restUntilMs.set(name, this.#clock() + REST_MS);
  }
}
