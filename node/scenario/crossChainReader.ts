/** Reads transfers between the chains: `cross_chain_send`, a ledger transaction, and `cross_chain_deposit`, which the settlement chain takes. */
import { CROSS_CHAIN_TIMEOUT_BLOCKS_MAX } from '../../settlement/bridge/send.ts';
import { readScenarioId } from './atomicBatchReader.ts';
import type { ScenarioContext } from './context.ts';
import type { Place } from './reader.ts';
import type { ScenarioDeposit, ScenarioTransaction } from './types.ts';

export const crossChainSendKeys: readonly string[] = [
  'account',
  'id',
  'to',
  'asset',
  'amount',
  'timeout_blocks',
];
export const crossChainDepositKeys: readonly string[] = [
  'account',
  'to',
  'asset',
  'amount',
  'timeout_blocks',
];
/** Settlement-chain blocks that a transfer may take where the scenario does not say. */
export const TIMEOUT_BLOCKS_DEFAULT = 20;

/** @param accountAbove - Who sends it unless it says so itself. */
export function readCrossChainSend(
  context: ScenarioContext,
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader } = context;
  const example = 'a map such as { id: rent, to: bob, asset: TNZO, amount: 1000 }';
  const map = reader.map(place, crossChainSendKeys, example);
  if (map === undefined) return undefined;
  const id = readScenarioId(context, reader.require(map, 'id', 'an id'));
  const fields = readFields(context, place, crossChainSendKeys, accountAbove);
  if (id === undefined || fields === undefined) return undefined;
  const { account, ...rest } = fields;
  return { account, operation: { type: 'cross_chain_send', id, ...rest } };
}

/** @param accountAbove - Who gives it unless it says so itself; by default who gets it. */
export function readCrossChainDeposit(
  context: ScenarioContext,
  place: Place,
  accountAbove: string | undefined,
): ScenarioDeposit | undefined {
  const fields = readFields(context, place, crossChainDepositKeys, accountAbove);
  return fields && { ...fields, account: fields.account ?? fields.to };
}

function readFields(
  context: ScenarioContext,
  place: Place,
  keys: readonly string[],
  accountAbove: string | undefined,
): (Omit<ScenarioDeposit, 'account'> & { readonly account: string | undefined }) | undefined {
  const { reader } = context;
  const map = reader.map(place, keys, 'a map such as { to: bob, asset: TNZO, amount: 1000 }');
  if (map === undefined) return undefined;
  const account = context.account(reader.get(map, 'account')) ?? accountAbove;
  const to = context.account(reader.require(map, 'to', 'an account'));
  const asset = context.asset(reader.require(map, 'asset', 'an asset'));
  const amount = reader.amount(reader.require(map, 'amount', 'an amount'));
  const timeoutPlace = reader.get(map, 'timeout_blocks');
  const timeoutBlocks =
    timeoutPlace === undefined
      ? TIMEOUT_BLOCKS_DEFAULT
      : reader.integer(timeoutPlace, 1, CROSS_CHAIN_TIMEOUT_BLOCKS_MAX);
  if (to === undefined || asset === undefined || amount === undefined || timeoutBlocks === undefined)
    return undefined;
  return { account, to, asset, amount, timeoutBlocks };
}
