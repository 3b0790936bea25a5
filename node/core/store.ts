/**
 * The rows a node keeps: finalised blocks with certificates, state rows, its own votes, the outbox. Everything a
 * block causes is one synced write batch; a vote is one of its own. Keys sort by number.
 */
import { type Block, decodeBlock, readBlock, writeBlock } from '../../consensus/block.ts';
import { decode, encode, type Reader } from '../../consensus/primitives/codec.ts';
import { CodedError, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height, ValidatorIndex, View } from '../../consensus/primitives/flavor.ts';
import type { SimplexMemory } from '../../consensus/simplex/host.ts';
import type { ViewRecord } from '../../consensus/simplex/viewRecord.ts';
import {
  type Certificate,
  readCertificate,
  readVote,
  type Vote,
  writeCertificate,
  writeVote,
} from '../../consensus/vote.ts';
import { atomicTables } from '../../settlement/atomic/tables.ts';
import { bridgeTables } from '../../settlement/bridge/tables.ts';
import { OUTBOX_PREFIX } from '../../settlement/chain/submitter.ts';
import { decodeSettlementTransaction } from '../../settlement/chain/transactionCodec.ts';
import { decodeEvidence } from '../../settlement/execution/evidence.ts';
import { postedTables } from '../../settlement/execution/postedInputs.ts';
import { inputTables } from '../../settlement/input/marks.ts';
import { ledgerTables } from '../../settlement/ledger/tables.ts';
import { netTables } from '../../settlement/net/tables.ts';
import {
  type AnyTable,
  type EncodedLayer,
  type EncodedWrite,
  encodedRow,
  Layer,
} from '../../settlement/state.ts';
import { decodeAtomicCompletion } from './atomicCompletion.ts';
import { LazyWrite } from './lazyWrite.ts';
import { readOptional, writeOptional } from './messages.ts';
import type { RecoveredRow, Write } from './types.ts';

/** Every kind of row that replicated state has. */
const stateTables: readonly AnyTable[] = [
  ...ledgerTables,
  ...netTables,
  ...atomicTables,
  ...bridgeTables,
  ...inputTables,
  ...postedTables,
];
const HEAD_KEY = 'head';
const GUARD_KEY = 'guard';
const PAUSED_KEY = 'paused';
const BLOCK_PREFIX = 'block/';
const STATE_PREFIX = 'state/';
const VIEW_PREFIX = 'view/';
const PROPOSAL_PREFIX = 'proposal/';
const TRANSACTION_PREFIX = 'transaction/';
const EVIDENCE_PREFIX = 'evidence/';
const ARCHIVE_PREFIX = 'archive/';
/** Messages of atomic batches that ended and may not have been published. */
export const COMPLETION_PREFIX = 'completion/';
/** What stands before the digits of a number in a key: all keys then have sixteen. */
const KEY_NUMBER_PADDING = '1000000000000000';
/** A view holds at most notarize, nullify and finalize of one node, and never the last two. */
const OWN_VOTES_PER_VIEW_MAX = 3;
const CERTIFICATES_PER_VIEW_MAX = 2;

/** A final block as kept; the certificate is there when it finalised this very block. */
export interface StoredBlock {
  readonly block: Block;
  readonly certificate: Certificate | undefined;
}

/** Where the finalised chain ends. */
interface Head {
  readonly height: Height;
  readonly hash: Hash;
  readonly stateRoot: Hash;
}

/** Silence of a node that may have forgotten votes: until a block is final in a view this high, once that is known. */
export interface Guard {
  readonly untilView: View | undefined;
}

/** Everything a restarted node starts from. */
export interface RecoveredState {
  readonly base: Layer;
  readonly stateRoot: Hash;
  readonly finalized: Block;
  readonly blocks: readonly StoredBlock[];
  readonly memory: SimplexMemory;
  /** Set while the node must be silent because it lost its vote log. */
  readonly guard: Guard | undefined;
  readonly outbox: readonly RecoveredRow[];
  /** True while an operator holds this node's settlements back. */
  readonly isPaused: boolean;
  /** What tells of atomic batches and may not have been published. */
  readonly completions: readonly RecoveredRow[];
  /** What users handed to this node and no final block has dealt with. */
  readonly transactions: readonly RecoveredRow[];
  /** Proofs of equivocation that no final block has dealt with. */
  readonly evidence: readonly RecoveredRow[];
  /** What is kept for queries alone. */
  readonly archive: readonly RecoveredRow[];
}

export function blockKey(height: Height): string {
  return `${BLOCK_PREFIX}${padNumber(height)}`;
}

/** Row of the message that tells of the atomic batches of a block. */
export function completionKey(height: Height): string {
  return `${COMPLETION_PREFIX}${padNumber(height)}`;
}

/** Row of the archive: what it holds, and of which height or batch. */
export function archiveKey(kind: string, number: number): string {
  return `${ARCHIVE_PREFIX}${kind}/${padNumber(number)}`;
}

/** Row of a transaction that a user handed to this node. */
export function transactionKey(id: Hash): string {
  return `${TRANSACTION_PREFIX}${id}`;
}

/** Row of the proof that a validator equivocated. */
export function evidenceKey(validator: ValidatorIndex): string {
  return `${EVIDENCE_PREFIX}${validator}`;
}

export function viewKey(view: View): string {
  return `${VIEW_PREFIX}${padNumber(view)}`;
}

/** Writes of a state layer, one row each. */
export function stateWrites(layer: Layer): Write[] {
  const encoded = layer.encoded();
  return encoded.writes.map((write) =>
    write.isDeletion ? { key: stateKey(write), value: undefined } : new StateWrite(encoded, write),
  );
}

function stateKey({ table, key }: EncodedWrite): string {
  return `${STATE_PREFIX}${table}/${key}`;
}

/** A row of the state: its key too is made when somebody reads it. Whoever keeps it keeps the encoded rows of its block. */
class StateWrite extends LazyWrite {
  readonly #layer: EncodedLayer;
  readonly #write: EncodedWrite;
  #key: string | undefined;

  constructor(layer: EncodedLayer, write: EncodedWrite) {
    super();
    this.#layer = layer;
    this.#write = write;
  }

  override get key(): string {
    this.#key ??= stateKey(this.#write);
    return this.#key;
  }

  protected override encode(): Uint8Array {
    return encodedRow(this.#layer, this.#write);
  }
}

/** The row of a final block, under `blockKey` of its height. */
export class BlockWrite extends LazyWrite {
  override readonly key: string;
  readonly stored: StoredBlock;

  constructor(key: string, stored: StoredBlock) {
    super();
    this.key = key;
    this.stored = stored;
  }

  /** Encoded each time: the history keeps this write as long as the block, and must not keep the bytes with it. */
  override get value(): Uint8Array {
    return this.encode();
  }

  protected override encode(): Uint8Array {
    const { block, certificate } = this.stored;
    return encode((writer) => {
      writeBlock(writer, block);
      writeOptional(writer, certificate);
    }, block.bytes.length + 320);
  }
}

/** Where the final chain ends. */
export class HeadWrite extends LazyWrite {
  override readonly key = HEAD_KEY;
  readonly #block: Block;
  readonly #stateRoot: Hash;

  constructor(block: Block, stateRoot: Hash) {
    super();
    this.#block = block;
    this.#stateRoot = stateRoot;
  }

  protected override encode(): Uint8Array {
    const { hash, header } = this.#block;
    return encode((writer) => writer.u64(header.height).hash(hash).hash(this.#stateRoot), 72);
  }
}

/** Keeps the silence over further restarts; undefined ends it. */
export function guardWrite(guard: Guard | undefined): Write {
  if (guard === undefined) return { key: GUARD_KEY, value: undefined };
  const { untilView } = guard;
  const value = encode((writer) => writer.boolean(untilView !== undefined).u64(untilView ?? 0), 16);
  return { key: GUARD_KEY, value };
}

/** There while an operator holds this node's settlements back. */
export function pausedWrite(isPaused: boolean): Write {
  return { key: PAUSED_KEY, value: isPaused ? Uint8Array.of(1) : undefined };
}

/** The block a notarize vote was cast for: when every node restarts at once, nobody else holds it. */
export function proposalWrite(key: string, block: Block): Write {
  return { key, value: block.bytes };
}

export function proposalKey(view: View): string {
  return `${PROPOSAL_PREFIX}${padNumber(view)}`;
}

/**
 * What this node must remember of a view until it is final: its own votes, and the certificates by which it left.
 * One row, so that a later vote is never there without an earlier one or without what justified it.
 */
export class ViewWrite extends LazyWrite {
  override readonly key: string;
  readonly #notarize: Vote | undefined;
  readonly #nullify: Vote | undefined;
  readonly #finalize: Vote | undefined;
  readonly #notarization: Certificate | undefined;
  readonly #nullification: Certificate | undefined;

  /** Takes down what the record holds now; the record goes on. */
  constructor(key: string, record: ViewRecord) {
    super();
    this.key = key;
    this.#notarize = record.ownNotarize;
    this.#nullify = record.ownNullify;
    this.#finalize = record.ownFinalize;
    this.#notarization = record.notarization;
    this.#nullification = record.nullification;
  }

  protected override encode(): Uint8Array {
    const votes = [this.#notarize, this.#nullify, this.#finalize].filter(isPresent);
    const certificates = [this.#notarization, this.#nullification].filter(isPresent);
    return encode((writer) => {
      writer.list(votes, OWN_VOTES_PER_VIEW_MAX, writeVote);
      writer.list(certificates, CERTIFICATES_PER_VIEW_MAX, writeCertificate);
    }, 640);
  }
}

/**
 * Puts a node's rows together again.
 * @returns Undefined when there are none: a node that never ran, or that lost its disk.
 * @throws {CodedError} `STORE_CORRUPT`: a row is missing or does not decode; the node must not go on with it.
 */
export function recoverState(rows: readonly RecoveredRow[], genesisBlock: Block): RecoveredState | undefined {
  const tables = new Map<number, AnyTable>();
  for (const table of stateTables) tables.set(table.id, table);
  const base = new Layer();
  const blocks: StoredBlock[] = [];
  const votes: Vote[] = [];
  const proposals: Block[] = [];
  const certificates: Certificate[] = [];
  const outbox: RecoveredRow[] = [];
  const completions: RecoveredRow[] = [];
  const transactions: RecoveredRow[] = [];
  const evidence: RecoveredRow[] = [];
  const archive: RecoveredRow[] = [];
  let head: Head | undefined;
  let guard: Guard | undefined;
  let isPaused = false;
  for (const row of rows) {
    const { key, value } = row;
    if (key === HEAD_KEY) head = readRow(key, decode(value, readHead));
    else if (key === GUARD_KEY) guard = readRow(key, decode(value, readGuard));
    else if (key === PAUSED_KEY) isPaused = true;
    else if (key.startsWith(BLOCK_PREFIX)) blocks.push(readRow(key, decode(value, readStoredBlock)));
    else if (key.startsWith(VIEW_PREFIX)) {
      const view = readRow(key, decode(value, readView));
      votes.push(...view.votes);
      certificates.push(...view.certificates);
    } else if (key.startsWith(PROPOSAL_PREFIX)) proposals.push(readRow(key, decodeBlock(value)));
    else if (key.startsWith(OUTBOX_PREFIX)) outbox.push(row);
    else if (key.startsWith(COMPLETION_PREFIX)) completions.push(row);
    else if (key.startsWith(TRANSACTION_PREFIX)) transactions.push(row);
    else if (key.startsWith(EVIDENCE_PREFIX)) evidence.push(row);
    else if (key.startsWith(ARCHIVE_PREFIX)) archive.push(row);
    else if (key.startsWith(STATE_PREFIX)) recoverStateRow(base, tables, row);
    else throw corrupt(key, 'no such kind of row');
  }
  if (head === undefined) {
    if (rows.length > 0) throw corrupt(HEAD_KEY, 'missing although other rows exist');
    return undefined;
  }
  blocks.sort((a, b) => a.block.header.height - b.block.header.height);
  const finalized = head.height === 0 ? genesisBlock : blocks.at(-1)?.block;
  if (finalized?.hash !== head.hash) throw corrupt(HEAD_KEY, 'names another block than the last one stored');
  const memory = { votes, proposals, certificates };
  return {
    base,
    stateRoot: head.stateRoot,
    finalized,
    blocks,
    memory,
    guard,
    outbox,
    completions,
    isPaused,
    transactions,
    evidence,
    archive,
  };
}

/** The newest final blocks among the rows, ascending; one that does not decode is left out. */
export function recoverBlocks(rows: readonly RecoveredRow[], countMax: number): readonly StoredBlock[] {
  const blocks = rows.filter(({ key }) => key.startsWith(BLOCK_PREFIX));
  blocks.sort((a, b) => (a.key < b.key ? -1 : 1));
  return blocks.slice(-countMax).flatMap(({ value }) => {
    const decoded = decode(value, readStoredBlock);
    return decoded.ok ? [decoded.value] : [];
  });
}

/** A row by what it means: its name with the table's in place of its number, and its value, if it decodes. */
export function describeRow({ key, value }: RecoveredRow): {
  readonly name: string;
  readonly value: unknown;
} {
  const [prefix = '', id = '', ...rest] = key.split('/');
  const known = (name: string, verdict: Verdict<unknown>) => ({
    name,
    value: verdict.ok ? verdict.value : undefined,
  });
  switch (key === prefix ? prefix : `${prefix}/`) {
    case HEAD_KEY:
      return known(key, decode(value, readHead));
    case GUARD_KEY:
      return known(key, decode(value, readGuard));
    case BLOCK_PREFIX:
      return known(`${prefix}/${numberIn(id)}`, decode(value, readStoredBlock));
    case VIEW_PREFIX:
      return known(`${prefix}/${numberIn(id)}`, decode(value, readView));
    case PROPOSAL_PREFIX:
      return known(`${prefix}/${numberIn(id)}`, decodeBlock(value));
    case OUTBOX_PREFIX:
      return known(key, decodeSettlementTransaction(value));
    case COMPLETION_PREFIX:
      return known(`${prefix}/${numberIn(id)}`, decodeAtomicCompletion(value));
    case EVIDENCE_PREFIX:
      return known(key, decodeEvidence(value));
    case STATE_PREFIX: {
      const table = stateTables.find((one) => one.id === Number(id));
      if (table === undefined) break;
      return known([table.name, ...rest].join('/'), decode<unknown>(value, table.read));
    }
  }
  return { name: key, value: undefined };
}

function recoverStateRow(base: Layer, tables: ReadonlyMap<number, AnyTable>, row: RecoveredRow): void {
  const [, id = '', ...rest] = row.key.split('/');
  const table = tables.get(Number(id));
  if (table === undefined) throw corrupt(row.key, 'no such table');
  base.open(table).set(rest.join('/'), readRow(row.key, decode(row.value, table.read)));
}

function readStoredBlock(reader: Reader): StoredBlock {
  return { block: readBlock(reader), certificate: readOptional(reader) };
}

function readView(reader: Reader): { readonly votes: Vote[]; readonly certificates: Certificate[] } {
  return {
    votes: reader.list(OWN_VOTES_PER_VIEW_MAX, readVote),
    certificates: reader.list(CERTIFICATES_PER_VIEW_MAX, readCertificate),
  };
}

function isPresent<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}

function readGuard(reader: Reader): Guard {
  const isKnown = reader.boolean();
  const untilView = reader.u64();
  return { untilView: isKnown ? untilView : undefined };
}

function readHead(reader: Reader): Head {
  return { height: reader.u64(), hash: reader.hash(), stateRoot: reader.hash() };
}

function readRow<Value>(key: string, verdict: Verdict<Value>): Value {
  if (!verdict.ok) throw corrupt(key, verdict.message);
  return verdict.value;
}

function corrupt(key: string, reason: string): CodedError {
  return new CodedError('STORE_CORRUPT', `the stored row ${key} cannot be used: ${reason}`, { key, reason });
}

function numberIn(key: string): number {
  return Number(key.slice(1));
}

/** Sixteen digits for every height and view below 10^15, so that keys sort as numbers do. */
function padNumber(value: number): string {
  const digits = String(value);
  return KEY_NUMBER_PADDING.slice(0, KEY_NUMBER_PADDING.length - digits.length) + digits;
}
