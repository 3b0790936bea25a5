/** Reads what keepers of the treasury and validators decide in a scenario: withdrawals, proposed network fees, votes. */
import { EXPIRY_BLOCKS_MAX, EXPIRY_BLOCKS_MIN, readScenarioId } from './atomicBatchReader.ts';
import type { ScenarioContext } from './context.ts';
import type { MapPlace, Place } from './reader.ts';
import type { ScenarioTransaction } from './types.ts';

const approveKeys: readonly string[] = ['account', 'id', 'asset', 'amount', 'to'];
const proposeKeys: readonly string[] = [...approveKeys, 'expires_after_blocks'];
const feeKeys: readonly string[] = ['node', 'id', 'network_fee_bps'];
/** One beyond the whole: a scenario may want to see it refused. */
const FEE_BPS_MAX = 10_001;

/** @param accountAbove - The keeper unless it says so itself. */
export function readWithdrawal(
  context: ScenarioContext,
  key: 'treasury_propose' | 'treasury_approve',
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader, config } = context;
  const map = reader.map(
    place,
    key === 'treasury_propose' ? proposeKeys : approveKeys,
    'a map such as { id: grant, asset: TNZO, amount: 1000, to: builder }',
  );
  if (map === undefined) return undefined;
  const need = (name: string, expected: string): Place | undefined => reader.require(map, name, expected);
  const id = readId(context, map);
  const asset = context.asset(need('asset', 'an asset'));
  const amount = reader.amount(need('amount', 'an amount'));
  const to = context.account(need('to', 'an account'));
  const expiry = reader.get(map, 'expires_after_blocks');
  const blocks = reader.integer(expiry, EXPIRY_BLOCKS_MIN, EXPIRY_BLOCKS_MAX);
  const account = context.account(reader.get(map, 'account')) ?? accountAbove;
  if (id === undefined || asset === undefined || amount === undefined || to === undefined) return undefined;
  const terms = { id, asset, amount, to };
  if (key === 'treasury_approve') return { account, operation: { type: key, ...terms } };
  if (expiry !== undefined && blocks === undefined) return undefined;
  const expiresAfterBlocks = blocks ?? config.ledger.treasuryTimeoutBlocks;
  return { account, operation: { type: key, ...terms, expiresAfterBlocks } };
}

export function readFeeProposal(
  context: ScenarioContext,
  key: 'fee_propose' | 'fee_vote',
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader } = context;
  if (accountAbove !== undefined) {
    const message = `expected no account: the validator \`node\` sends \`${key}\``;
    return reader.report(place.keyAt ?? place.value.at, place.path, 'SCENARIO_ACCOUNT_INVALID', message);
  }
  const map = reader.map(
    place,
    key === 'fee_vote' ? [...feeKeys, 'vote'] : feeKeys,
    'a map such as { node: node-0, id: cheaper, network_fee_bps: 30 }',
  );
  if (map === undefined) return undefined;
  const validator = context.node(reader.require(map, 'node', 'the name of a node'));
  const id = readId(context, map);
  const networkFeeBps = reader.integer(
    reader.require(map, 'network_fee_bps', 'a fee in basis points'),
    0,
    FEE_BPS_MAX,
  );
  const vote =
    key === 'fee_vote'
      ? reader.text(reader.require(map, 'vote', 'yes or no'), 'yes or no', /^(?:yes|no)$/)
      : undefined;
  if (validator === undefined || id === undefined || networkFeeBps === undefined) return undefined;
  const common = { validator, id, networkFeeBps };
  if (key === 'fee_propose') return { account: undefined, operation: { type: key, ...common } };
  if (vote !== 'yes' && vote !== 'no') return undefined;
  return { account: undefined, operation: { type: key, ...common, vote } };
}

function readId(context: ScenarioContext, map: MapPlace): string | undefined {
  return readScenarioId(context, context.reader.require(map, 'id', 'an id'));
}
