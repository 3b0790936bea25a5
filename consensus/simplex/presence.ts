/** Who was seen to vote, and when last: a leader that everybody misses is not waited for. */
import type { ValidatorIndex, View } from '../primitives/flavor.ts';
import type { ValidatorSet } from '../validators.ts';

export class Presence {
  readonly #validators: ValidatorSet;
  /** Newest view in which each validator was seen to vote. */
  readonly #lastVotedView: View[];

  constructor(validators: ValidatorSet) {
    this.#validators = validators;
    this.#lastVotedView = validators.validators.map(() => 0);
  }

  /** Newest view in which `voter` was seen to vote; 0 when it never was. */
  lastVotedView(voter: ValidatorIndex): View {
    return this.#lastVotedView[voter] ?? 0;
  }

  note(voter: ValidatorIndex, view: View): void {
    if (view > this.lastVotedView(voter)) this.#lastVotedView[voter] = view;
  }

  /** True when `voter` cast no vote from `since` on although a quorum did. */
  isMissed(voter: ValidatorIndex, since: View): boolean {
    if (since < 1 || this.lastVotedView(voter) >= since) return false;
    let power = 0;
    for (const validator of this.#validators.validators) {
      if (this.lastVotedView(validator.index) >= since) power += validator.power;
    }
    return this.#validators.isQuorum(power);
  }
}
