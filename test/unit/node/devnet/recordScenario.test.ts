import { describe, expect, it } from 'vitest';
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import type { ShownBatch } from '../../../../node/api/batchRoutes.ts';
import { makeRecording, type NetworkToRecord } from '../../../../node/cli/recording.ts';
import type { ChainSource, RecordedBlock } from '../../../../node/devnet/record/chainRecord.ts';
import { recordScenario } from '../../../../node/devnet/record/recordScenario.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';
import { TransactionFeed } from '../../../../node/scenario/timeline.ts';
import type { Scenario } from '../../../../node/scenario/types.ts';
import { writeScenario } from '../../../../node/simulation/fuzz/writeScenario.ts';
import { runSimulation } from '../../../../node/simulation/run.ts';
import { orderIdOf } from '../../../../settlement/atomic/order.ts';
import { signVoucher } from '../../../../settlement/atomic/voucher.ts';
import { encodeTransaction, signTransaction } from '../../../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';

/** Every kind of transaction; operators seal one window early and make later ones shorter. */
const SCENARIO = `
name: original
seed: 11
duration: 80s
config: { settlement: { batch_size: 4 }, ledger: { treasury_keepers: [alice, bob, eve], treasury_threshold: 2 } }
timeline:
  - { at: { block: 1 }, account: alice, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 1 }, account: bob, deposit: { asset: USDC, amount: 80 } }
  - { at: { block: 2 }, account: alice, transfer: { to: bob, asset: UM, amount: 100 } }
  - { at: { block: 3 }, account: bob, withdraw: { asset: USDC, amount: 30 } }
  - { at: { block: 4 }, account: alice, repay: { asset: UM, amount: 100 } }
  - { at: { block: 5 }, price: { asset: UM, price: 900000000000 } }
  - { at: { block: 6 }, account: carol, liquidate: { borrower: alice, debt_asset: UM, amount: 50, collateral_asset: USDC } }
  - { at: { block: 7 }, settle_now: true }
  - { at: { block: 8 }, set_batch_size: 2 }
  - { at: { block: 9 }, account: dave, borrow: { asset: USDC, amount: 7 } }
  - { at: { block: 12 }, account: dave, borrow: { asset: USDC, amount: 9 } }
  - { at: { block: 13 }, unjail: node-1 }
  - { at: { block: 13 }, account: alice, treasury_propose: { id: "0xa7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7", asset: UM, amount: 3, to: carol, expires_after_blocks: 5 } }
  - { at: { block: 14 }, account: bob, treasury_approve: { id: "0xa7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7", asset: UM, amount: 3, to: carol } }
  - { at: { block: 14 }, fee_propose: { node: node-2, id: "0xfefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe", network_fee_bps: 20 } }
  - { at: { block: 15 }, fee_vote: { node: node-0, id: "0xfefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe", network_fee_bps: 20, vote: "no" } }
`;
const BLOCKS = 16;

/** The chain that a network of this scenario makes: its blocks, and its batches as the API shows them. */
class FakeNetwork {
  readonly scenario: Scenario = scenarioOf(SCENARIO);
  readonly parts = createGenesis(this.scenario);
  readonly crypto = createCrypto('full');
  readonly result = runSimulation(this.scenario);
  readonly blocks: RecordedBlock[] = [];

  constructor() {
    const feed = new TransactionFeed(this.scenario, this.parts, this.crypto);
    for (let height = 1; height <= BLOCKS; height += 1) {
      this.blocks.push({ height, transactions: feed.forBlock(height), evidenceCount: 0 });
    }
  }

  get batches(): readonly ShownBatch[] {
    return this.result.batches.map(
      (batch) => ({ ...batch, commitment: '', attempts: shown(batch.attempts) }) as ShownBatch,
    );
  }

  network(changes: Partial<ChainSource> = {}, toHeight?: number): NetworkToRecord {
    const { config, seed } = this.scenario;
    const source: ChainSource = {
      finalizedHeight: async () => this.blocks.length,
      block: async (height) => this.blocks[height - 1],
      batches: async () => [...this.batches].reverse(),
      ...changes,
    };
    return { config, seed, genesis: this.parts.genesis, source, toHeight };
  }

  /** Signed by an account of the scenario, or a validator. */
  sign(label: string, body: TransactionBody): Uint8Array {
    const { accounts, validators, genesis } = this.parts;
    const holder = accounts.get(label) ?? validators.find(({ name }) => name === label);
    if (holder === undefined) throw new RangeError(label);
    const unsigned = {
      chainId: genesis.chainId,
      from: holder.address,
      nonce: 0,
      expiresAtHeight: 0,
      onlyAtHeight: 0,
      body,
    };
    return encodeTransaction(signTransaction(unsigned, this.crypto.createSigner(holder.secretKey)));
  }
}

function shown(
  attempts: readonly { readonly attempt: number; readonly proposer: string; readonly outcome?: unknown }[],
) {
  return attempts.map((attempt) => ({ ...attempt, assigned_at_height: 1 }));
}

async function codeOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => undefined,
    (error: unknown) => ({ code: (error as { code?: unknown }).code, message: (error as Error).message }),
  );
}

describe('makeRecording', () => {
  it('tells nobody where a node keeps inputs and orders, nor how it gets there', async () => {
    const network = new FakeNetwork().network();
    const url = 'postgres://me:hidden@127.0.0.1/orders';
    const config = {
      ...network.config,
      autoBatch: { ...network.config.autoBatch, enabled: true, dbType: 'psql', dbUrl: url },
      batcher: {
        ...network.config.batcher,
        namespace: 'shared',
        storage: { ...network.config.batcher.storage, type: 'postgres', url },
      },
    } as const;
    const { text } = await makeRecording({ ...network, config }, 'f.yaml');
    expect(text).toContain('namespace: shared');
    expect(text).not.toMatch(/hidden|127\.0\.0\.1|auto_batch/);
  });

  it('gives a file that makes the same batches, of every kind of transaction', async () => {
    const network = new FakeNetwork();
    const { text, transactionCount, batchCount } = await makeRecording(network.network(), 'f.yaml');
    expect(transactionCount).toBe(16);
    expect(batchCount).toBe(network.result.batches.length);
    expect(batchCount).toBeGreaterThan(2);
    const parsed = parseScenario(text, 'f.yaml');
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { scenario } = parsed.value;
    expect(scenario.timeline.flatMap(({ transactions }) => transactions)).toEqual(
      network.scenario.timeline.flatMap(({ transactions }) => transactions),
    );
    const essence = ({
      from_height,
      to_height,
      net,
      borrowed,
      repaid,
      liquidations,
      actions,
      state,
    }: (typeof network.result.batches)[number]) => ({
      from_height,
      to_height,
      net,
      borrowed,
      repaid,
      liquidations,
      actions,
      state,
    });
    expect(runSimulation(scenario).batches.map(essence)).toEqual(network.result.batches.map(essence));
  });

  it('takes the first part of a chain, and says what is in no batch yet', async () => {
    const network = new FakeNetwork();
    const { text, blockCount } = await makeRecording(network.network({}, 6), 'f.yaml');
    expect(blockCount).toBe(6);
    expect(text).toContain('# Blocks 5 to 6 were in no batch yet');
    expect(text).toContain('blocks 1 to 6, 1 batches');
    expect(text).toMatch(/^# {3}alice was 0x[0-9a-f]{64}$/m);
    expect(text).not.toContain('node-0 was');
  });

  it('leaves out what the ledger refuses for what it is, and says how much', async () => {
    const network = new FakeNetwork();
    const { genesis } = network.parts;
    const alice = network.parts.accounts.get('alice')?.address ?? '';
    const withdrawal = { withdrawalId: `0x${'03'.repeat(32)}`, asset: 'UM', amount: 1n, to: alice };
    const proposal = { proposalId: `0x${'04'.repeat(32)}` };
    const refused: readonly Uint8Array[] = [
      network.sign('alice', { type: 'settle_now' }),
      network.sign('alice', { type: 'set_batch_size', batchSize: 3 }),
      network.sign('alice', { type: 'unjail', validator: 1 }),
      network.sign('alice', { type: 'price', asset: 'UM', price: 5n }),
      network.sign('alice', { type: 'transfer', to: alice, asset: 'UM', amount: 1n }),
      network.sign('alice', { type: 'borrow', asset: 'NOPE', amount: 1n }),
      network.sign('alice', { type: 'borrow', asset: 'UM', amount: 0n }),
      network.sign('alice', { type: 'treasury_propose', ...withdrawal, expiresAtHeight: 1 }),
      network.sign('alice', { type: 'treasury_propose', ...withdrawal, expiresAtHeight: 10_000_000 }),
      network.sign('alice', { type: 'fee_propose', validator: 1, ...proposal, networkFeeBps: 5 }),
      network.sign('node-1', { type: 'fee_propose', validator: 1, ...proposal, networkFeeBps: 10_001 }),
    ];
    const [first, ...rest] = network.blocks;
    const blocks = [
      { height: 1, transactions: [...(first?.transactions ?? []), ...refused], evidenceCount: 2 },
      ...rest,
    ];
    const { config, seed } = network.scenario;
    const chain = { blocks, batches: network.batches };
    const { comments, transactionCount } = recordScenario({ config, seed, genesis, chain });
    expect(transactionCount).toBe(16);
    expect(comments).toContain('11 transactions are left out: the ledger refused them for what they are.');
    expect(comments).toContain('2 proofs of equivocation stood in the blocks: nobody equivocates here.');
  });

  it('writes channels with the vouchers that were shown, by who signed them', () => {
    const network = new FakeNetwork();
    const { genesis, accounts } = network.parts;
    const alice = accounts.get('alice');
    if (alice === undefined) throw new RangeError('no alice');
    const channelId = `0x${'0c'.repeat(32)}`;
    const payee = `0x${'77'.repeat(32)}`;
    const place = { chainId: genesis.chainId, channelId };
    const voucher = signVoucher(alice.secretKey, place, { amount: 4n, nonce: 2 });
    const open = { type: 'channel_open', channelId, payee, asset: 'UM', amount: 9n } as const;
    const bodies: TransactionBody[] = [
      { ...open, expiresAtHeight: 7 },
      { ...open, expiresAtHeight: 10_000_000 },
      { ...open, expiresAtHeight: 1 },
      { type: 'channel_unilateral_close', channelId, voucher: undefined },
      { type: 'channel_dispute', channelId, voucher },
      { type: 'channel_settle', channelId },
      { type: 'channel_close', channelId, amount: 0n, signers: [] },
    ];
    const transactions = bodies.map((body) => network.sign('alice', body));
    const { config, seed } = network.scenario;
    const chain = { blocks: [{ height: 1, transactions, evidenceCount: 0 }], batches: [] };
    const { scenario } = recordScenario({ config, seed, genesis, chain });
    const to = expect.stringMatching(/./);
    const opened = { type: 'channel_open', id: channelId, to, asset: 'UM', amount: 9n };
    expect(scenario.timeline[0]?.transactions.map(({ operation }) => operation)).toEqual([
      { ...opened, expiresAfterBlocks: 6 },
      { ...opened, expiresAfterBlocks: undefined },
      { type: 'channel_unilateral_close', id: channelId, voucher: undefined },
      { type: 'channel_dispute', id: channelId, voucher: { payer: 'alice', amount: 4n, nonce: 2 } },
      { type: 'channel_settle', id: channelId },
      { type: 'channel_close', id: channelId, amount: 0n, signers: [] },
    ]);
  });

  it('writes an atomic batch with its ids, parties and what was left of its time', () => {
    const network = new FakeNetwork();
    const { genesis, accounts } = network.parts;
    const alice = accounts.get('alice')?.address ?? '';
    const to = `0x${'77'.repeat(32)}`;
    const [batchId, settlementId] = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`];
    const request = { settlementId, from: alice, to, amount: 5n, asset: 'UM', metadata: 'x' };
    const batch = { batchId, expiresAtHeight: 9, requests: [{ ...request, kind: 'immediate' as const }] };
    const sent = network.sign('alice', { type: 'atomic_batch', batch, signers: [] });
    const foreign = network.sign('alice', {
      type: 'atomic_batch',
      signers: [],
      batch: { ...batch, requests: [{ ...request, from: to, to: alice, kind: 'immediate' }] },
    });
    const { config, seed } = network.scenario;
    const blocks = [{ height: 1, transactions: [sent, foreign], evidenceCount: 0 }];
    const { scenario, transactionCount } = recordScenario({
      config,
      seed,
      genesis,
      chain: { blocks, batches: [] },
    });
    expect(transactionCount).toBe(1);
    const payee = expect.stringMatching(/./);
    expect(scenario.timeline[0]?.transactions).toEqual([
      {
        account: 'alice',
        operation: {
          type: 'atomic_batch',
          id: batchId,
          expiresAfterBlocks: 8,
          requests: [
            {
              id: settlementId,
              from: 'alice',
              escrow: undefined,
              to: payee,
              asset: 'UM',
              amount: 5n,
              metadata: 'x',
            },
          ],
          signers: [],
        },
      },
    ]);
    const written = parseScenario(writeScenario(scenario), 'f.yaml');
    expect(written.ok && written.value.scenario.timeline[0]?.transactions).toEqual(
      scenario.timeline[0]?.transactions,
    );
  });

  it('writes a batch that failed for the last height of an order as one that came too late', () => {
    const network = new FakeNetwork();
    const { genesis, accounts } = network.parts;
    const terms = { from: accounts.get('alice')?.address ?? '', to: `0x${'77'.repeat(32)}`, asset: 'UM' };
    const batchesOf = [1, 2].map((height) => {
      const order = { ...terms, amount: 5n, reference: `r${height}`, lastHeight: 1 };
      const settlementId = orderIdOf(genesis.chainId, order);
      const request = { ...order, settlementId, kind: 'immediate' as const, metadata: order.reference };
      const batch = { batchId: settlementId, expiresAtHeight: 9, requests: [request] };
      return { height, body: { type: 'atomic_batch' as const, batch, signers: [] } };
    });
    const blocks = batchesOf.map(({ height, body }) => {
      return { height, transactions: [network.sign('alice', body)], evidenceCount: 0 };
    });
    const { config, seed } = network.scenario;
    const { scenario } = recordScenario({ config, seed, genesis, chain: { blocks, batches: [] } });
    const written = scenario.timeline.flatMap(({ transactions }) => transactions);
    expect(written.map(({ operation }) => operation)).toMatchObject([
      { expiresAfterBlocks: 8 },
      { expiresAfterBlocks: -1 },
    ]);
  });

  it('expects no attempts where the network needed several, and no state of what still waited', () => {
    const network = new FakeNetwork();
    const [first, ...rest] = network.batches;
    const { config, seed } = network.scenario;
    const record = (batches: readonly ShownBatch[]) =>
      recordScenario({
        config,
        seed,
        genesis: network.parts.genesis,
        chain: { blocks: network.blocks, batches },
      });
    const factsOf = (batches: readonly ShownBatch[]) =>
      record(batches).scenario.expectations.map((each) => (each.type === 'batch' ? each.facts : undefined));
    expect(factsOf(network.batches)[0]).toMatchObject({ state: 'confirmed', attempts: 1 });
    const missed = { attempt: 1, proposer: 'node-0', assigned_at_height: 4, outcome: 'missed' as const };
    const rough = {
      ...(first as ShownBatch),
      attempts: [missed, { ...missed, attempt: 2, outcome: 'confirmed' as const }],
    };
    for (const facts of factsOf([rough, ...rest])) expect(facts).not.toHaveProperty('attempts');
    expect(record([rough, ...rest]).comments).toContain(
      'Batches 1 took more than one attempt; attempts are not expected here.',
    );
    expect(factsOf([{ ...(first as ShownBatch), state: 'included' }, ...rest])[0]).not.toHaveProperty(
      'state',
    );
  });

  it('refuses a chain whose beginning is gone, with the height from which on it is kept', async () => {
    const network = new FakeNetwork();
    const block = async (height: number) => (height < 7 ? undefined : network.blocks[height - 1]);
    expect(await codeOf(makeRecording(network.network({ block }), 'f.yaml'))).toEqual({
      code: 'RECORD_HISTORY_PRUNED',
      message: expect.stringContaining('blocks are kept from height 7 on'),
    });
  });

  it('refuses a chain without a block', async () => {
    const network = new FakeNetwork();
    expect(
      await codeOf(makeRecording(network.network({ finalizedHeight: async () => 0 }), 'f.yaml')),
    ).toMatchObject({
      code: 'RECORD_NO_BLOCKS',
    });
  });

  it('refuses more than a file may hold, and says what fits', async () => {
    const network = new FakeNetwork();
    const transactions = Array.from({ length: 60 }, () =>
      network.sign('alice', { type: 'borrow', asset: 'UM', amount: 1n }),
    );
    const block = async (height: number) => ({ height, transactions, evidenceCount: 0 });
    expect(
      await codeOf(makeRecording(network.network({ block, finalizedHeight: async () => 200 }), 'f.yaml')),
    ).toEqual({
      code: 'RECORD_TOO_LONG',
      message: expect.stringMatching(/at most 262144: .*--to-height \d{2}$/),
    });
  });

  it('writes nothing that would give other batches', async () => {
    const network = new FakeNetwork();
    const [first, ...rest] = network.batches;
    const batches = async () => [{ ...(first as ShownBatch), net: { UM: '901' } }, ...rest];
    expect(await codeOf(makeRecording(network.network({ batches }), 'f.yaml'))).toEqual({
      code: 'RECORD_DIVERGES',
      message: expect.stringMatching(/batch 1.*901/),
    });
  });
});
