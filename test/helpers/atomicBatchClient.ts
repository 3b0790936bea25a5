/** A client of `POST /atomic-batches` with the funded accounts of a devnet: signs as EVM accounts do, and counts nonces. */
import { signAsEvmAccount } from '../../consensus/primitives/accountSignature.ts';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import type { AtomicBatchBody } from '../../node/api/atomicBatchBody.ts';
import type { DevnetDescription } from '../../node/devnet/description.ts';
import type { AtomicBatch } from '../../settlement/atomic/types.ts';
import {
  cosigningBytes,
  encodeTransaction,
  signTransactionAsEvmAccount,
  withCosignatures,
} from '../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import { atomicBatchJson } from './atomicBatchJson.ts';

export class AtomicBatchClient {
  readonly #chainId: string;
  readonly #accounts: DevnetDescription['accounts'];
  readonly #nonces = new Map<string, number>();

  constructor({ chain_id, accounts }: Pick<DevnetDescription, 'chain_id' | 'accounts'>) {
    this.#chainId = chain_id;
    this.#accounts = accounts;
  }

  get addresses(): readonly string[] {
    return this.#accounts.map(({ address }) => address);
  }

  /** The batch as the sender's next one, signed by him and by every other payer. */
  sign(sender: string, batch: AtomicBatch): AtomicBatchBody {
    const nonce = this.#nonces.get(sender) ?? 0;
    this.#nonces.set(sender, nonce + 1);
    const payers = new Set(batch.requests.map(({ from }) => from));
    payers.delete(sender);
    const signers = [...payers].sort();
    const body: TransactionBody = { type: 'atomic_batch', batch, signers };
    const unsigned = {
      chainId: this.#chainId,
      from: sender,
      nonce,
      expiresAtHeight: 0,
      onlyAtHeight: 0,
      body,
    };
    const signed = signTransactionAsEvmAccount(unsigned, this.#keyOf(sender));
    const message = cosigningBytes(this.#chainId, body);
    const cosignatures = signers.map((one) => signAsEvmAccount(this.#keyOf(one), message));
    return atomicBatchJson(encodeTransaction(withCosignatures(signed, cosignatures)));
  }

  #keyOf(address: string): Uint8Array {
    const account = this.#accounts.find((one) => one.address === address);
    if (account === undefined) throw new RangeError(`no account ${address}`);
    return fromHex(account.private_key);
  }
}
