/**
 * The behaviours that surround one node's honest core at a time. What comes in and what goes out passes all of them, in
 * the order in which they began; what one holds back the later ones never see.
 */
import type { Input, Output } from '../../core/types.ts';
import type { Behaviour } from './behaviour.ts';

export class DishonestNode {
  readonly #behaviours: Behaviour[] = [];

  get isEmpty(): boolean {
    return this.#behaviours.length === 0;
  }

  add(behaviour: Behaviour): void {
    this.#behaviours.push(behaviour);
  }

  remove(behaviour: Behaviour): void {
    this.#behaviours.splice(this.#behaviours.indexOf(behaviour), 1);
    behaviour.ends();
  }

  /** @returns Whether the core hears it. */
  receives(input: Input): boolean {
    return this.#behaviours.every((behaviour) => behaviour.receives(input));
  }

  /** @returns Whether it is done as the core wants it. */
  sends(output: Output): boolean {
    return this.#behaviours.every((behaviour) => behaviour.sends(output));
  }
}
