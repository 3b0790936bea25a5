/** Some of what is drawn as inputs of users: really signed, with timestamps around the block's, a few of them beyond what it takes. */

import { utf8 } from '../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../consensus/primitives/ed25519.ts';
import type { Signature } from '../../../consensus/primitives/signature.ts';
import type { KeyHolder } from '../../../node/scenario/genesis.ts';
import { isInputBody, signedTextOfInput } from '../../../settlement/execution/inputAuth.ts';
import { blockEpochMs } from '../../../settlement/execution/inputBook.ts';
import { createInputTransaction } from '../../../settlement/execution/inputTransaction.ts';
import { cosigningBytes, type EncodedTransaction } from '../../../settlement/execution/transaction.ts';
import { cosignersOf } from '../../../settlement/execution/transactionBody.ts';
import { ledgerTargets, type SignedInput } from '../../../settlement/input/types.ts';
import type { DrawnTransaction } from './drawing.ts';
import type { Choices, LedgerWorld } from './ledgerWorld.ts';

/** One of so many of those that users can ask for. */
const INPUT_ODDS = 3;
/** Few instants, so that the same input comes again. */
const INSTANTS = 8;

/** @returns Undefined: it is sent with a nonce. */
export function drawInput(
  world: LedgerWorld,
  choices: Choices,
  { sender, body }: DrawnTransaction,
  keyOf: (address: string) => KeyHolder,
): EncodedTransaction | undefined {
  const form = body.type === 'atomic_batch' || choices.below(2) === 0 ? 'json' : 'command';
  if (!isInputBody(body, form) || choices.below(INPUT_ODDS) !== 0) return undefined;
  const { genesis } = world;
  const { spanMs, futureMs, namespace } = genesis.inputs;
  const blockMs = blockEpochMs(genesis, (world.height - 1) * genesis.blockTimeMs);
  const stepMs = (spanMs + futureMs + 2 * genesis.blockTimeMs) / INSTANTS;
  const timestamp = Math.floor(blockMs - spanMs - genesis.blockTimeMs + choices.below(INSTANTS + 1) * stepMs);
  const message = cosigningBytes(genesis.chainId, body);
  const sign = (holder: KeyHolder, bytes: Uint8Array): Signature => ed25519.sign(holder.secretKey, bytes);
  const input: SignedInput = {
    from: sender.address,
    timestamp,
    target: ledgerTargets[choices.below(ledgerTargets.length + 1)],
    form,
    body,
    cosignatures: cosignersOf(body).map((address) => sign(keyOf(address as string), message)),
  };
  const signature = sign(sender, utf8(signedTextOfInput(input, namespace)));
  return createInputTransaction(genesis.chainId, input, signature);
}
