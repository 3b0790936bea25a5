/**
 * The validator set of a run: fixed at genesis, ordered, with voting power. Slashing changes bonded stake and
 * duty eligibility (settlement/net), never voting power (docs/protocol.md, agreement).
 */
import { assert } from './primitives/codedError.ts';
import type { PublicKey, ValidatorIndex } from './primitives/flavor.ts';

export interface Validator {
  readonly index: ValidatorIndex;
  readonly name: string;
  readonly publicKey: PublicKey;
  /** Voting power: the bonded stake at genesis in whole units. */
  readonly power: number;
}

/** A certificate carries a bitmap and one signature a signer, so a set has a limit. */
export const VALIDATOR_COUNT_MAX = 1024;
/** Keeps `3 * total` a safe integer. */
export const VALIDATOR_POWER_MAX = 2 ** 40;

export class ValidatorSet {
  readonly validators: readonly Validator[];
  readonly totalPower: number;
  readonly #indexByPublicKey = new Map<PublicKey, ValidatorIndex>();

  constructor(validators: readonly Omit<Validator, 'index'>[]) {
    assert(validators.length > 0 && validators.length <= VALIDATOR_COUNT_MAX, 'validator count out of range');
    this.validators = validators.map((validator, index) => ({
      ...validator,
      index,
    }));
    let totalPower = 0;
    for (const { index, power, publicKey } of this.validators) {
      assert(
        Number.isInteger(power) && power > 0 && power <= VALIDATOR_POWER_MAX,
        `power ${power} out of range`,
      );
      assert(!this.#indexByPublicKey.has(publicKey), `two validators with the key ${publicKey}`);
      this.#indexByPublicKey.set(publicKey, index);
      totalPower += power;
    }
    this.totalPower = totalPower;
  }

  get count(): number {
    return this.validators.length;
  }

  at(index: ValidatorIndex): Validator {
    const validator = this.validators[index];
    if (validator === undefined) assert(false, `no validator ${index}`);
    return validator;
  }

  has(index: ValidatorIndex): boolean {
    return index >= 0 && index < this.validators.length;
  }

  indexOf(publicKey: PublicKey): ValidatorIndex | undefined {
    return this.#indexByPublicKey.get(publicKey);
  }

  /** Strictly more than two thirds of the power. */
  isQuorum(power: number): boolean {
    return 3 * power > 2 * this.totalPower;
  }

  /** Strictly more than one third: at least one honest validator among them. */
  isBlocking(power: number): boolean {
    return 3 * power > this.totalPower;
  }
}
