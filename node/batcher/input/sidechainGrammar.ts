/** The grammar of the `sidechain` target: commands, or a ledger transaction as sealed JSON; and what no state could let pass. */
import { accept, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Address } from '../../../consensus/primitives/flavor.ts';
import type { AtomicCode } from '../../../settlement/atomic/codes.ts';
import { type BatchRefusal, findBatchProblem } from '../../../settlement/atomic/limits.ts';
import type { AtomicRules } from '../../../settlement/atomic/types.ts';
import { CommandAssets } from '../../../settlement/input/commandAssets.ts';
import type { LedgerCode } from '../../../settlement/ledger/codes.ts';
import type { LedgerRules } from '../../../settlement/ledger/types.ts';
import type { InputCode } from './codes.ts';
import { parseCommand } from './command.ts';
import { readJsonTransaction, type SidechainCommand } from './jsonTransaction.ts';
import { looksLikeJson, readSealedJson } from './sealedJson.ts';

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
    if (!read.ok || read.value.body.type !== 'atomic_batch') return read;
    return this.#findBatchProblem(read.value, account) ?? read;
  }

  #findBatchProblem({ body }: SidechainCommand, account: Address): BatchRefusal | undefined {
    return body.type === 'atomic_batch'
      ? findBatchProblem(body, account, this.#atomic, this.#ledger)
      : undefined;
  }
}
