/**
 * Reads commands of the sidechain, `command|argument|…`, in the one form in which each can be written.
 *
 * In the text that is signed the bars are hyphens, so the arguments must be told apart without them: an address has the
 * length of its kind and stands first; an amount is the one part that is all digits, because no symbol that commands may
 * name has such a part; and no two symbols look alike (settlement/input/commandAssets.ts). Addresses are in lower case and amounts
 * without leading zeros, so equal texts are equal commands, letter by letter.
 */
import { isAddress } from '../../../consensus/primitives/address.ts';
import { accept, type Refusal, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { type Address, AMOUNT_MAX, type Amount } from '../../../consensus/primitives/flavor.ts';
import {
  type ArgumentName,
  type CommandOperation,
  commandArguments,
} from '../../../settlement/input/command.ts';
import type { CommandAssets } from '../../../settlement/input/commandAssets.ts';
import { type InputCode, refuseInput } from './codes.ts';

/** Where a command stands in the body of a request. */
const INPUT_PATH = '/data/input';

class ArgumentError extends Error {
  readonly refusal: Refusal<InputCode>;

  constructor(refusal: Refusal<InputCode>) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/**
 * Reads a command. Whether the account can afford it is the ledger's business.
 * @returns Or a refusal that names the argument: `INPUT_COMMAND_UNKNOWN`, `INPUT_ARGUMENTS_MISCOUNTED`,
 *   `INPUT_ARGUMENT_INVALID`, `INPUT_AMOUNT_INVALID`, `INPUT_ASSET_UNKNOWN`, `INPUT_ASSET_AMBIGUOUS`.
 */
export function parseCommand(text: string, assets: CommandAssets): Verdict<CommandOperation, InputCode> {
  const [name = '', ...given] = text.split('|');
  if (!Object.hasOwn(commandArguments, name)) return refuseUnknown(name);
  const type = name as CommandOperation['type'];
  const expected = commandArguments[type];
  if (given.length !== expected.length) return refuseCount(type, given.length);
  const read = new ArgumentReader(expected, given, assets);
  try {
    return accept(toOperation(type, read));
  } catch (cause) {
    if (cause instanceof ArgumentError) return cause.refusal;
    throw cause;
  }
}

function toOperation(type: CommandOperation['type'], read: ArgumentReader): CommandOperation {
  switch (type) {
    case 'transfer':
      return { type, to: read.address('to'), asset: read.asset('asset'), amount: read.amount() };
    case 'liquidate':
      return {
        type,
        borrower: read.address('borrower'),
        debtAsset: read.asset('debt_asset'),
        amount: read.amount(),
        collateralAsset: read.asset('collateral_asset'),
        exactCollateral: undefined,
      };
    default:
      return { type, asset: read.asset('asset'), amount: read.amount() };
  }
}

class ArgumentReader {
  readonly #names: readonly ArgumentName[];
  readonly #given: readonly string[];
  readonly #assets: CommandAssets;

  constructor(names: readonly ArgumentName[], given: readonly string[], assets: CommandAssets) {
    this.#names = names;
    this.#given = given;
    this.#assets = assets;
  }

  address(name: ArgumentName): Address {
    const text = this.#textOf(name);
    if (isAddress(text)) return text;
    const lower = text.toLowerCase();
    const fix = isAddress(lower)
      ? `write it in lower case: ${lower}`
      : 'write 0x and 40 (EVM account) or 64 (ed25519 key) lower-case hex digits';
    throw this.#error('INPUT_ARGUMENT_INVALID', name, fix);
  }

  asset(name: ArgumentName): string {
    const text = this.#textOf(name);
    if (!this.#assets.has(text)) {
      const nearest = this.#assets.nearest(text);
      const fix = nearest === undefined ? 'use one that GET /assets lists' : `write \`${nearest}\``;
      throw this.#error('INPUT_ASSET_UNKNOWN', name, fix);
    }
    if (!this.#assets.isAmbiguous(text)) return text;
    throw this.#error('INPUT_ASSET_AMBIGUOUS', name, 'send the transaction as sealed JSON');
  }

  amount(): Amount {
    const text = this.#textOf('amount');
    // 39 digits hold 2^128; longer text never becomes a number.
    if (/^[1-9][0-9]{0,38}$/.test(text) && BigInt(text) <= AMOUNT_MAX) return BigInt(text);
    const fix = 'write whole smallest units from 1 to 2^128 - 1, in digits alone and without leading zeros';
    throw this.#error('INPUT_AMOUNT_INVALID', 'amount', fix);
  }

  #textOf(name: ArgumentName): string {
    return this.#given[this.#names.indexOf(name)] ?? '';
  }

  #error(code: InputCode, name: ArgumentName, fix: string): ArgumentError {
    const position = this.#names.indexOf(name) + 1;
    const got = this.#textOf(name).slice(0, 80);
    return new ArgumentError(
      refuseInput(code, `${INPUT_PATH} (${name})`, fix, { argument: name, position, got }),
    );
  }
}

function refuseUnknown(name: string): Refusal<InputCode> {
  const known = Object.keys(commandArguments);
  const lower = name.toLowerCase();
  const fix = known.includes(lower)
    ? `write \`${lower}\` in lower case`
    : `begin with one of ${known.map((command) => `\`${command}|\``).join(', ')}, or seal JSON`;
  return refuseInput('INPUT_COMMAND_UNKNOWN', INPUT_PATH, fix, { got: name.slice(0, 80) });
}

function refuseCount(type: CommandOperation['type'], count: number): Refusal<InputCode> {
  const expected = commandArguments[type];
  const shape = [type, ...expected.map((name) => name.toUpperCase())].join('|');
  const fix = `write \`${shape}\``;
  return refuseInput('INPUT_ARGUMENTS_MISCOUNTED', INPUT_PATH, fix, {
    expected: expected.length,
    got: count,
  });
}
