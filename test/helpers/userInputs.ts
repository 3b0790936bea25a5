/** Users' inputs for tests: signed as wallets do, and as the ledger transactions that they are. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { signInputAsEvmAccount, signInputWithKey } from '../../node/batcher/input/inputSignature.ts';
import { ledgerTransactionOf } from '../../node/batcher/input/ledgerInput.ts';
import { SidechainGrammar } from '../../node/batcher/input/sidechainGrammar.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { EncodedTransaction } from '../../settlement/execution/transaction.ts';

export interface WishedInput {
  readonly input: string;
  /** Ms since 1970. */
  readonly timestamp: number;
  readonly target?: string | undefined;
  readonly namespace?: string;
  readonly scheme?: 'ed25519' | 'secp256k1';
}

export function signUserInput(
  secretKey: Uint8Array,
  { input, timestamp, target, namespace = '', scheme = 'ed25519' }: WishedInput,
): BatcherInput {
  const sign = scheme === 'ed25519' ? signInputWithKey : signInputAsEvmAccount;
  return sign({ input, timestamp: String(timestamp), target }, secretKey, namespace);
}

/** What a node makes of an input that its door lets in. @throws {Error} The grammar refuses it. */
export function transactionOfInput(
  genesis: Pick<Genesis, 'ledger' | 'atomic'>,
  chainId: Hash,
  data: BatcherInput,
): EncodedTransaction {
  const command = new SidechainGrammar(genesis).parse(data.input, data.address.toLowerCase());
  if (!command.ok) throw new Error(`${command.code}: ${command.message}`);
  return ledgerTransactionOf(data, command.value, chainId);
}
