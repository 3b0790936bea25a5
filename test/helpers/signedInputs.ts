/** Inputs as users' wallets sign them, and the ledger transactions that they are. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { QueuedInput } from '../../node/batcher/adapters/adapter.ts';
import { signInputWithKey } from '../../node/batcher/input/inputSignature.ts';
import type { SidechainCommand } from '../../node/batcher/input/jsonTransaction.ts';
import { ledgerTransactionOf } from '../../node/batcher/input/ledgerInput.ts';
import { SidechainGrammar } from '../../node/batcher/input/sidechainGrammar.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import { inputTermsOf } from '../../node/core/inputTerms.ts';
import type { KeyHolder } from '../../node/scenario/genesis.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { blockEpochMs } from '../../settlement/execution/inputBook.ts';

export interface TestInput {
  readonly data: BatcherInput;
  readonly requestId: Hash;
  readonly id: Hash;
  readonly bytes: Uint8Array;
  /** As the pipeline hands it to an adapter. */
  readonly queued: QueuedInput<SidechainCommand>;
}

/**
 * @param text - Such as `borrow|UM|10`.
 * @param signedAtMs - After genesis.
 */
export function signedInput(
  genesis: Genesis,
  { secretKey }: Pick<KeyHolder, 'secretKey'>,
  text: string,
  signedAtMs = 0,
): TestInput {
  const timestamp = String(blockEpochMs(genesis, signedAtMs));
  const unsigned = { input: text, timestamp, target: 'sidechain' };
  const data = signInputWithKey(unsigned, secretKey, genesis.inputs.namespace);
  const parsed = new SidechainGrammar(genesis).parse(data.input, data.address);
  if (!parsed.ok) throw new Error(parsed.message);
  const { id, bytes, transaction } = ledgerTransactionOf(data, parsed.value, genesis.chainId);
  const requestId = inputTermsOf(transaction, genesis)?.requestId ?? '';
  const queued = { requestId, account: data.address, data, command: parsed.value };
  return { data, requestId, id, bytes, queued };
}
