/**
 * What everybody can see who looks at the settlement chain's mempool: of each (proposer, batch, attempt) the first signed
 * transaction, and one pair that contradicts itself. Only what a validator signed is remembered, and only so much of each
 * validator: nobody hides another's fault by forged transactions, nor by many.
 */
import type { Hash, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import type { SettlementTransaction } from '../net/settlement.ts';
import { isDoubleSettlement } from './doubleSettlement.ts';
import { decodeSettlementTransaction, settlementSigningBytes } from './transactionCodec.ts';

/** Attempts remembered of each proposer: over long before they are forgotten. */
const ATTEMPTS_KEPT = 256;

/** Signed bytes of two transactions of one (proposer, batch, attempt) that do not say the same. */
export interface SettlementPair {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

interface Seen {
  readonly transaction: SettlementTransaction;
  readonly bytes: Uint8Array;
  isShown: boolean;
}

export class DoubleSettlementWatch {
  readonly #options: { readonly chainId: Hash; readonly validators: ValidatorSet };
  readonly #verifier: Verifier;
  /** By proposer, then by batch and attempt, oldest first. */
  readonly #seen = new Map<ValidatorIndex, Map<string, Seen>>();

  constructor(
    options: { readonly chainId: Hash; readonly validators: ValidatorSet },
    dependencies: { readonly verifier: Verifier },
  ) {
    this.#options = options;
    this.#verifier = dependencies.verifier;
  }

  /**
   * A transaction reaches the chain, whatever the chain does with it.
   * @returns The pair that it completes, once an attempt: that proves all there is to prove.
   */
  arrived(bytes: Uint8Array): SettlementPair | undefined {
    const decoded = decodeSettlementTransaction(bytes);
    if (!decoded.ok || !this.#isSigned(decoded.value)) return undefined;
    const transaction = decoded.value;
    const seen = this.#remembered(transaction, bytes);
    if (seen.isShown || !isDoubleSettlement(seen.transaction, transaction)) return undefined;
    seen.isShown = true;
    return { first: seen.bytes, second: bytes };
  }

  #isSigned(transaction: SettlementTransaction): boolean {
    const { chainId, validators } = this.#options;
    const { proposer, signature } = transaction;
    if (transaction.chainId !== chainId || !validators.has(proposer)) return false;
    return this.#verifier.verify(
      validators.at(proposer).publicKey,
      settlementSigningBytes(transaction),
      signature,
    );
  }

  /** The first of its attempt, this one if there was none. */
  #remembered(transaction: SettlementTransaction, bytes: Uint8Array): Seen {
    const { proposer, seq, attempt } = transaction;
    let attempts = this.#seen.get(proposer);
    if (attempts === undefined) {
      attempts = new Map();
      this.#seen.set(proposer, attempts);
    }
    const key = `${seq}/${attempt}`;
    let seen = attempts.get(key);
    if (seen === undefined) {
      seen = { transaction, bytes, isShown: false };
      attempts.set(key, seen);
      const [oldest] = attempts.keys();
      if (attempts.size > ATTEMPTS_KEPT && oldest !== undefined) attempts.delete(oldest);
    }
    return seen;
  }
}
