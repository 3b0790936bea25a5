/**
 * Reads `proof: { kind: cryptographic }` of a request in a scenario: accounts that sign, which the engine then does, or the
 * bytes of a proof that was made elsewhere.
 */
import { PROOF_SIGNERS_MAX } from '../../settlement/atomic/proofs/limits.ts';
import { proofKinds, readProofJson } from '../../settlement/atomic/proofs/proofJson.ts';
import { toPlain } from '../config/located.ts';
import type { ScenarioContext } from './context.ts';
import type { MapPlace, Place } from './reader.ts';
import type { ScenarioProof } from './types.ts';

/** Keys by kind. */
export const scenarioProofKeys = {
  cryptographic: ['kind', 'signer'],
  multi_party: ['kind', 'threshold', 'signers', 'signed'],
  tee_attestation: ['kind', 'document', 'file'],
  zero_knowledge: ['kind', 'verifying_key_id', 'points', 'proof', 'public_inputs'],
} as const;

/** Longest file of a proof: hex of the longest document, and room for line breaks. */
const FILE_BYTES_MAX = 65_536;
const kindPattern = new RegExp(`^(?:${proofKinds.join('|')})$`);

/**
 * @param payer - Signs where nobody else is named; a release or a close has none.
 * @returns Undefined where something is wrong, which has been reported.
 */
export function readScenarioProof(
  context: ScenarioContext,
  place: Place,
  payer: string | undefined,
): ScenarioProof | undefined {
  const { reader } = context;
  const keys = [...new Set(Object.values(scenarioProofKeys).flat())];
  const map = reader.map(place, keys, 'a map such as { kind: cryptographic }');
  if (map === undefined) return undefined;
  const expected = `one of ${proofKinds.join(', ')}`;
  const kind = reader.text(reader.require(map, 'kind', expected), expected, kindPattern) as
    | keyof typeof scenarioProofKeys
    | undefined;
  if (kind === undefined || reader.map(place, scenarioProofKeys[kind]) === undefined) return undefined;
  if (kind === 'cryptographic') {
    const signerPlace =
      payer === undefined ? reader.require(map, 'signer', 'an account') : reader.get(map, 'signer');
    const signer = signerPlace === undefined ? payer : context.account(signerPlace);
    return signer === undefined ? undefined : { kind, signer };
  }
  return kind === 'multi_party' ? readParties(context, map) : readMade(context, map, kind);
}

function readParties(context: ScenarioContext, map: MapPlace): ScenarioProof | undefined {
  const { reader } = context;
  const accountsAt = (place: Place | undefined): string[] | undefined => {
    const items = place && reader.list(place, 'a list of accounts');
    return items?.flatMap((item) => context.account(item) ?? []);
  };
  const place = reader.require(map, 'signers', 'a list of accounts');
  const signers = accountsAt(place);
  const signedPlace = reader.get(map, 'signed');
  const signed = signedPlace === undefined ? signers : accountsAt(signedPlace);
  const threshold = reader.integer(reader.get(map, 'threshold'), 0, PROOF_SIGNERS_MAX) ?? signed?.length ?? 0;
  if (place === undefined || signers === undefined || signed === undefined) return undefined;
  if (signers.length > PROOF_SIGNERS_MAX) {
    return reader.expected(place, `at most ${PROOF_SIGNERS_MAX} accounts`);
  }
  if (signedPlace !== undefined && signed.some((account) => !signers.includes(account))) {
    return reader.expected(signedPlace, 'accounts of `signers`');
  }
  return { kind: 'multi_party', threshold, signers, signed };
}

/** A proof that nobody here can make; files hold hex or JSON in place of a value. */
function readMade(
  context: ScenarioContext,
  map: MapPlace,
  kind: 'tee_attestation' | 'zero_knowledge',
): ScenarioProof | undefined {
  const json: Record<string, unknown> = { kind };
  for (const [key, { value }] of map.value.entries) {
    if (key === 'kind') continue;
    const place = context.reader.get(map, key) as Place;
    const isFile =
      key === 'file' || (key !== 'document' && isPath(value.kind === 'scalar' ? value.value : ''));
    if (!isFile) {
      json[key] = toPlain(value);
      continue;
    }
    const text = context.text(place, FILE_BYTES_MAX);
    if (text === undefined) return undefined;
    json[key === 'file' ? 'document' : key] = key === 'file' ? text.trim() : parsed(text);
  }
  const read = readProofJson(json);
  if (read.ok) return { kind: 'made', proof: read.value };
  const { at, path } = { at: map.value.at, path: map.path };
  return context.reader.report(at, path, 'SCENARIO_VALUE_INVALID', read.message);
}

/** Hex is no path. */
function isPath(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.startsWith('0x');
}

/** What is no JSON is refused for its form. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
