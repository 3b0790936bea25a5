/**
 * How many inputs a node takes from one client and for one account. Judged before a signature is checked, which costs
 * most; but only what is proven to come from an account is charged to it, so a forger empties his own bucket and never
 * his victim's.
 */
import { accept, type Refusal, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Address } from '../../../consensus/primitives/flavor.ts';
import { type InputCode, refuseInput } from './codes.ts';
import { type RateLimit, TokenBuckets } from './rateLimit.ts';

export interface InputLimits {
  /** By where requests come from (clientKey.ts). */
  readonly client: RateLimit;
  /** By the account that signed. */
  readonly account: RateLimit;
}

/** A client may carry many users' inputs; a user sends few. 65,536 buckets are some 8 MB. */
export const inputLimitsDefault: InputLimits = {
  client: { burst: 200, perSecond: 100, keysMax: 65_536 },
  account: { burst: 40, perSecond: 20, keysMax: 65_536 },
};

export class InputLimiter {
  readonly #clients: TokenBuckets;
  readonly #accounts: TokenBuckets;
  readonly #now: () => number;

  /** @param dependencies - `now`: a clock that is never set back, in ms. */
  constructor(limits: InputLimits, dependencies: { readonly now: () => number }) {
    this.#clients = new TokenBuckets(limits.client);
    this.#accounts = new TokenBuckets(limits.account);
    this.#now = dependencies.now;
  }

  /**
   * Before the signature: charges the client, and looks whether the account it names has a token left.
   * @returns Or `INPUT_RATE_LIMITED` with `retry_after_s`.
   */
  admit(clientKey: string, account: Address): Verdict<undefined, InputCode> {
    const nowMs = this.#now();
    const clientWaitMs = this.#clients.take(clientKey, nowMs);
    if (clientWaitMs > 0) return refuseLimited('client', clientWaitMs);
    const waitMs = this.#accounts.waitMs(account, nowMs);
    return waitMs > 0 ? refuseLimited('account', waitMs) : accept(undefined);
  }

  /** Once the signature holds: charges the account. @returns Or `INPUT_RATE_LIMITED` with `retry_after_s`. */
  charge(account: Address): Verdict<undefined, InputCode> {
    const waitMs = this.#accounts.take(account, this.#now());
    return waitMs > 0 ? refuseLimited('account', waitMs) : accept(undefined);
  }

  /**
   * Takes a charge back: the input was known. What an account signed is public once it is in a block, and whoever sends it
   * again empties no bucket but that of his own client.
   */
  giveBack(account: Address): void {
    this.#accounts.giveBack(account, this.#now());
  }
}

/** Whole seconds, as the header Retry-After has them (RFC 9110, 10.2.3): rounded up, so a token is there. */
function refuseLimited(limit: 'client' | 'account', waitMs: number): Refusal<InputCode> {
  const retryAfterS = Math.ceil(waitMs / 1000);
  const fix = `send it again in ${retryAfterS} s`;
  return refuseInput('INPUT_RATE_LIMITED', '/data', fix, { limit, retry_after_s: retryAfterS });
}
