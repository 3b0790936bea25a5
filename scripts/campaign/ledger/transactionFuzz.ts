/**
 * Bytes of valid transactions of every kind, changed, through all that a node does with them: decoding, checks at its door,
 * signatures, execution, roots. Whatever comes of it is a code of the tables or a result that keeps every unit; nothing
 * throws, nothing that was signed can be changed, and what is refused leaves no trace in the state root.
 */
import { equalBytes, toHex } from '../../../consensus/primitives/bytes.ts';
import { assert } from '../../../consensus/primitives/codedError.ts';
import { createCrypto } from '../../../consensus/primitives/cryptoPolicy.ts';
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import type { Crypto } from '../../../consensus/primitives/signature.ts';
import {
  type AtomicBatchBody,
  findBodyProblem,
  readAtomicBatchBody,
} from '../../../node/api/atomicBatchBody.ts';
import type { KeyHolder } from '../../../node/scenario/genesis.ts';
import { findBatchProblem } from '../../../settlement/atomic/limits.ts';
import { batchRecordsTable } from '../../../settlement/atomic/tables.ts';
import {
  decodeTransaction,
  encodeTransaction,
  signAndEncodeTransaction,
  type Transaction,
  transactionId,
  verifyTransaction,
} from '../../../settlement/execution/transaction.ts';
import { cosignersOf } from '../../../settlement/execution/transactionBody.ts';
import { inputTables } from '../../../settlement/input/marks.ts';
import { accountsTable } from '../../../settlement/ledger/tables.ts';
import { atomicBatchJson } from '../../../test/helpers/atomicBatchJson.ts';
import { drawInput } from './drawInput.ts';
import { drawTransaction, type TransactionKind, transactionKinds } from './drawTransaction.ts';
import { type Holdings, holdingsOf } from './holdings.ts';
import { knownCodes } from './knownCodes.ts';
import {
  type CaseReport,
  type Choices,
  type LedgerCast,
  LedgerWorld,
  unsignedTransaction,
} from './ledgerWorld.ts';
import { mutateBytes } from './mutateBytes.ts';
import { type Json, mutateJson } from './mutateJson.ts';

/** Blocks before the first case, so that there are escrows, receipts and batches to meet; more follow while it goes on. */
const PAST_BLOCKS = 12;
/** Transactions tried for each block of the past. */
const PAST_TRANSACTIONS = 5;
/** Cases on one state. */
const CASES_PER_STATE = 50;

export function fuzzTransactions(cast: LedgerCast, choices: Choices, caseCount: number): CaseReport {
  const fuzz = new TransactionFuzz(cast, choices);
  for (let index = 0; index < caseCount && fuzz.failures.length === 0; index += 1) fuzz.run(index);
  return fuzz;
}

/** Bodies of `POST /atomic-batches` for valid batches, changed, through the reader and then like any transaction. */
export function fuzzBodies(cast: LedgerCast, choices: Choices, caseCount: number): CaseReport {
  const fuzz = new TransactionFuzz(cast, choices);
  for (let index = 0; index < caseCount && fuzz.failures.length === 0; index += 1) fuzz.runBody(index);
  return fuzz;
}

class TransactionFuzz implements CaseReport {
  readonly failures: string[] = [];
  /** How far cases came: `decoded`, `signed`, `executed ok`, and so on. */
  readonly counts = new Map<string, number>();
  readonly #world: LedgerWorld;
  readonly #crypto: Crypto = createCrypto('full');
  readonly #choices: Choices;
  readonly #byAddress: ReadonlyMap<string, KeyHolder>;
  /** Root and writes of a next block that holds nothing, and what the chain holds. */
  #emptyRoot: Hash = '';
  #emptyWrites: ReadonlySet<string> = new Set();
  #held: Holdings = new Map();
  /** The valid transaction before this one, whose parts get into this one: and now and then all of it does. */
  #other: { readonly bytes: Uint8Array; readonly id: Hash } = { bytes: new Uint8Array(1), id: '' };

  constructor(cast: LedgerCast, choices: Choices) {
    this.#world = new LedgerWorld(cast);
    this.#choices = choices;
    this.#byAddress = new Map([...cast.holders.values()].map((holder) => [holder.address, holder]));
    for (let block = 0; block < PAST_BLOCKS; block += 1) this.#advance();
  }

  run(index: number): void {
    if (index % CASES_PER_STATE === 0) this.#advance();
    const kind = transactionKinds[index % transactionKinds.length];
    const { bytes, id } = this.#draw(kind);
    const mutated = mutateBytes(bytes, this.#other.bytes, this.#choices);
    this.#try(`case ${index}, ${kind}, ${toHex(mutated)}`, () => this.#judge(mutated, [id, this.#other.id]));
    this.#other = { bytes, id };
  }

  runBody(index: number): void {
    if (index % CASES_PER_STATE === 0) this.#advance();
    const { bytes, id } = this.#draw('atomic_batch', true);
    const text = mutateJson(atomicBatchJson(bytes) as Json, this.#choices);
    this.#try(`case ${index}, ${text.slice(0, 4000)}`, () => this.#judgeBody(text, id));
  }

  #draw(
    kind: TransactionKind | undefined,
    isNative = false,
  ): { readonly bytes: Uint8Array; readonly id: Hash } {
    const drawn = drawTransaction(this.#world, this.#world.state, this.#choices, kind);
    const input = isNative
      ? undefined
      : drawInput(this.#world, this.#choices, drawn, (address) => this.#world.holderAt(address));
    if (input !== undefined) return input;
    const { sender, body } = drawn;
    const { chainId } = this.#world.genesis;
    const nonce = this.#world.nextNonce(sender.address);
    const unsigned = unsignedTransaction({ chainId, from: sender.address, nonce, body });
    const cosigners = cosignersOf(body).map((address) => this.#signerOf(this.#byAddress.get(address)));
    return signAndEncodeTransaction(unsigned, this.#signerOf(sender), cosigners);
  }

  #try(what: string, judge: () => void): void {
    try {
      judge();
    } catch (cause) {
      this.failures.push(
        `${what}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
      );
    }
  }

  #judgeBody(text: string, signedId: Hash): void {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      this.#note('no JSON');
      return;
    }
    const problem = findBodyProblem(json);
    if (problem !== undefined) {
      assert(problem.message.length > 0, 'refused without a reason');
      this.#note('refused by the schema');
      return;
    }
    const read = readAtomicBatchBody(json as AtomicBatchBody, this.#world.genesis.chainId);
    if (read.ok) this.#judge(read.value, [signedId]);
    else this.#note(`refused by the reader ${read.code}`);
  }

  #judge(bytes: Uint8Array, signedIds: readonly Hash[]): void {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) {
      this.#note('refused by the decoder', decoded.code);
      return;
    }
    this.#note('decoded');
    const { transaction, id } = decoded.value;
    assert(equalBytes(encodeTransaction(transaction), bytes), 'two encodings of one transaction');
    assert(transactionId(transaction) === id, 'an id that the content does not have');
    const { genesis } = this.#world;
    const verified = verifyTransaction(decoded.value, genesis, this.#crypto);
    if (!verified.ok) this.#note('refused by signature', verified.code);
    else {
      this.#note('signed');
      assert(signedIds.includes(id), 'somebody changed what was signed');
    }
    this.#execute(transaction);
    // Most changes end at the nonce; behind it the same body must be as harmless.
    const nonce = this.#world.nextNonce(transaction.from);
    this.#execute({ ...transaction, nonce, expiresAtHeight: 0, onlyAtHeight: 0 });
  }

  /** As if its signatures had held. */
  #execute(transaction: Transaction): void {
    const { genesis } = this.#world;
    const { body, from } = transaction;
    const problem =
      body.type === 'atomic_batch' ? findBatchProblem(body, from, genesis.atomic, genesis.ledger) : undefined;
    if (problem !== undefined) this.#note('refused at the door', problem.code);
    const { state, execution } = this.#world.begin();
    const verdict = execution.addTransaction(transaction, transactionId(transaction));
    const { stateRoot, layer } = execution.finish();
    if (!verdict.ok) {
      this.#note('refused by the block', verdict.code);
      assert(stateRoot === this.#emptyRoot, 'a refused transaction changed the state root');
      return;
    }
    this.#note(verdict.value === 'ok' ? 'executed' : 'failed', verdict.value);
    assert(problem === undefined || verdict.value !== 'ok', 'executed what the door refuses');
    const held = holdingsOf(state, genesis.ledger);
    for (const [asset, amount] of this.#held) {
      assert(held.get(asset) === amount, `${asset} changed from ${amount} to ${held.get(asset)}`);
    }
    if (verdict.value === 'ok') return;
    const isInput = transaction.auth.type === 'input';
    const before = this.#world.state.get(accountsTable, from);
    const after = state.get(accountsTable, from);
    for (const { table, key } of layer.encoded().writes) {
      const isTrace =
        table === batchRecordsTable.id ||
        (table === accountsTable.id && key === from) ||
        (isInput && inputTables.some(({ id }) => id === table));
      assert(isTrace || this.#emptyWrites.has(`${table}/${key}`), `a failure wrote ${table}/${key}`);
    }
    for (const row of ['balances', 'deposits', 'debts'] as const) {
      const [was, is] = [before?.[row] ?? [], after?.[row] ?? []];
      const isSame = is.every((amount, index) => amount === (was[index] ?? 0n));
      assert(isSame, `a failure changed ${row} of its sender`);
    }
  }

  /** Goes on by a block of valid transactions. */
  #advance(): void {
    const world = this.#world;
    const { state, execution } = world.begin();
    for (let left = PAST_TRANSACTIONS; left > 0; left -= 1) {
      const drawn = drawTransaction(world, state, this.#choices);
      const { sender, body } = drawn;
      const input = drawInput(world, this.#choices, drawn, (address) => world.holderAt(address));
      if (input !== undefined) {
        execution.addTransaction(input.transaction, input.id);
        continue;
      }
      const nonce = world.nextNonce(sender.address, state);
      const { chainId } = world.genesis;
      const transaction = unsignedTransaction({ chainId, from: sender.address, nonce, body });
      execution.addTransaction(transaction, transactionId(transaction));
    }
    world.keep(execution.finish());
    const empty = world.begin().execution.finish();
    this.#emptyRoot = empty.stateRoot;
    this.#emptyWrites = new Set(empty.layer.encoded().writes.map(({ table, key }) => `${table}/${key}`));
    this.#held = holdingsOf(world.state, world.genesis.ledger);
  }

  #note(depth: string, code?: string): void {
    if (code !== undefined) assert(knownCodes.has(code), `the code ${code} is not in the tables`);
    const name = code === undefined ? depth : `${depth} ${code}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  #signerOf(holder: KeyHolder | undefined) {
    assert(holder !== undefined, 'the drawn signer has a key');
    return this.#crypto.createSigner(holder.secretKey);
  }
}
