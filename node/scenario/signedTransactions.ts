/**
 * Transactions that one run signed, for the next runs of the same process that send the same ones: the cells of a sweep
 * that share a seed. Encoding, id and signature are a function of what is signed and of its key, so whoever finds one
 * here gets the very bytes that it would have made. Bounded; a miss costs work, never a different answer.
 */
import type { Address, Height } from '../../consensus/primitives/flavor.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import {
  type EncodedTransaction,
  signAndEncodeTransaction,
  type UnsignedTransaction,
} from '../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';

/** Most transactions kept: three hours of five a block, in about 30 MB. */
export const SIGNED_TRANSACTIONS_MAX = 32_768;

/** What is sent for one block: the same transactions twice. */
export interface SignedBlock {
  readonly transactions: readonly EncodedTransaction[];
  readonly bytes: readonly Uint8Array[];
}

export class SignedTransactions {
  /** By sender, then nonce. */
  readonly #bySender = new Map<Address, EncodedTransaction[]>();
  readonly #countMax: number;
  #count = 0;
  /** From the first height on, of one workload. */
  #blocks: SignedBlock[] = [];
  #workload = '';

  constructor(options: { readonly countMax?: number } = {}) {
    this.#countMax = options.countMax ?? SIGNED_TRANSACTIONS_MAX;
  }

  /** How many are kept. */
  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#bySender.clear();
    this.#blocks = [];
    this.#count = 0;
  }

  /**
   * What a workload sends for the block at this height, if it was signed before.
   * @param workload - Names everything that decides what is sent in any block, and who signs it.
   */
  block(workload: string, height: Height): SignedBlock | undefined {
    return workload === this.#workload ? this.#blocks[height - 1] : undefined;
  }

  /** Keeps a block of a workload, the last one that was named, while there is room and none is missing below. */
  keepBlock(workload: string, height: Height, block: SignedBlock): void {
    if (workload !== this.#workload) {
      this.#workload = workload;
      this.#blocks = [];
    }
    const hasRoom = this.#count < this.#countMax && height <= this.#countMax;
    if (hasRoom && height === this.#blocks.length + 1) this.#blocks.push(block);
  }

  /** Signs, or finds what was signed before; the caller sees to it that those sign whom `unsigned` asks for. */
  sign(unsigned: UnsignedTransaction, signer: Signer, cosigners: readonly Signer[] = []): EncodedTransaction {
    const { from, nonce } = unsigned;
    let own = this.#bySender.get(from);
    const known = own?.[nonce];
    if (known !== undefined && isSame(known.transaction, unsigned)) return known;
    const signed = signAndEncodeTransaction(unsigned, signer, cosigners);
    if (own === undefined) {
      own = [];
      this.#bySender.set(from, own);
    }
    if (known !== undefined) own[nonce] = signed;
    else if (nonce === own.length && this.#count < this.#countMax) {
      own.push(signed);
      this.#count += 1;
    }
    return signed;
  }
}

function isSame(one: UnsignedTransaction, other: UnsignedTransaction): boolean {
  return (
    one.onlyAtHeight === other.onlyAtHeight &&
    one.expiresAtHeight === other.expiresAtHeight &&
    one.chainId === other.chainId &&
    isSameBody(one.body, other.body)
  );
}

/** Of flat bodies, whose fields are text, numbers and amounts; two others are the same only if they are made of the same parts. */
function isSameBody(one: TransactionBody, other: TransactionBody): boolean {
  if (one.type !== other.type) return false;
  // Nearly all are of these, and the loop below is slow.
  if ((one.type === 'borrow' || one.type === 'repay') && (other.type === 'borrow' || other.type === 'repay'))
    return one.asset === other.asset && one.amount === other.amount;
  const fields = one as Readonly<Record<string, unknown>>;
  const others = other as Readonly<Record<string, unknown>>;
  const keys = Object.keys(fields);
  return (
    keys.length === Object.keys(others).length &&
    keys.every((key) => Object.hasOwn(others, key) && fields[key] === others[key])
  );
}
