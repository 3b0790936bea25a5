/** The grammar of the `sidechain` target: commands, or a ledger transaction as sealed JSON; and what no state could let pass. */
import { accept, type Refusal, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Address } from '../../../consensus/primitives/flavor.ts';
import type { AtomicCode } from '../../../settlement/atomic/codes.ts';
import { type BatchRefusal, findBatchProblem } from '../../../settlement/atomic/limits.ts';
import type { AtomicRules } from '../../../settlement/atomic/types.ts';
import { inputBatchGas } from '../../../settlement/execution/gas.ts';
import { CommandAssets } from '../../../settlement/input/commandAssets.ts';
import { inputJsonOf } from '../../../settlement/input/inputText.ts';
import type { LedgerCode } from '../../../settlement/ledger/codes.ts';
import type { LedgerRules } from '../../../settlement/ledger/types.ts';
import { type InputCode, refuseInput } from './codes.ts';
import { parseCommand } from './command.ts';
import { readJsonTransaction, type SidechainCommand, TRANSACTION_PATH } from './jsonTransaction.ts';
import { looksLikeJson, readSealedJson } from './sealedJson.ts';

/** As much of a transaction as a refusal shows. */
const SHOWN_CHARACTERS_MAX = 2000;

export type SidechainCode = InputCode | AtomicCode | LedgerCode;

export class SidechainGrammar {
  readonly #ledger: LedgerRules;
  readonly #atomic: AtomicRules;
  readonly #assets: CommandAssets;

  /** @param rules - Of the chain, as genesis has them. */
  constructor(rules: { readonly ledger: LedgerRules; readonly atomic: AtomicRules }) {
    this.#ledger = rules.ledger;
    this.#atomic = rules.atomic;
    this.#assets = new CommandAssets(rules.ledger.assets.map(({ symbol }) => symbol));
  }

  /**
   * Reads an input. Two inputs of one account and timestamp that pass have equal signed texts only when they are equal.
   * @returns Or a refusal with the place; of an atomic batch also those of its limits, under their own codes.
   */
  parse(text: string, account: Address): Verdict<SidechainCommand, SidechainCode> {
    if (!looksLikeJson(text)) {
      const command = parseCommand(text, this.#assets);
      return command.ok ? accept({ body: command.value, cosignatures: [] }) : command;
    }
    const sealed = readSealedJson(text);
    if (!sealed.ok) return sealed;
    const read = readJsonTransaction(sealed.value, (symbol) => this.#assets.has(symbol));
    if (!read.ok) return read;
    return this.#findBatchProblem(read.value, account) ?? findOtherSpelling(sealed.value, read.value) ?? read;
  }

  /** What could never be executed is said first: to spell it as the ledger does would not help. */
  #findBatchProblem({ body }: SidechainCommand, account: Address): BatchRefusal | undefined {
    return body.type === 'atomic_batch'
      ? findBatchProblem(body, account, this.#atomic, this.#ledger, inputBatchGas)
      : undefined;
  }
}

/** The ledger writes the text that was signed from what it does, so nothing but that text is an input (settlement/input/inputText.ts). */
function findOtherSpelling(json: unknown, command: SidechainCommand): Refusal<InputCode> | undefined {
  const expected = JSON.stringify(inputJsonOf(command));
  if (JSON.stringify(json) === expected) return undefined;
  const shown =
    expected.length > SHOWN_CHARACTERS_MAX ? `${expected.slice(0, SHOWN_CHARACTERS_MAX)}…` : expected;
  const fix = `write keys in the documented order, hex in lower case and nothing that goes without saying, and sign again: ${shown}`;
  return refuseInput('INPUT_JSON_INVALID', TRANSACTION_PATH, fix, { expected: shown });
}
