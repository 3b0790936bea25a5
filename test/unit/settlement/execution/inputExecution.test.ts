import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../../../consensus/primitives/codec.ts';
import type { Hash } from '../../../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../../../consensus/primitives/keys.ts';
import { evmAddressOf } from '../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../consensus/primitives/secp256k1.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { BlockExecution } from '../../../../settlement/execution/blockExecution.ts';
import { createGenesisState } from '../../../../settlement/execution/genesisState.ts';
import { inputRequestId } from '../../../../settlement/execution/inputAuth.ts';
import type { ExecutionResult } from '../../../../settlement/execution/result.ts';
import { decodeTransaction } from '../../../../settlement/execution/transaction.ts';
import { DROPPED_BLOCKS_MAX, inputMarkOf, inputTables } from '../../../../settlement/input/marks.ts';
import { sealJson } from '../../../../settlement/input/sealedJson.ts';
import { accountOf } from '../../../../settlement/ledger/accounts.ts';
import { type AnyTable, State, type Table } from '../../../../settlement/state.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';
import { hashOf, Signatory } from '../../../helpers/signatory.ts';
import { signUserInput, transactionOfInput, type WishedInput } from '../../../helpers/userInputs.ts';
import { settlementBlock } from '../net/netFixture.ts';

const genesisMs = 1_700_000_000_000;
const spanMs = 60_000;
const futureMs = 10_000;
const parts = createGenesis(
  scenarioOf(`
name: inputs
duration: 30s
config:
  chain: { genesis_ms: ${genesisMs} }
  settlement: { batch_size: 100, batch_size_max: 100 }
  batcher: { namespace: app, freshness_past_ms: 30000, freshness_future_ms: ${futureMs}, execution_span_ms: ${spanMs} }
auto_fund: false
accounts: { alice: { balances: { UM: 1000 }, deposits: { UM: 100000 } } }
timeline:
  - { at: { block: 9 }, account: alice, borrow: { asset: UM, amount: 10 } }
`),
);
const { genesis } = parts;
const alice = new Signatory(parts).account('alice');
const evmKey = deriveSecretKey(1, 'evm');
const evmAccount = evmAddressOf(secp256k1.publicKeyOf(evmKey));

/** The ledger of one node, block after block. */
class Node {
  readonly #base = createGenesisState(genesis);
  #stateRoot: Hash = this.#base.stateRoot;
  #execution: BlockExecution | undefined;
  #height = 1;
  timestampMs = 0;

  get state(): State {
    return new State([this.#base.base]);
  }

  get stateRoot(): Hash {
    return this.#stateRoot;
  }

  get block(): BlockExecution {
    this.#execution ??= new BlockExecution(genesis, this.state, {
      height: this.#height,
      timestampMs: this.timestampMs,
      parentStateRoot: this.#stateRoot,
      settlementBlocks: [],
      origin: settlementBlock(0),
    });
    return this.#execution;
  }

  /** Puts an input into the block, as everybody does who gets its bytes. */
  add(bytes: Uint8Array): unknown {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) throw new Error(decoded.message);
    const verdict = this.block.addTransaction(decoded.value.transaction, decoded.value.id);
    return verdict.ok ? verdict.value : verdict.code;
  }

  post(bytes: Uint8Array): unknown {
    const verdict = this.block.addPostedInput(bytes);
    return verdict.ok ? verdict.value.result : verdict.code;
  }

  /** Ends the block; the next one comes so much later. */
  finish(laterMs = 2000): ExecutionResult {
    const result = this.block.finish();
    this.#base.base.absorb(result.layer);
    this.#stateRoot = result.stateRoot;
    this.#execution = undefined;
    this.#height += 1;
    this.timestampMs += laterMs;
    return result;
  }

  balance(address: string): bigint {
    const index = genesis.ledger.assets.findIndex(({ symbol }) => symbol === 'UM');
    return accountOf(this.state, genesis.ledger, address).balances[index] ?? 0n;
  }

  /** All rows about inputs. */
  get rows(): number {
    return inputTables.reduce((sum, table) => sum + this.state.entries(table as Table<unknown>).length, 0);
  }
}

function inputOf(input: string, wish: Partial<WishedInput> = {}, key = alice.secretKey) {
  const data = signUserInput(key, { input, timestamp: genesisMs, namespace: 'app', ...wish });
  const made = transactionOfInput(genesis, genesis.chainId, data);
  const { auth } = made.transaction;
  if (auth.type !== 'input') throw new TypeError('no input');
  return { ...made, data, requestId: inputRequestId({ ...made.transaction, auth }, 'app') };
}

describe('an input in a block', () => {
  it('is executed once, takes no nonce, and leaves its mark, its receipt and a fact', () => {
    const node = new Node();
    const { bytes, id, requestId } = inputOf(`transfer|${evmAccount}|UM|300`);
    expect(node.add(bytes)).toBe('ok');
    expect(node.add(bytes)).toBe('INPUT_ALREADY_EXECUTED');
    const { receipts, inputFacts } = node.finish();
    expect(receipts).toEqual([{ transactionId: id, type: 'transfer', from: alice.address, result: 'ok' }]);
    const fact = { requestId, transactionId: id, from: alice.address, result: 'ok' };
    expect(inputFacts).toEqual([{ type: 'input_executed', ...fact, route: 'transaction' }]);
    expect(inputMarkOf(node.state, requestId)).toEqual({ height: 1, transactionId: id, result: 'ok' });
    expect(node.add(bytes)).toBe('INPUT_ALREADY_EXECUTED');
    expect(node.finish().inputFacts).toEqual([]);
    expect(node.balance(evmAccount)).toBe(300n);
    expect(accountOf(node.state, genesis.ledger, alice.address).nonce).toBe(0);
  });

  it('is the same in every variant that nodes are sent, and every node ends alike', () => {
    const nodes = [new Node(), new Node()] as const;
    const first = inputOf(`transfer|${evmAccount}|UM|300`);
    for (const node of nodes) {
      expect(node.add(first.bytes)).toBe('ok');
      node.finish();
    }
    const sent = signUserInput(evmKey, {
      input: `transfer|${alice.address}|UM|100`,
      timestamp: genesisMs + 2000,
      namespace: 'app',
      scheme: 'secp256k1',
    });
    const loud = { ...sent, address: `0x${sent.address.slice(2).toUpperCase()}` };
    const [one, two] = [sent, loud].map((data) => transactionOfInput(genesis, genesis.chainId, data));
    if (one === undefined || two === undefined) throw new RangeError('two');
    expect(nodes[0].add(one.bytes)).toBe('ok');
    expect(nodes[0].add(two.bytes)).toBe('INPUT_ALREADY_EXECUTED');
    expect(nodes[1].add(two.bytes)).toBe('ok');
    expect(nodes[1].add(one.bytes)).toBe('INPUT_ALREADY_EXECUTED');
    expect(nodes[0].finish().stateRoot).toBe(nodes[1].finish().stateRoot);
    expect(nodes[0].balance(evmAccount)).toBe(200n);
  });

  it('that fails on the ledger is executed all the same: never again, even once it could', () => {
    const node = new Node();
    const poor = inputOf(`transfer|${alice.address}|UM|5`, { scheme: 'secp256k1' }, evmKey);
    const result = node.add(poor.bytes) as string;
    expect(result).toMatch(/^LEDGER_/);
    expect(node.finish().receipts).toMatchObject([{ result }]);
    expect(inputMarkOf(node.state, poor.requestId)).toMatchObject({ height: 1, result });
    expect(node.add(inputOf(`transfer|${evmAccount}|UM|300`).bytes)).toBe('ok');
    expect(node.add(poor.bytes)).toBe('INPUT_ALREADY_EXECUTED');
  });

  it('may be an atomic batch, which takes its gas', () => {
    const node = new Node();
    const batch = {
      type: 'atomic_batch',
      batch_id: hashOf('0b'),
      expires_at_height: 5,
      requests: [
        { settlement_id: hashOf('51'), from: alice.address, to: evmAccount, amount: '200', asset: 'UM' },
      ],
    };
    const { bytes } = inputOf(sealJson(batch));
    expect(node.add(bytes)).toBe('ok');
    expect(node.block.gasUsed).toBeGreaterThan(0);
    expect(node.finish().atomicFacts).toMatchObject([{ type: 'atomic_batch_completed' }]);
    expect(node.balance(evmAccount)).toBe(199n);
  });

  it.each([
    ['as old as may be', -spanMs, 'ok'],
    ['older than that', -spanMs - 1, 'INPUT_EXPIRED'],
    ['as far ahead as may be', futureMs, 'ok'],
    ['further ahead than that', futureMs + 1, 'INPUT_TOO_EARLY'],
  ])('signed %s: %s ms from the block is %s', (_, ms, result) => {
    const node = new Node();
    node.finish(120_000);
    const { bytes } = inputOf('deposit|UM|1', { timestamp: genesisMs + 120_000 + ms });
    expect(node.add(bytes)).toBe(result);
    expect(node.post(bytes)).toBe(result === 'ok' ? 'INPUT_ALREADY_EXECUTED' : result);
  });

  it('leaves a state without inputs as it was before there were any', () => {
    const node = new Node();
    const { layer } = node.finish();
    expect(inputTables.every((table) => layer.rows(table as AnyTable) === undefined)).toBe(true);
    expect(node.rows).toBe(0);
  });
});

describe('an input that came by the settlement chain', () => {
  it('is executed with the same mark and receipt as one in a transaction', () => {
    const node = new Node();
    const [posted, sent] = [inputOf('deposit|UM|1'), inputOf('deposit|UM|2')];
    expect(node.post(posted.bytes)).toBe('ok');
    expect(node.post(posted.bytes)).toBe('INPUT_ALREADY_EXECUTED');
    expect(node.add(posted.bytes)).toBe('INPUT_ALREADY_EXECUTED');
    expect(node.add(sent.bytes)).toBe('ok');
    const { receipts, inputFacts } = node.finish();
    expect(receipts.map(({ transactionId }) => transactionId)).toEqual([posted.id, sent.id]);
    expect(inputFacts.map(({ route, requestId }) => [route, requestId])).toEqual([
      ['posted', posted.requestId],
      ['transaction', sent.requestId],
    ]);
    expect(node.post(sent.bytes)).toBe('INPUT_ALREADY_EXECUTED');
  });

  it('is verified: whatever else is posted changes nothing and stops no block', () => {
    const node = new Node();
    const { bytes } = inputOf('deposit|UM|1');
    const forged = Uint8Array.from(bytes);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    expect(node.post(forged)).toBe('TRANSACTION_SIGNATURE_INVALID');
    expect(node.post(new Uint8Array(0))).toBe('ENCODING_INVALID');
    expect(node.post(bytes.subarray(1))).toBe('ENCODING_INVALID');
    const native = new Signatory(parts).transaction(alice, { type: 'deposit', asset: 'UM', amount: 1n });
    expect(node.post(native)).toBe('TRANSACTION_INPUT_INVALID');
    expect(node.block.gasUsed).toBe(0);
    const untouched = new Node();
    expect(node.finish().stateRoot).toBe(untouched.finish().stateRoot);
  });
});

describe('marks of inputs', () => {
  /** Until then an input that this block let in could be executed. */
  const lifeMs = spanMs + futureMs;

  it('stay as long as their input could be executed again, and then go', () => {
    const node = new Node();
    const { bytes, requestId } = inputOf('deposit|UM|1', { timestamp: genesisMs + futureMs });
    expect(node.add(bytes)).toBe('ok');
    node.finish(lifeMs);
    // The last block in which it is young enough.
    expect(node.add(bytes)).toBe('INPUT_ALREADY_EXECUTED');
    node.finish(1);
    expect(node.add(bytes)).toBe('INPUT_EXPIRED');
    expect(inputMarkOf(node.state, requestId)).toBeDefined();
    node.finish();
    expect(inputMarkOf(node.state, requestId)).toBeUndefined();
    // What is left says where the next one goes.
    expect(node.rows).toBe(1);
  });

  it('go by few blocks at a time, also after the chain stood still', () => {
    const node = new Node();
    const perBlock = 3;
    for (let block = 0; block < 5; block += 1) {
      for (let amount = 1; amount <= perBlock; amount += 1) {
        const { bytes } = inputOf(`deposit|UM|${amount}`, { timestamp: genesisMs + node.timestampMs });
        expect(node.add(bytes)).toBe('ok');
      }
      node.finish(block < 4 ? 2000 : 10 * lifeMs);
    }
    const rowsOf = (blocks: number): number => blocks * (perBlock + 1) + 1;
    expect(node.rows).toBe(rowsOf(5));
    for (const left of [5 - DROPPED_BLOCKS_MAX, 5 - 2 * DROPPED_BLOCKS_MAX, 0]) {
      node.finish();
      expect(node.rows).toBe(rowsOf(Math.max(0, left)));
    }
    // And the shelf is used again.
    expect(node.add(inputOf('deposit|UM|9', { timestamp: genesisMs + node.timestampMs }).bytes)).toBe('ok');
    node.finish();
    expect(node.rows).toBe(3);
  });

  it('survive a restart: every row is read as it was written', () => {
    const node = new Node();
    node.add(inputOf('deposit|UM|1').bytes);
    node.add(inputOf('withdraw|UM|2').bytes);
    node.finish();
    for (const table of inputTables as readonly Table<unknown>[]) {
      const rows = node.state.entries(table);
      expect(rows.length).toBeGreaterThan(0);
      for (const [, row] of rows) {
        const bytes = encode((writer) => table.write(writer, row));
        expect(decode(bytes, (reader) => table.read(reader))).toEqual({ ok: true, value: row });
      }
    }
  });
});
