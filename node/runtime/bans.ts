/**
 * Who may not come back for a while: a peer that was disconnected for its score, by its libp2p identity, so that it is
 * refused before it says anything, and by its validator, since it can make itself as many identities as it likes.
 */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';

/** A peer that was disconnected for its score may come back after this long, in ms: its fault may have been mended. */
export const BAN_MS = 60_000;
/** Identities remembered, the newest; each cost a validator its standing. */
const IDENTITIES_MAX = 1024;

export class Bans {
  readonly #now: () => number;
  /** When each is over, on the clock given; the oldest first. */
  readonly #identities = new Map<string, number>();
  readonly #validators = new Map<ValidatorIndex, number>();

  /** @param now - A clock that never goes back, in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(identity: string, validator: ValidatorIndex | undefined): void {
    const untilMs = this.#now() + BAN_MS;
    this.#identities.delete(identity);
    this.#identities.set(identity, untilMs);
    if (validator !== undefined) this.#validators.set(validator, untilMs);
    const [oldest] = this.#identities.keys();
    if (this.#identities.size > IDENTITIES_MAX && oldest !== undefined) this.#identities.delete(oldest);
  }

  holdsIdentity(identity: string): boolean {
    return this.#holds(this.#identities, identity);
  }

  holdsValidator(validator: ValidatorIndex): boolean {
    return this.#holds(this.#validators, validator);
  }

  #holds<Key>(bans: Map<Key, number>, key: Key): boolean {
    const untilMs = bans.get(key);
    if (untilMs === undefined) return false;
    if (this.#now() < untilMs) return true;
    bans.delete(key);
    return false;
  }
}
