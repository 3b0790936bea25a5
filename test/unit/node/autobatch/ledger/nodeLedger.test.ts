/** The ledger of the order engine over a node that says what the test says. */
import { describe, expect, it } from 'vitest';
import type { SubmissionVerdict } from '../../../../../node/api/nodeView.ts';
import type { Command } from '../../../../../node/autobatch/engine/ledger.ts';
import { commandBlocksOf } from '../../../../../node/autobatch/ledger/carrier.ts';
import type { LedgerNode } from '../../../../../node/autobatch/ledger/ledgerNode.ts';
import { NodeLedger } from '../../../../../node/autobatch/ledger/nodeLedger.ts';
import type { SignedOrder } from '../../../../../node/autobatch/store/order.ts';
import { createGenesis } from '../../../../../node/scenario/genesis.ts';
import type { Genesis } from '../../../../../settlement/execution/genesis.ts';
import { decodeTransaction, verifyTransaction } from '../../../../../settlement/execution/transaction.ts';
import { carrierKey, payee, untilAborted } from '../../../../helpers/coreLedger.ts';
import { CoreNetwork, scenarioOf } from '../../../../helpers/coreNetwork.ts';
import { hashOf } from '../../../../helpers/signatory.ts';
import { signedOrder } from '../../../../helpers/signedOrders.ts';

const scenario = scenarioOf(`
name: ledger of orders
duration: 60s
timeline:
  - { at: { block: 9 }, account: alice, borrow: { asset: UM, amount: 1000 } }
`);
const parts = createGenesis(scenario);
const { genesis } = parts;
const network = new CoreNetwork(scenario, { scriptedTransactions: false });
network.run(10_000);
const commandId = hashOf('c1');
const accepts: SubmissionVerdict = { verdict: 'accept', code: undefined };

function order(reference: string, terms: Partial<SignedOrder> = {}): SignedOrder {
  const alice = parts.accounts.get('alice');
  if (alice === undefined) throw new RangeError('no alice');
  return { ...signedOrder(genesis, alice, { to: payee, reference, ...terms }), ...terms };
}

interface Fake {
  readonly genesis?: Genesis;
  readonly submit?: LedgerNode['submit'];
  readonly wait?: (waitMs: number, signal: AbortSignal) => Promise<void>;
}

function ledgerOf({
  genesis: other = genesis,
  submit = async () => accepts,
  wait = untilAborted,
}: Fake = {}) {
  const sent: Uint8Array[] = [];
  const node: LedgerNode = {
    submit: (bytes) => {
      sent.push(bytes);
      return submit(bytes);
    },
    reader: () => {
      const core = network.nodes[0]?.core;
      if (core === undefined) throw new RangeError('no node');
      return core.reader();
    },
  };
  const ordersOf = async (): Promise<readonly SignedOrder[]> => [];
  return { sent, ledger: new NodeLedger({ genesis: other, node, secretKey: carrierKey, ordersOf, wait }) };
}

async function send(ledger: NodeLedger, orders: readonly SignedOrder[], changes: Partial<Command> = {}) {
  const lastHeight = await ledger.lastHeight();
  return ledger.submit({ commandId, attempt: 1, lastHeight, orders, ...changes });
}

function withAtomic(atomic: Partial<Genesis['atomic']>): Genesis {
  return { ...genesis, atomic: { ...genesis.atomic, ...atomic } };
}

describe('NodeLedger', () => {
  it('carries a command as a signed input that the chain takes, good to its last height and no longer', async () => {
    const { ledger, sent } = ledgerOf();
    const lastHeight = await ledger.lastHeight();
    const reader = network.nodes[0]?.core.reader();
    const finalHeight = reader?.status().finalizedHeight ?? 0;
    expect(lastHeight).toBe(finalHeight + genesis.atomic.timeoutBlocks);
    expect(await send(ledger, [order('a')], { lastHeight: lastHeight - 3 })).toEqual({
      type: 'acknowledged',
    });
    const decoded = decodeTransaction(sent[0] ?? new Uint8Array());
    if (!decoded.ok) throw new Error(decoded.message);
    expect(verifyTransaction(decoded.value, genesis, { verify: () => false }).ok).toBe(true);
    const { auth, body } = decoded.value.transaction;
    expect(body).toMatchObject({ batch: { batchId: commandId, expiresAtHeight: lastHeight - 3 } });
    // Too old for whatever block comes sooner than one that is a block time further than the last.
    const lastMs =
      (reader?.finalizedTimestampMs() ?? 0) + (lastHeight - 3 - finalHeight) * genesis.blockTimeMs;
    expect(auth).toMatchObject({
      type: 'input',
      timestamp: genesis.atomic.proofs.genesisMs + lastMs - genesis.inputs.spanMs,
    });
  });

  it('sends no order that no block to come may settle, and names the first, unless all of them are', async () => {
    const { ledger, sent } = ledgerOf();
    const final = await ledger.finalHeight();
    expect(final).toBe(network.nodes[0]?.core.status().finalizedHeight);
    const [open, last, late, later] = [
      order('open'),
      order('last', { lastHeight: final + 1 }),
      order('late', { lastHeight: final }),
      order('later', { lastHeight: 1 }),
    ];
    const expired = { type: 'rejected', code: 'ORDER_EXPIRED', isFinal: true };
    expect(await send(ledger, [open, last, late, later])).toEqual({ ...expired, failedAt: 2 });
    expect(await send(ledger, [late, later])).toEqual({ ...expired, failedAt: undefined });
    expect(sent).toEqual([]);
    expect(await send(ledger, [open, last])).toEqual({ type: 'acknowledged' });
  });

  it.each([
    [undefined, { type: 'acknowledged' }],
    ['MEMPOOL_DUPLICATE', { type: 'acknowledged' }],
    ['INPUT_ALREADY_EXECUTED', { type: 'acknowledged' }],
    ['BATCH_ALREADY_EXECUTED', { type: 'acknowledged' }],
    ['MEMPOOL_FULL', { type: 'rejected', isFinal: false, failedAt: undefined }],
    ['MEMPOOL_SENDER_FULL', { type: 'rejected', isFinal: false, failedAt: undefined }],
    ['NODE_OVERLOADED', { type: 'rejected', isFinal: false, failedAt: undefined }],
    ['INPUT_EXPIRED', { type: 'rejected', isFinal: false, failedAt: undefined }],
    ['INPUT_TOO_EARLY', { type: 'rejected', isFinal: false, failedAt: undefined }],
    ['BATCH_TIMEOUT', { type: 'rejected', isFinal: false, failedAt: undefined }],
    ['TRANSACTION_TOO_LARGE', { type: 'rejected', isFinal: true, failedAt: undefined }],
    // It may have the transaction on disk.
    ['NODE_STOPPED', { type: 'unreachable', reason: 'NODE_STOPPED' }],
  ] as const)('takes the verdict %s of the node as what it means for the command', async (code, answer) => {
    const { ledger } = ledgerOf({ submit: async () => ({ verdict: 'ignore', code }) });
    const full = answer.type === 'rejected' ? { ...answer, code } : answer;
    expect(await send(ledger, [order('a'), order('b')])).toEqual(full);
  });

  it('blames the only order of a batch for which no block has room', async () => {
    const submit = async () => ({ verdict: 'reject', code: 'TRANSACTION_TOO_LARGE' }) as const;
    const answer = { type: 'rejected', code: 'TRANSACTION_TOO_LARGE', failedAt: 0, isFinal: true };
    expect(await send(ledgerOf({ submit }).ledger, [order('a')])).toEqual(answer);
  });

  it('calls the node unreachable when its answer is lost or does not come', async () => {
    const lost = ledgerOf({ submit: () => Promise.reject(new Error('cut')) });
    expect(await send(lost.ledger, [order('a')])).toEqual({ type: 'unreachable', reason: 'Error: cut' });
    const waits: number[] = [];
    const wait = async (waitMs: number): Promise<void> => {
      waits.push(waitMs);
    };
    const silent = ledgerOf({ submit: () => new Promise(() => undefined), wait });
    expect(await send(silent.ledger, [order('a')])).toMatchObject({ type: 'unreachable' });
    expect(waits).toHaveLength(1);
  });

  it('sends nothing whose last height is over', async () => {
    const { ledger, sent } = ledgerOf();
    const lastHeight = network.nodes[0]?.core.reader().status().finalizedHeight ?? 0;
    expect(await send(ledger, [order('a')], { lastHeight })).toMatchObject({
      type: 'rejected',
      code: 'BATCH_TIMEOUT',
      isFinal: false,
    });
    expect(sent).toEqual([]);
  });

  it.each([
    ['an asset that the ledger has not', { asset: 'XYZ' }, 'LEDGER_ASSET_UNKNOWN'],
    ['nothing to pay', { amount: 0n }, 'AMOUNT_ZERO'],
    ['an id that is the chain’s own', { orderId: hashOf('ff') }, 'SETTLEMENT_ID_RESERVED'],
  ] as const)('refuses for good, before it is sent, an order with %s', async (_, terms, code) => {
    const { ledger, sent } = ledgerOf();
    const answer = { type: 'rejected', code, failedAt: 1, isFinal: true };
    expect(await send(ledger, [order('a'), order('b', terms), order('c')])).toEqual(answer);
    expect(sent).toEqual([]);
  });

  const proofless = withAtomic({
    proofs: {
      ...genesis.atomic.proofs,
      required: [{ payer: undefined, asset: 'UM', kinds: ['tee_attestation'], signers: [], threshold: 0 }],
    },
  });
  it('refuses an order of which the chain asks another proof', async () => {
    const { ledger } = ledgerOf({ genesis: proofless });
    const answer = { type: 'rejected', code: 'PROOF_VERIFICATION_FAILED', failedAt: 0, isFinal: true };
    expect(await send(ledger, [order('a')])).toEqual(answer);
  });

  const long = 'é'.repeat(64);
  it.each([
    ['BATCH_TOO_LARGE', withAtomic({ requestsMax: 2 }), 3],
    ['BATCH_VALUE_TOO_HIGH', withAtomic({ valueMax: { UM: 25n } }), 3],
    ['BATCH_TOO_MANY_ACCOUNTS', withAtomic({ accountsMax: 3 }), 3],
    // Without its text it would cost less than 300.
    ['BATCH_GAS_TOO_HIGH', withAtomic({ gasMax: 400 }), 3],
    ['TRANSACTION_TOO_LARGE', withAtomic({ requestsMax: 1000, gasMax: 10_000_000 }), 400],
  ] as const)('names no order for %s where each fits alone', async (code, rules, count) => {
    const { ledger, sent } = ledgerOf({ genesis: rules });
    const others = Array.from({ length: count }, (_, index) =>
      order(`${index} ${long}`.slice(0, 64), { to: `0x${String(index).padStart(64, '0')}` }),
    );
    expect(await send(ledger, others)).toEqual({
      type: 'rejected',
      code,
      failedAt: undefined,
      isFinal: true,
    });
    expect(sent).toEqual([]);
    // In smaller company they go, and the ledger says how small.
    const fitting = ledger.countFitting(others);
    expect(await send(ledger, others.slice(0, fitting))).toEqual({ type: 'acknowledged' });
    expect(await send(ledger, others.slice(0, fitting + 1))).toMatchObject({ code });
    expect(ledger.countFitting(others.slice(0, fitting))).toBe(fitting);
  });

  it('names the order that is above a limit by itself, and counts it as one', async () => {
    const { ledger } = ledgerOf({ genesis: withAtomic({ valueMax: { UM: 25n } }) });
    const orders = [order('a'), order('b'), order('c', { amount: 26n })];
    expect(await send(ledger, orders)).toMatchObject({ code: 'BATCH_VALUE_TOO_HIGH', failedAt: 2 });
    expect(ledger.countFitting(orders)).toBe(2);
    expect(ledger.countFitting(orders.slice(2))).toBe(1);
  });

  it('leaves no room for less because an order has another fault', () => {
    const { ledger } = ledgerOf({ genesis: withAtomic({ requestsMax: 1000, gasMax: 10_000_000 }) });
    const others = Array.from({ length: 500 }, (_, index) =>
      order(`${index} ${long}`.slice(0, 64), { amount: index === 450 ? 0n : 10n }),
    );
    const fitting = ledger.countFitting(others);
    expect(fitting).toBeLessThan(450);
    expect(ledger.countFitting(others.slice(0, 440))).toBe(fitting);
    expect(ledger.countFitting(others.slice(449, 452))).toBe(3);
  });

  it('lets a command wait no longer than batches and inputs may', () => {
    const { inputs, blockTimeMs, atomic } = genesis;
    expect(commandBlocksOf(genesis)).toBe(atomic.timeoutBlocks);
    const fresh = { ...inputs, spanMs: 3 * blockTimeMs, futureMs: blockTimeMs };
    expect(commandBlocksOf({ ...genesis, inputs: fresh })).toBe(4);
    expect(commandBlocksOf({ ...genesis, inputs: { ...fresh, spanMs: 0, futureMs: 0 } })).toBe(1);
    expect(commandBlocksOf(withAtomic({ timeoutBlocks: 1_000_000 }))).toBe(32);
  });
});
