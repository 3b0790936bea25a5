/** What every draw of a transaction needs: people, parts of what they have, ids that meet again. */
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import type { KeyHolder } from '../../../node/scenario/genesis.ts';
import type { TransactionBody } from '../../../settlement/execution/transactionBody.ts';
import { accountOf } from '../../../settlement/ledger/accounts.ts';
import type { State } from '../../../settlement/state.ts';
import { type Choices, type LedgerWorld, people } from './ledgerWorld.ts';

export interface DrawnTransaction {
  readonly sender: KeyHolder;
  readonly body: TransactionBody;
}

/** Where a transaction is drawn for: the state that it will meet. */
export interface Setting {
  readonly world: LedgerWorld;
  readonly state: State;
  readonly choices: Choices;
}

export type Draw = (setting: Setting) => DrawnTransaction;

export const symbols = ['TNZO', 'UM', 'USDC'] as const;
/** Often a part of what the account has, sometimes all, now and then too much or nothing. */
export function drawAmount(
  { world, state, choices }: Setting,
  { address }: KeyHolder,
  asset: string,
): bigint {
  const { ledger } = world.genesis;
  const index = ledger.assets.findIndex(({ symbol }) => symbol === asset);
  return drawPart(choices, accountOf(state, ledger, address).balances[index] ?? 0n);
}

export function drawPart(choices: Choices, whole: bigint): bigint {
  const draw = choices.below(48);
  if (draw === 0) return whole + 1n;
  if (draw < 3) return choices.below(8) === 0 ? 0n : whole;
  if (draw < 12) return BigInt(1 + choices.below(400));
  return (whole * BigInt(choices.below(1000))) / 4000n + 1n;
}

export function drawPerson({ world, choices }: Setting): KeyHolder {
  return world.holder(pick(choices, people));
}

/** Two of them, and once in a while one of them twice. */
export function drawPair({ world, choices }: Setting): readonly [KeyHolder, KeyHolder] {
  const first = choices.below(people.length);
  const hop = choices.below(200) === 0 ? 0 : 1 + choices.below(people.length - 1);
  const second = people[(first + hop) % people.length] ?? people[0];
  return [world.holder(people[first] ?? people[0]), world.holder(second)];
}

export function idOf(digit: string, number: number): Hash {
  return `0x${digit.repeat(32)}${number.toString(16).padStart(32, '0')}`;
}

export function pick<Item>(choices: Choices, items: readonly Item[]): Item {
  const item = items[choices.below(items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}
