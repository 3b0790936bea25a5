/** Reads `atomic_batch: { id: rent, requests: [...] }` of a scenario: who pays whom, all or nothing. */
import { METADATA_BYTES_MAX } from '../../settlement/atomic/codec.ts';
import type { ScenarioContext } from './context.ts';
import type { MapPlace, Place } from './reader.ts';
import type { ScenarioSettlement, ScenarioTransaction } from './types.ts';

export const atomicBatchKeys: readonly string[] = ['account', 'id', 'expires_after_blocks', 'requests'];
export const settlementRequestKeys: readonly string[] = ['id', 'from', 'to', 'asset', 'amount', 'metadata'];

/** Ids of batches and settlements: a name, from which 32 bytes are derived, or those bytes as hex. */
const idPattern = /^(?:0x[0-9a-f]{64}|[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63})$/;
const ID_EXPECTED = 'a name of 1 to 64 letters, digits, `_`, `.`, `:`, `@` or `-`, or 0x and 64 hex digits';
/** Below zero: expired before its block, which a scenario may want to see. */
const EXPIRY_BLOCKS_MIN = -1;
const EXPIRY_BLOCKS_MAX = 1_000_000;

/** @param accountAbove - Who sends it unless it says so itself; by default the payer of its first request. */
export function readAtomicBatch(
  context: ScenarioContext,
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader } = context;
  const map = reader.map(place, atomicBatchKeys, 'a map such as { id: rent, requests: [...] }');
  if (map === undefined) return undefined;
  const id = reader.text(reader.require(map, 'id', 'an id'), ID_EXPECTED, idPattern);
  const expiresAfterBlocks = reader.integer(
    reader.get(map, 'expires_after_blocks'),
    EXPIRY_BLOCKS_MIN,
    EXPIRY_BLOCKS_MAX,
  );
  const requests = readRequests(context, map);
  const account = context.account(reader.get(map, 'account')) ?? accountAbove ?? requests?.[0]?.from;
  if (id === undefined || requests === undefined) return undefined;
  return { account, operation: { type: 'atomic_batch', id, expiresAfterBlocks, requests } };
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
  const id = reader.text(need('id', 'an id'), ID_EXPECTED, idPattern);
  const from = context.account(need('from', 'an account'));
  const to = context.account(need('to', 'an account'));
  const asset = context.asset(need('asset', 'an asset'));
  const amount = reader.amount(need('amount', 'an amount'));
  const metadataPlace = reader.get(map, 'metadata');
  const metadata = metadataPlace === undefined ? '' : reader.text(metadataPlace, 'text');
  if (metadataPlace !== undefined && Buffer.byteLength(metadata ?? '') > METADATA_BYTES_MAX)
    return reader.expected(metadataPlace, `text of at most ${METADATA_BYTES_MAX} bytes`);
  if (id === undefined || from === undefined || to === undefined) return undefined;
  if (asset === undefined || amount === undefined || metadata === undefined) return undefined;
  if (from !== to) return { id, from, to, asset, amount, metadata };
  return reader.report(
    item.value.at,
    item.path,
    'SCENARIO_ACCOUNT_INVALID',
    `expected two accounts, got \`${from}\` twice`,
  );
}
