/** What the readers of a scenario's parts need to know of its configuration, and what they learn for it. */
import { assert } from '../../consensus/primitives/codedError.ts';
import { resolveBeside, type TextReader } from '../config/configSources.ts';
import { NAME_EXPECTED, namePattern, SYMBOL_EXPECTED, symbolPattern } from '../config/fields.ts';
import type { Config } from '../config/types.ts';
import type { ScenarioCode } from './codes.ts';
import { join, type Place, type Reader, scalarOf } from './reader.ts';
import type { Expectation, Fault } from './types.ts';

/** Where a scenario lies, and how files beside it are read. */
export interface ScenarioFiles {
  readonly file: string;
  readonly readText: TextReader;
}

export class ScenarioContext {
  readonly reader: Reader;
  readonly config: Config;
  /** Assets that the file names and the configuration does not; only filled when they may be registered. */
  readonly newAssets = new Set<string>();
  /** Where each fault stands, for what is only found once the whole file is read. */
  readonly faultPlaces = new Map<Fault, Place>();
  /** The same of each expectation. */
  readonly expectationPlaces = new Map<Expectation, Place>();
  readonly #registersAssets: boolean;
  readonly #files: ScenarioFiles;
  readonly #nodes: readonly string[];

  constructor(reader: Reader, config: Config, registersAssets: boolean, files: ScenarioFiles) {
    this.#files = files;
    this.reader = reader;
    this.config = config;
    this.#registersAssets = registersAssets;
    this.#nodes = config.validators.map(({ name }) => name);
  }

  /** The text of a file that the scenario names, beside itself. */
  text(place: Place, byteCountMax: number): string | undefined {
    const path = this.reader.text(place, 'the path of a file', /^.{1,1024}$/);
    if (path === undefined) return undefined;
    const file = resolveBeside(this.#files.file, path);
    const text = this.#files.readText(file, byteCountMax);
    if (text.ok) return text.value;
    for (const problem of text.problems) {
      const message = `${file}: ${problem.message}`;
      this.reader.problems.push({ ...problem, ...place.value.at, path: place.path, message });
    }
    return undefined;
  }

  /** The name of a validator of this run. */
  node(place: Place | undefined): string | undefined {
    const name = this.reader.text(place, 'the name of a node');
    if (name === undefined || place === undefined || this.#nodes.includes(name)) return name;
    return this.reader.expected(
      place,
      'the name of a node',
      'SCENARIO_NODE_UNKNOWN',
      this.reader.suggest(name, this.#nodes),
    );
  }

  /** An asset that moves: with `auto_fund` any symbol, which is then registered. */
  asset(place: Place | undefined): string | undefined {
    const symbol = this.symbol(place);
    return symbol === undefined || place === undefined ? undefined : this.register(place, symbol);
  }

  /** The name of an asset, whether there is one or not. */
  symbol(place: Place | undefined): string | undefined {
    return this.reader.text(place, SYMBOL_EXPECTED, symbolPattern);
  }

  /** As `asset`, for a symbol that was read before. */
  register(place: Place, symbol: string): string | undefined {
    if (this.isKnown(symbol)) return symbol;
    if (!this.#registersAssets) return this.#unknownAsset(place, symbol);
    this.newAssets.add(symbol);
    return symbol;
  }

  /** An asset that is only spoken of: it must be registered, or named where something moves. */
  knownAsset(place: Place, symbol: string): string | undefined {
    return this.isKnown(symbol) || this.newAssets.has(symbol) ? symbol : this.#unknownAsset(place, symbol);
  }

  account(place: Place | undefined): string | undefined {
    return this.reader.text(place, NAME_EXPECTED, namePattern);
  }

  /** A problem of a fault that was read before, at its key. */
  reportFault(fault: Fault, code: ScenarioCode, message: string, hint: string): void {
    const place = this.faultPlaces.get(fault);
    assert(place !== undefined, `a ${fault.type} stands nowhere`);
    this.reader.report(place.keyAt ?? place.value.at, place.path, code, message, hint);
  }

  /** A problem of an expectation that was read before, at one of its keys. */
  reportExpectation(expectation: Expectation, key: string, code: ScenarioCode, message: string): void {
    const place = this.expectationPlaces.get(expectation);
    assert(place?.value.kind === 'map', `"${expectation.text}" stands nowhere`);
    const at = place.value.entries.get(key)?.keyAt ?? place.value.at;
    this.reader.report(at, join(place.path, key), code, message);
  }

  isKnown(symbol: string): boolean {
    return this.config.ledger.assets.some((asset) => asset.symbol === symbol);
  }

  #unknownAsset(place: Place, symbol: string): undefined {
    const known = [...this.config.ledger.assets.map((asset) => asset.symbol), ...this.newAssets];
    return this.reader.report(
      scalarOf(place) === symbol ? place.value.at : (place.keyAt ?? place.value.at),
      place.path,
      'SCENARIO_ASSET_UNKNOWN',
      `expected a registered asset, got \`${symbol}\``,
      this.reader.suggest(symbol, known),
    );
  }
}
