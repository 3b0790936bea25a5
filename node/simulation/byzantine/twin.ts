/**
 * Two processes with one key: somebody started a copy of a validator's machine. Both are honest and neither knows of
 * the other but by what it hears on the network; each has its own disk, its own timers and its own links.
 */
import type { Input, Output } from '../../core/types.ts';
import type { Behaviour, Hands } from './behaviour.ts';
import { type SecondOutput, SecondProcess } from './secondProcess.ts';

/** Longest time by which the copy hears something later than the original, in ms: two links differ by less. */
const LAG_MAX_MS = 40;

export class Twin implements Behaviour {
  readonly #hands: Hands;
  readonly #second: SecondProcess;
  /** Settlement blocks come over one ordered connection. */
  readonly #settlementLagMs: number;

  constructor(hands: Hands) {
    this.#hands = hands;
    this.#settlementLagMs = hands.random.below(LAG_MAX_MS + 1);
    this.#second = new SecondProcess(hands, (output) => this.#secondDoes(output));
  }

  receives(input: Input): boolean {
    const { random } = this.#hands;
    if (this.#second.isOwnResponse(input)) {
      this.#second.hear(input);
      return false;
    }
    switch (input.type) {
      case 'message':
      case 'transactionSubmitted':
        this.#hearLater(input, random.below(LAG_MAX_MS + 1));
        return true;
      case 'settlementBlock':
        this.#hearLater(input, this.#settlementLagMs);
        return true;
      case 'request':
        // A connection ends at one of the two.
        if (random.chance(0.5)) return true;
        this.#second.hear(input);
        return false;
      default:
        return true;
    }
  }

  /** What the original says reaches the copy as it reaches everybody. */
  sends(output: Output): boolean {
    if (output.type === 'publish') {
      const { topic, bytes } = output;
      const delayMs = 1 + this.#hands.random.below(2 * LAG_MAX_MS);
      const { self: from } = this.#hands;
      this.#hands.after(delayMs, () =>
        this.#second.hear({ type: 'message', nowMs: this.#hands.nowMs(), topic, from, bytes }),
      );
    }
    return true;
  }

  ends(): void {
    this.#second.stop();
  }

  #hearLater(input: Input, lagMs: number): void {
    this.#hands.after(lagMs, () => this.#second.hear(input));
  }

  #secondDoes(output: SecondOutput): void {
    const { peers, self } = this.#hands;
    // The original hears its copy as any node would.
    if (output.type === 'publish') this.#hands.gossipTo([...peers, self], output.topic, output.bytes);
    else if (output.type === 'submitSettlement') this.#hands.submitSettlement(output.bytes);
  }
}
