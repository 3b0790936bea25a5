/**
 * The text of an input, written from what it does. The ledger holds no text: it writes the one that the user must have
 * signed, so nothing is parsed where a block is judged, and what two readers could take differently cannot be there. The
 * door of the batcher refuses every text but this one (node/batcher/input/sidechainGrammar.ts).
 */
import { toHex } from '../../consensus/primitives/bytes.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';
import { proofToJson } from '../atomic/proofs/proofJson.ts';
import type { AtomicBatchOperation, SettlementRequest } from '../atomic/types.ts';
import { argumentsOf, commandArguments, formatCommand } from './command.ts';
import { sealJson } from './sealedJson.ts';
import type { InputForm, SignedInput } from './types.ts';

/** Longest text of an input, in bytes of UTF-8: the longest transaction that a node takes. */
export const INPUT_BYTES_MAX = 262_144;

type Json = Readonly<Record<string, unknown>>;

/** What the account wrote. @param input - Of the form `command` only where the body is no batch. */
export function inputTextOf({
  form,
  body,
  cosignatures,
}: Pick<SignedInput, 'form' | 'body' | 'cosignatures'>): string {
  if (form === 'json') return sealJson(inputJsonOf({ body, cosignatures }));
  assert(body.type !== 'atomic_batch', 'no command says an atomic batch');
  return formatCommand(body);
}

/** Which form a text has. */
export function formOf(text: string): InputForm {
  return text.startsWith('{') ? 'json' : 'command';
}

/** The transaction in the JSON: keys in one order, and none whose value goes without saying. */
export function inputJsonOf({ body, cosignatures }: Pick<SignedInput, 'body' | 'cosignatures'>): Json {
  if (body.type === 'atomic_batch') return batchJsonOf(body, cosignatures);
  const given = argumentsOf(body);
  return Object.fromEntries([
    ['type', body.type],
    ...commandArguments[body.type].map((name) => [name, given[name]]),
  ]);
}

function batchJsonOf({ batch, signers }: AtomicBatchOperation, cosignatures: readonly Signature[]): Json {
  const json = {
    type: 'atomic_batch',
    batch_id: batch.batchId,
    expires_at_height: batch.expiresAtHeight,
    requests: batch.requests.map(requestJsonOf),
  };
  if (signers.length === 0) return json;
  return {
    ...json,
    signers: signers.map((address, index) => {
      const signature = cosignatures[index];
      assert(signature !== undefined, `no signature of ${address}`);
      return { address, signature: toHex(signature) };
    }),
  };
}

function requestJsonOf(request: SettlementRequest): Json {
  const { settlementId, from, to, amount, asset, kind, metadata, lastHeight, proof } = request;
  return {
    settlement_id: settlementId,
    from,
    to,
    amount: String(amount),
    asset,
    ...(kind === 'immediate' ? {} : { kind }),
    ...(metadata === '' ? {} : { metadata }),
    ...(lastHeight === undefined ? {} : { last_height: lastHeight }),
    ...(proof === undefined ? {} : { proof: proofToJson(proof) }),
  };
}
