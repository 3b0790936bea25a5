import { describe, expect, it } from 'vitest';
import { type Block, createBlock, createGenesisBlock, type Header } from '../../../../consensus/block.ts';
import { createDoubleVote } from '../../../../consensus/evidence.ts';
import { utf8 } from '../../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../../consensus/primitives/ed25519.ts';
import { merkleRoot } from '../../../../consensus/primitives/merkle.ts';
import { SidechainGrammar } from '../../../../node/batcher/input/sidechainGrammar.ts';
import { BlockTree, type ExecutedBlock } from '../../../../node/core/blockTree.ts';
import type { EvidenceItem } from '../../../../node/core/evidencePool.ts';
import { Executor } from '../../../../node/core/executor.ts';
import { inputTermsOf } from '../../../../node/core/inputTerms.ts';
import { Mempool } from '../../../../node/core/mempool.ts';
import type { ExecutionCache } from '../../../../node/core/ports.ts';
import { SettlementView } from '../../../../node/core/settlementView.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { createSettlementChain } from '../../../../node/scenario/settlementChain.ts';
import { encodeEvidence, evidenceId } from '../../../../settlement/execution/evidence.ts';
import { transactionGas } from '../../../../settlement/execution/gas.ts';
import type { Genesis } from '../../../../settlement/execution/genesis.ts';
import { createGenesisState } from '../../../../settlement/execution/genesisState.ts';
import { signedTextOfInput } from '../../../../settlement/execution/inputAuth.ts';
import { blockEpochMs } from '../../../../settlement/execution/inputBook.ts';
import { createInputTransaction } from '../../../../settlement/execution/inputTransaction.ts';
import { decodeTransaction } from '../../../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { inputTextOf } from '../../../../settlement/input/inputText.ts';
import type { InputBody, SignedInput } from '../../../../settlement/input/types.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';
import { hashOf, nullifyIn, Signatory, withWrongSignature } from '../../../helpers/signatory.ts';

const scenario = scenarioOf(`
name: executor
duration: 30s
config: { settlement: { batch_size: 1 } }
auto_fund: false
accounts:
  alice: { balances: { UM: 1000 }, deposits: { UM: 100000 } }
  a: { balances: {} }
  b: { balances: {} }
  c: { balances: {} }
  d: { balances: {} }
  e: { balances: {} }
  f: { balances: {} }
timeline:
  - { at: { block: 9 }, account: alice, borrow: { asset: UM, amount: 10 } }
`);
const parts = createGenesis(scenario);
const { chainId, validators } = parts.genesis;
const keys = new Signatory(parts);
const alice = keys.account('alice');
const settlementGenesis = createSettlementChain(scenario, {
  chainId,
  validators,
  verifier: keys.crypto,
}).genesis;

const borrowing = keys.transaction(alice, { type: 'borrow', asset: 'UM', amount: 10n });
/** Pays one unit each, all from one account. */
function batchBody(requestCount: number, metadata = '', payer = alice): TransactionBody {
  const requests = Array.from({ length: requestCount }, (_, index) => ({
    settlementId: `0x${index.toString(16).padStart(64, '0')}`,
    from: payer.address,
    to: hashOf('11'),
    amount: 1n,
    asset: 'UM',
    kind: 'immediate' as const,
    metadata,
  }));
  return {
    type: 'atomic_batch',
    signers: [],
    batch: { batchId: hashOf('0b'), expiresAtHeight: 9, requests },
  };
}

const transfers = [0, 1, 2].map((nonce) =>
  keys.transaction(alice, { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1n }, { nonce }),
);

interface World {
  readonly executor: Executor;
  readonly genesisBlock: Block;
  offer(transactions: readonly Uint8Array[]): void;
  build(evidence?: readonly EvidenceItem[]): Block;
}

function worldOf(changes: Partial<Genesis> = {}, executions?: ExecutionCache): World {
  const genesis = { ...parts.genesis, ...changes };
  const { base, stateRoot } = createGenesisState(genesis);
  const { blockTimeMs, settlementGenesisHash } = genesis;
  const genesisBlock = createGenesisBlock({ chainId, blockTimeMs, stateRoot, settlementGenesisHash });
  const settlement = new SettlementView(genesis, {
    height: settlementGenesis.height,
    hash: settlementGenesis.hash,
  });
  settlement.add(settlementGenesis);
  const mempool = new Mempool();
  const executor = new Executor(
    { genesis, self: 0 },
    { crypto: keys.crypto, executions, messages: undefined },
    { tree: new BlockTree(base, genesisBlock, stateRoot), settlement, mempool },
  );
  return {
    executor,
    genesisBlock,
    offer: (transactions) => {
      for (const bytes of transactions) {
        const prepared = executor.prepare(bytes);
        if (!prepared.ok) continue;
        const terms = inputTermsOf(prepared.value.transaction, genesis);
        if (terms === undefined) mempool.add(prepared.value, { height: 0 }, { nonce: 0 });
        else mempool.addInput(prepared.value, terms);
      }
    },
    build: (evidence = []) => {
      const block = executor.build(genesisBlock, { view: 1, timestampMs: 0 }, evidence);
      if (block === undefined) throw new Error('nothing was built');
      return block;
    },
  };
}

function blockOf(transactions: readonly Uint8Array[], evidence: readonly EvidenceItem[] = []): Block {
  const leader = worldOf();
  leader.offer(transactions);
  return leader.build(evidence);
}

/** A block whose header names exactly this body, whatever the body is worth. */
function carrying(transactions: readonly Uint8Array[], evidence: readonly Uint8Array[] = []): Block {
  const ids = transactions.map((bytes) => {
    const decoded = decodeTransaction(bytes);
    return decoded.ok ? decoded.value.id : hashOf('00');
  });
  const { header } = blockOf([]);
  return createBlock({ ...header, transactionsRoot: merkleRoot(ids) }, { transactions, evidence });
}

function itemOf(voter: number): EvidenceItem {
  const evidence = keys.evidence(voter);
  return { id: evidenceId(evidence), bytes: encodeEvidence(evidence), validator: voter };
}

function execute(block: Block) {
  const voter = worldOf();
  return voter.executor.execute(block, voter.genesisBlock);
}

describe('Executor', () => {
  it('executes what a leader built, and finds the same roots', () => {
    const block = blockOf([borrowing], [itemOf(3)]);
    expect(block.body).toEqual({ transactions: [borrowing], evidence: [itemOf(3).bytes] });
    expect(worldOf().executor.checkBody(block)).toMatchObject({ ok: true });
    expect(execute(block)).toMatchObject({ ok: true });
  });

  const roots = ['stateRoot', 'receiptsRoot', 'transactionsRoot', 'batchCommitment'] as const;
  it.each(roots)('refuses a header with another %s', (root) => {
    const { header, body } = blockOf([borrowing]);
    expect(header[root]).not.toBe(hashOf('cd'));
    const forged: Header = { ...header, [root]: hashOf('cd') };
    expect(execute(createBlock(forged, body))).toMatchObject({ ok: false, code: 'BLOCK_ROOT_MISMATCH' });
  });

  describe('checking a body', () => {
    const { executor } = worldOf();

    it.each([
      ['a wrong signature', withWrongSignature(borrowing)],
      [
        'a transaction of another chain',
        keys.transaction(alice, { type: 'settle_now' }, { chainId: hashOf('0c') }),
      ],
      ['bytes that are no transaction', new Uint8Array([1, 2, 3])],
    ])('refuses %s', (_, bytes) => {
      expect(executor.checkBody(carrying([bytes]))).toMatchObject({ code: 'BLOCK_TRANSACTION_INVALID' });
    });

    it('does not take the signature of its own pool for that of the block', () => {
      const world = worldOf();
      world.offer([borrowing]);
      expect(world.executor.checkBody(carrying([withWrongSignature(borrowing)]))).toMatchObject({
        code: 'BLOCK_TRANSACTION_INVALID',
      });
    });

    const votes = createDoubleVote(keys.vote(1, nullifyIn(1)), keys.vote(1, nullifyIn(2)));
    it.each([
      ['a wrong signature', withWrongSignature(itemOf(3).bytes)],
      ['votes that may stand beside each other', encodeEvidence({ type: 'votes', votes })],
      ['bytes that are no evidence', new Uint8Array([1, 2, 3])],
    ])('refuses evidence with %s', (_, bytes) => {
      expect(executor.checkBody(carrying([], [bytes]))).toMatchObject({ code: 'BLOCK_EVIDENCE_INVALID' });
    });

    it('refuses a body that the header does not name', () => {
      const { header } = blockOf([borrowing]);
      const other = createBlock(header, { transactions: [transfers[0] as Uint8Array], evidence: [] });
      expect(executor.checkBody(other)).toMatchObject({ code: 'BLOCK_ROOT_MISMATCH' });
    });

    it('refuses more transactions than allowed', () => {
      const block = blockOf(transfers);
      expect(worldOf({ blockTransactionsMax: 3 }).executor.checkBody(block)).toMatchObject({ ok: true });
      expect(worldOf({ blockTransactionsMax: 2 }).executor.checkBody(block)).toMatchObject({
        code: 'BLOCK_TOO_LARGE',
      });
    });

    it('refuses more bytes than allowed, evidence counted', () => {
      const block = blockOf(transfers, [itemOf(3)]);
      const byteCount = [...block.body.transactions, ...block.body.evidence].reduce(
        (sum, bytes) => sum + bytes.length + 4,
        512,
      );
      expect(worldOf({ blockBytesMax: byteCount }).executor.checkBody(block)).toMatchObject({ ok: true });
      expect(worldOf({ blockBytesMax: byteCount - 1 }).executor.checkBody(block)).toMatchObject({
        code: 'BLOCK_TOO_LARGE',
      });
    });
  });

  describe('building', () => {
    it('leaves out what exceeds the transaction limit', () => {
      const leader = worldOf({ blockTransactionsMax: 2 });
      leader.offer(transfers);
      expect(leader.build().body.transactions).toEqual(transfers.slice(0, 2));
    });

    it('leaves out what exceeds the byte limit', () => {
      const [first] = transfers;
      const leader = worldOf({ blockBytesMax: 512 + 2 * ((first?.length ?? 0) + 4) });
      leader.offer(transfers);
      expect(leader.build().body.transactions).toEqual(transfers.slice(0, 2));
    });

    /** What somebody without any money can send for each block, as often as he likes. */
    const anchoredBy = (label: string, body?: TransactionBody): Uint8Array =>
      keys.transaction(
        keys.account(label),
        body ?? { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1n },
        { onlyAtHeight: 1 },
      );
    const crowd = ['a', 'b', 'c', 'd', 'e', 'f'].map((label) => anchoredBy(label));

    it('gives anchored transactions half of a block first, and what is left of it last', () => {
      const leader = worldOf({ blockTransactionsMax: 6 });
      leader.offer([...crowd, borrowing]);
      expect(leader.build().body.transactions).toEqual([
        ...crowd.slice(0, 3),
        borrowing,
        ...crowd.slice(3, 5),
      ]);
    });

    it('lets nobody who anchors enough bytes to every block keep the others out', () => {
      const [first] = crowd;
      const leader = worldOf({ blockBytesMax: 512 + 4 * ((first?.length ?? 0) + 4) });
      leader.offer([...crowd, borrowing]);
      expect(leader.build().body.transactions).toContainEqual(borrowing);
    });

    it('lets nobody who anchors enough gas to every block keep the batches of others out', () => {
      const body = batchBody(50, '', keys.account('a'));
      const greedy = anchoredBy('a', body);
      const leader = worldOf({
        atomic: { ...parts.genesis.atomic, gasMax: transactionGas({ auth: { type: 'native' }, body }) },
      });
      const modest = keys.transaction(alice, batchBody(2));
      leader.offer([greedy, modest]);
      expect(leader.build().body.transactions).toEqual([modest]);
    });
  });

  it('refuses a transaction that cannot stand in the block', () => {
    const { header, body } = blockOf([borrowing]);
    const transactions = [...body.transactions, ...body.transactions];
    expect(execute(createBlock(header, { ...body, transactions }))).toMatchObject({
      code: 'BLOCK_TRANSACTION_INVALID',
    });
  });

  it('waits for a settlement block that it does not know', () => {
    const { header, body } = blockOf([]);
    const origin = { height: 1, hash: hashOf('ee') };
    expect(execute(createBlock({ ...header, origin }, body))).toMatchObject({ code: 'SETTLEMENT_UNKNOWN' });
  });

  it('takes another node’s result for the very same bytes only', () => {
    const shared = new Map<string, ExecutedBlock>();
    const cache: ExecutionCache = {
      get: ({ hash }) => shared.get(hash),
      set: (executed) => shared.set(executed.block.hash, executed),
    };
    const leader = worldOf({}, cache);
    leader.offer([borrowing]);
    const block = leader.build();
    const damaged = createBlock(block.header, {
      transactions: [withWrongSignature(borrowing)],
      evidence: [],
    });
    expect(damaged.hash).toBe(block.hash);
    const voter = worldOf({}, cache);
    expect(voter.executor.checkBody(damaged)).toMatchObject({ code: 'BLOCK_TRANSACTION_INVALID' });
    const result = voter.executor.execute(block, voter.genesisBlock);
    expect(result.ok && result.value).toBe(shared.get(block.hash));
  });
});

describe('the limits of batches', () => {
  const verdictOf = (body: TransactionBody, changes: Partial<Genesis> = {}) => {
    const { executor } = worldOf(changes);
    const prepared = executor.prepare(keys.transaction(alice, body));
    return prepared.ok ? executor.verify(prepared.value) : prepared;
  };

  it('are held to at the door, before any signature is checked', () => {
    expect(verdictOf(batchBody(1000))).toMatchObject({ ok: true });
    expect(verdictOf(batchBody(1001))).toMatchObject({
      code: 'BATCH_TOO_LARGE',
      details: { size: 1001, max: 1000 },
    });
    const unsigned = worldOf();
    const prepared = unsigned.executor.prepare(withWrongSignature(keys.transaction(alice, batchBody(1001))));
    expect(prepared.ok && unsigned.executor.verify(prepared.value)).toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
  });

  it('refuse what no block can hold', () => {
    expect(verdictOf(batchBody(10, 'x'.repeat(4000)), { blockBytesMax: 30_000 })).toMatchObject({
      code: 'TRANSACTION_TOO_LARGE',
      details: { max: 30_000 - 516 },
    });
  });

  it('make a block invalid that goes beyond them, in one transaction or in all together', () => {
    const bodyOf = (transactions: readonly Uint8Array[], changes: Partial<Genesis> = {}) => {
      const { executor, genesisBlock } = worldOf(changes);
      const header = { ...genesisBlock.header, height: 1, view: 1 };
      return executor.checkBody(createBlock(header, { transactions, evidence: [] }));
    };
    expect(bodyOf([keys.transaction(alice, batchBody(1001))])).toMatchObject({
      code: 'BLOCK_TRANSACTION_INVALID',
      message: 'the batch holds more requests than allowed',
    });
    const atomic = { ...parts.genesis.atomic, gasMax: 20_000 };
    const two = [0, 1].map((nonce) => keys.transaction(alice, batchBody(1000), { nonce }));
    expect(bodyOf(two.slice(1), { atomic })).toMatchObject({ code: 'BLOCK_ROOT_MISMATCH' });
    expect(bodyOf(two, { atomic })).toMatchObject({
      code: 'BLOCK_TRANSACTION_INVALID',
      message: 'more gas than allowed',
    });
  });
});

describe('a batch that comes as an input', () => {
  const { inputs, ledger } = parts.genesis;
  /** Differs from others in its timestamp alone. */
  function inputOf(number: number): Uint8Array {
    const timestamp = blockEpochMs(parts.genesis, 0) + number;
    const head = { from: alice.address, timestamp, target: undefined, form: 'json' } as const;
    const input: SignedInput = { ...head, body: body as InputBody, cosignatures: [] };
    const text = utf8(signedTextOfInput(input, inputs.namespace));
    return createInputTransaction(chainId, input, ed25519.sign(alice.secretKey, text)).bytes;
  }
  const body = batchBody(3, '"'.repeat(500));
  const native = transactionGas({ auth: { type: 'native' }, body });
  const gas = transactionGas({ auth: { type: 'input' }, body });
  const limited = (gasMax: number) => ({ atomic: { ...parts.genesis.atomic, gasMax } });
  /** What the door of a batcher says, and a node that gets the transaction. */
  function doorsOf(gasMax: number): readonly unknown[] {
    const { executor } = worldOf(limited(gasMax));
    const prepared = executor.prepare(inputOf(0));
    const verified = prepared.ok ? executor.verify(prepared.value) : prepared;
    const text = inputTextOf({ form: 'json', body: body as InputBody, cosignatures: [] });
    const parsed = new SidechainGrammar({ ledger, ...limited(gasMax) }).parse(text, alice.address);
    return [verified, parsed].map((verdict) => (verdict.ok ? 'ok' : [verdict.code, verdict.details?.gas]));
  }

  it('costs more than the same batch as a transaction, and no door takes it where no block can', () => {
    expect(gas).toBeGreaterThan(native + 300);
    expect(doorsOf(gas)).toEqual(['ok', 'ok']);
    expect(doorsOf(gas - 1)).toEqual(Array(2).fill(['BATCH_GAS_TOO_HIGH', gas]));
    const { executor } = worldOf(limited(native));
    const prepared = executor.prepare(keys.transaction(alice, body));
    expect(prepared.ok && executor.verify(prepared.value)).toMatchObject({ ok: true });
  });

  it('stands in blocks up to their gas, and leader and validators count alike', () => {
    const both = [inputOf(0), inputOf(1)];
    const judge = (block: Block, gasMax: number): unknown => {
      const { executor, genesisBlock } = worldOf(limited(gasMax));
      const checked = executor.checkBody(block);
      const outcome = checked.ok ? executor.execute(block, genesisBlock) : checked;
      return outcome.ok ? 'ok' : outcome.message;
    };
    const blockWithin = (gasMax: number): Block => {
      const leader = worldOf(limited(gasMax));
      leader.offer(both);
      return leader.build();
    };
    const [full, short] = [blockWithin(2 * gas), blockWithin(2 * gas - 1)];
    expect(full.body.transactions).toEqual(both);
    expect(judge(full, 2 * gas)).toBe('ok');
    expect(judge(full, 2 * gas - 1)).toBe('more gas than allowed');
    expect(short.body.transactions).toEqual([inputOf(0)]);
    expect(judge(short, 2 * gas - 1)).toBe('ok');
  });
});
