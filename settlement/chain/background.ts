/**
 * Everybody else's demand for blocks of the settlement chain. It pays the base fee and no tip, so it takes the
 * gas that settlements leave; what crowds settlements out is the fault `full`, not ordinary demand.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Amount } from '../../consensus/primitives/flavor.ts';
import type { Random, RandomState } from '../../consensus/primitives/random.ts';

export type BackgroundOptions =
  | { readonly type: 'none' }
  /** The same gas every block. Above half the gas limit the base fee rises for ever: demand here has no price. */
  | { readonly type: 'constant'; readonly gas: number }
  /**
   * Calm blocks draw their gas evenly from 0 to `2 * gasMean`; after each, with `burstProbability`, a burst
   * fills `burstBlocks` blocks whole.
   */
  | {
      readonly type: 'bursts';
      readonly gasMean: number;
      readonly burstProbability: number;
      readonly burstBlocks: number;
    }
  /** Base fees of real blocks, row i for block i: they stand for the demand, which uses no gas here. */
  | { readonly type: 'trace'; readonly baseFees: readonly Amount[] };

export interface BackgroundSnapshot {
  readonly burstBlocksLeft: number;
  readonly random: RandomState;
}

export class BackgroundDemand {
  readonly #options: BackgroundOptions;
  readonly #gasLimit: number;
  readonly #random: Random;
  #burstBlocksLeft = 0;

  constructor(
    options: { readonly background: BackgroundOptions; readonly gasLimit: number },
    dependencies: { readonly random: Random },
  ) {
    const { background } = options;
    if (background.type === 'trace') assert(background.baseFees.length > 0, 'a base-fee trace needs a row');
    if (background.type === 'constant') assert(isGas(background.gas), 'background gas out of range');
    if (background.type === 'bursts') assert(isGas(background.gasMean), 'mean background gas out of range');
    this.#options = background;
    this.#gasLimit = options.gasLimit;
    this.#random = dependencies.random;
  }

  /** Gas wanted in the next block, at most the gas limit; called once a block. */
  nextGas(): number {
    const options = this.#options;
    if (options.type === 'constant') return Math.min(options.gas, this.#gasLimit);
    if (options.type !== 'bursts') return 0;
    if (this.#burstBlocksLeft > 0) {
      this.#burstBlocksLeft -= 1;
      return this.#gasLimit;
    }
    if (this.#random.chance(options.burstProbability)) this.#burstBlocksLeft = options.burstBlocks;
    return Math.min(this.#random.between(0, 2 * options.gasMean), this.#gasLimit);
  }

  snapshot(): BackgroundSnapshot {
    return { burstBlocksLeft: this.#burstBlocksLeft, random: this.#random.snapshot() };
  }

  restore({ burstBlocksLeft, random }: BackgroundSnapshot): void {
    this.#burstBlocksLeft = burstBlocksLeft;
    this.#random.restore(random);
  }

  /** Base fee that the trace dictates for a block; undefined when the fee market decides. */
  tracedBaseFee(height: number): Amount | undefined {
    const options = this.#options;
    return options.type === 'trace' ? options.baseFees[height % options.baseFees.length] : undefined;
  }

  /** True when the trace has no row of its own for `height` and starts over: worth a warning. */
  repeatsAt(height: number): boolean {
    return this.#options.type === 'trace' && height >= this.#options.baseFees.length;
  }
}

function isGas(gas: number): boolean {
  return Number.isInteger(gas) && gas >= 0 && gas < 2 ** 31;
}
