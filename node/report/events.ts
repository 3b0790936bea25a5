/**
 * The lines of `events.ndjson` and the hash over them (docs/results.md, events.ndjson).
 *
 * Every line follows from virtual time and the run alone: no wall clock, no host, no bytes of a signature. Lines of
 * every block are built by hand, rare ones by JSON.stringify; both are canonical because key order is fixed here.
 */
import { createHash } from 'node:crypto';
import type { Hash, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import {
  atomicFactFields,
  crossChainFactFields,
  factFields,
  factType,
  type JsonFields,
  type NameOf,
  postedFactFields,
  rareFields,
} from '../core/eventFields.ts';
import type { NodeEvent } from '../core/events.ts';

/** Text gathered before it is hashed, in characters. */
const HASH_CHUNK_CHARACTERS = 65_536;

type FinalizedEvent = Extract<NodeEvent, { type: 'block_finalized' }>;

export interface TraceOptions {
  /** By validator index. */
  readonly nodeNames: readonly string[];
  /** Label of an account address, or undefined for one that no scenario names. */
  readonly labelOf: (address: string) => string | undefined;
  /** Takes each line, without its line break, in order. */
  readonly onLine: ((line: string) => void) | undefined;
}

/** Writes the event stream of one run. */
export class Trace {
  readonly #names: readonly string[];
  /** Each as a field of a line, such as `,"node":"node-0"`. */
  readonly #nodeFields: readonly string[];
  readonly #labelOf: (address: string) => string | undefined;
  /** Labels as JSON text, by address: as many as the scenario names. */
  readonly #quotedLabels = new Map<string, string>();
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #nameOf: NameOf = (node) => this.#names[node] ?? `node ${node}`;
  readonly #hash = createHash('sha256');
  #chunk = '';
  #lineCount = 0;
  /** Ends of the last notarized and finalized lines: every node reports the same about one block. */
  #notarizedHash: Hash = '';
  #notarizedEnd = '';
  #finalizedHash: Hash = '';
  #finalizedEnd = '';

  constructor(options: TraceOptions) {
    this.#names = options.nodeNames;
    this.#nodeFields = options.nodeNames.map((name) => `,"node":${JSON.stringify(name)}`);
    this.#labelOf = options.labelOf;
    this.#onLine = options.onLine;
  }

  get lineCount(): number {
    return this.#lineCount;
  }

  /** What one node reports about itself. Facts of finalised blocks go to `reportFacts`, once for the network. */
  reportNode(nowMs: TimeMs, node: ValidatorIndex, event: NodeEvent): void {
    switch (event.type) {
      case 'block_proposed':
        this.#write(
          `{"t":${nowMs}${this.#nodeField(node)},"type":"block_proposed","height":${event.height},` +
            `"view":${event.view},"hash":"${event.hash}","transactions":${event.transactions}}`,
        );
        return;
      case 'block_notarized':
        if (event.hash !== this.#notarizedHash) {
          this.#notarizedHash = event.hash;
          this.#notarizedEnd =
            `,"type":"block_notarized","height":${event.height},"view":${event.view},` +
            `"hash":"${event.hash}"}`;
        }
        this.#write(`{"t":${nowMs}${this.#nodeField(node)}${this.#notarizedEnd}`);
        return;
      case 'block_finalized':
        if (event.hash !== this.#finalizedHash) {
          this.#finalizedHash = event.hash;
          this.#finalizedEnd =
            `,"type":"block_finalized","height":${event.height},"view":${event.view},"hash":"${event.hash}",` +
            `"timestamp_ms":${event.timestampMs},"leader":${JSON.stringify(this.#nameOf(event.leader))},` +
            `"state_root":"${event.stateRoot}","origin_height":${event.originHeight}}`;
        }
        this.#write(`{"t":${nowMs}${this.#nodeField(node)}${this.#finalizedEnd}`);
        return;
      default:
        this.reportOther(nowMs, node, event.type, rareFields(event, this.#nameOf));
    }
  }

  /** What a block brought to light, when the first node finalises it: `node` is null. */
  reportFacts(nowMs: TimeMs, event: FinalizedEvent): void {
    const start = `{"t":${nowMs},"node":null,"type":"`;
    const height = `","height":${event.height}`;
    const executed = `${start}transaction_executed${height},"id":"`;
    for (const { transactionId, type, from, result } of event.transactions) {
      this.#write(
        `${executed}${transactionId}","operation":"${type}","from":${this.#quotedAccount(from)},"result":"${result}"}`,
      );
    }
    for (const fact of event.facts)
      this.#writeFields(start + factType(fact) + height, factFields(fact, this.#nameOf));
    for (const fact of event.atomicFacts)
      this.#writeFields(start + fact.type + height, atomicFactFields(fact, this.#nameOf));
    for (const fact of event.crossChainFacts)
      this.#writeFields(start + fact.type + height, crossChainFactFields(fact));
    for (const fact of event.postedFacts)
      this.#writeFields(start + fact.type + height, postedFactFields(fact));
  }

  reportSettlementBlock(nowMs: TimeMs, block: SettlementBlock): void {
    this.#write(
      `{"t":${nowMs},"node":null,"type":"settlement_block","height":${block.height},"hash":"${block.hash}",` +
        `"base_fee":"${block.baseFee}","gas_used":${block.gasUsed},"events":${block.events.length}}`,
    );
  }

  /** Any other line: faults, crashes, warnings of the runtime. Values must be plain JSON, and no field one that begins a line. */
  reportOther(nowMs: TimeMs, node: ValidatorIndex | undefined, type: string, fields: JsonFields): void {
    const nodeField = node === undefined ? ',"node":null' : this.#nodeField(node);
    this.#writeFields(`{"t":${nowMs}${nodeField},"type":"${type}"`, fields);
  }

  /** The hash over every line so far, each with its line break. Ends the stream. */
  finish(): Hash {
    this.#hash.update(this.#chunk);
    this.#chunk = '';
    return `0x${this.#hash.digest('hex')}`;
  }

  /** Writes what a line begins with, and its other fields behind it. */
  #writeFields(start: string, fields: JsonFields): void {
    const text = JSON.stringify(fields);
    this.#write(text === '{}' ? `${start}}` : `${start},${text.slice(1)}`);
  }

  #write(line: string): void {
    this.#lineCount += 1;
    this.#chunk += `${line}\n`;
    if (this.#chunk.length >= HASH_CHUNK_CHARACTERS) {
      this.#hash.update(this.#chunk);
      this.#chunk = '';
    }
    if (this.#onLine !== undefined) this.#onLine(line);
  }

  /** The label, or the address itself: nothing but hexadecimal digits. */
  #quotedAccount(address: string): string {
    const known = this.#quotedLabels.get(address);
    if (known !== undefined) return known;
    const label = this.#labelOf(address);
    if (label === undefined) return `"${address}"`;
    const quoted = JSON.stringify(label);
    this.#quotedLabels.set(address, quoted);
    return quoted;
  }

  #nodeField(node: ValidatorIndex): string {
    return this.#nodeFields[node] ?? `,"node":${JSON.stringify(this.#nameOf(node))}`;
  }
}
