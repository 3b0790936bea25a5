/** Reads `atomic_batch: { id: rent, requests: [...] }` of a scenario, who pays whom, all or nothing; and its escrows. */
import { ESCROW_PARTIES_MAX, METADATA_BYTES_MAX, SIGNERS_MAX } from '../../settlement/atomic/codec.ts';
import type { ScenarioContext } from './context.ts';
import { readScenarioProof } from './proofReader.ts';
import type { MapPlace, Place } from './reader.ts';
import type { ScenarioSettlement, ScenarioTransaction } from './types.ts';

export const atomicBatchKeys: readonly string[] = [
  'account',
  'id',
  'expires_after_blocks',
  'requests',
  'signers',
];
export const settlementRequestKeys: readonly string[] = [
  'id',
  'from',
  'escrow',
  'channel',
  'to',
  'asset',
  'amount',
  'metadata',
  'proof',
];
export const escrowOpenKeys: readonly string[] = [
  'account',
  'id',
  'asset',
  'amount',
  'parties',
  'threshold',
  'expires_after_blocks',
];

/** Ids of batches, settlements, escrows and transfers: a name, from which 32 bytes are derived, or those bytes as hex. */
const idPattern = /^(?:0x[0-9a-f]{64}|[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63})$/;
const ID_EXPECTED = 'a name of 1 to 64 letters, digits, `_`, `.`, `:`, `@` or `-`, or 0x and 64 hex digits';
/** Below zero: expired before its block, which a scenario may want to see. */
export const EXPIRY_BLOCKS_MIN = -1;
export const EXPIRY_BLOCKS_MAX = 1_000_000;

/** A name, or 32 bytes as hex. */
export function readScenarioId(context: ScenarioContext, place: Place | undefined): string | undefined {
  return context.reader.text(place, ID_EXPECTED, idPattern);
}

/** @param accountAbove - Who sends it unless it says so itself; by default the payer of its first request. */
export function readAtomicBatch(
  context: ScenarioContext,
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader } = context;
  const map = reader.map(place, atomicBatchKeys, 'a map such as { id: rent, requests: [...] }');
  if (map === undefined) return undefined;
  const id = readScenarioId(context, reader.require(map, 'id', 'an id'));
  const expiresAfterBlocks = reader.integer(
    reader.get(map, 'expires_after_blocks'),
    EXPIRY_BLOCKS_MIN,
    EXPIRY_BLOCKS_MAX,
  );
  const requests = readRequests(context, map);
  const signers = readAccounts(context, reader.get(map, 'signers'), SIGNERS_MAX);
  const payer = requests?.find(({ from }) => from !== undefined)?.from;
  const account = context.account(reader.get(map, 'account')) ?? accountAbove ?? payer;
  if (id === undefined || requests === undefined || signers === undefined) return undefined;
  return { account, operation: { type: 'atomic_batch', id, expiresAfterBlocks, requests, signers } };
}

export function readEscrowOpening(
  context: ScenarioContext,
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader } = context;
  const map = reader.map(place, escrowOpenKeys, 'a map such as { id: deal, asset: TNZO, amount: 1000 }');
  if (map === undefined) return undefined;
  const need = (key: string, expected: string): Place | undefined => reader.require(map, key, expected);
  const id = readScenarioId(context, need('id', 'an id'));
  const asset = context.asset(need('asset', 'an asset'));
  const amount = reader.amount(need('amount', 'an amount'));
  const parties = readAccounts(context, reader.get(map, 'parties'), ESCROW_PARTIES_MAX);
  const threshold = reader.integer(reader.get(map, 'threshold'), 0, ESCROW_PARTIES_MAX);
  const expiresAfterBlocks = reader.integer(
    need('expires_after_blocks', 'a number of blocks'),
    EXPIRY_BLOCKS_MIN,
    EXPIRY_BLOCKS_MAX,
  );
  const account = context.account(reader.get(map, 'account')) ?? accountAbove;
  if (id === undefined || asset === undefined || amount === undefined) return undefined;
  if (parties === undefined || expiresAfterBlocks === undefined) return undefined;
  const fields = { id, asset, amount, parties, threshold: threshold ?? parties.length, expiresAfterBlocks };
  return { account, operation: { type: 'escrow_open', ...fields } };
}

export function readEscrowRefund(
  context: ScenarioContext,
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader } = context;
  const map = reader.map(place, ['account', 'id'], 'a map such as { id: deal }');
  if (map === undefined) return undefined;
  const id = readScenarioId(context, reader.require(map, 'id', 'an id'));
  const account = context.account(reader.get(map, 'account')) ?? accountAbove;
  return id === undefined ? undefined : { account, operation: { type: 'escrow_refund', id } };
}

/** Distinct accounts; none where the key is absent. */
export function readAccounts(
  context: ScenarioContext,
  place: Place | undefined,
  countMax: number,
): readonly string[] | undefined {
  const { reader } = context;
  if (place === undefined) return [];
  const items = reader.list(place, 'a list of accounts');
  const accounts = items?.map((item) => context.account(item));
  if (accounts === undefined || !accounts.every((account) => account !== undefined)) return undefined;
  if (accounts.length <= countMax && new Set(accounts).size === accounts.length) return accounts;
  return reader.expected(place, `at most ${countMax} accounts, each once`);
}

function readRequests(context: ScenarioContext, map: MapPlace): readonly ScenarioSettlement[] | undefined {
  const { reader } = context;
  const place = reader.require(map, 'requests', 'a list of requests');
  const items = place === undefined ? undefined : reader.list(place, 'a list of requests');
  const requests = items?.map((item) => readRequest(context, item));
  if (place !== undefined && requests?.length === 0) return reader.expected(place, 'at least one request');
  return requests?.every((request) => request !== undefined) === true ? requests : undefined;
}

function readRequest(context: ScenarioContext, item: Place): ScenarioSettlement | undefined {
  const { reader } = context;
  const map = reader.map(
    item,
    settlementRequestKeys,
    'a request such as { id: rent-1, from: tenant, to: owner, asset: TNZO, amount: 1000 }',
  );
  if (map === undefined) return undefined;
  const need = (key: string, expected: string): Place | undefined => reader.require(map, key, expected);
  const id = readScenarioId(context, need('id', 'an id'));
  const escrow = readScenarioId(context, reader.get(map, 'escrow'));
  const channel = readScenarioId(context, reader.get(map, 'channel'));
  const sources = ['from', 'escrow', 'channel'].filter((key) => reader.get(map, key) !== undefined);
  const isHeld = sources.some((key) => key !== 'from');
  const from = context.account(
    isHeld ? reader.get(map, 'from') : need('from', 'an account, an escrow or a channel'),
  );
  const to = context.account(need('to', 'an account'));
  const asset = context.asset(need('asset', 'an asset'));
  const amount = reader.amount(need('amount', 'an amount'));
  const metadataPlace = reader.get(map, 'metadata');
  const metadata = metadataPlace === undefined ? '' : reader.text(metadataPlace, 'text');
  if (metadataPlace !== undefined && Buffer.byteLength(metadata ?? '') > METADATA_BYTES_MAX)
    return reader.expected(metadataPlace, `text of at most ${METADATA_BYTES_MAX} bytes`);
  const proofPlace = reader.get(map, 'proof');
  const proof = proofPlace && readScenarioProof(context, proofPlace, from);
  if (proofPlace !== undefined && proof === undefined) return undefined;
  if (id === undefined || to === undefined || asset === undefined) return undefined;
  if (amount === undefined || metadata === undefined) return undefined;
  if (sources.length > 1) {
    const message = 'expected one of `from`, `escrow` and `channel`, got more';
    return reader.report(item.value.at, item.path, 'SCENARIO_KEYS_CONFLICT', message);
  }
  if ((from ?? escrow ?? channel) === undefined) return undefined;
  if (from !== to) return { id, from, escrow, channel, to, asset, amount, metadata, proof };
  return reader.report(
    item.value.at,
    item.path,
    'SCENARIO_ACCOUNT_INVALID',
    `expected two accounts, got \`${from}\` twice`,
  );
}
