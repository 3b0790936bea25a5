import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AtomicBatchBody } from '../../node/api/atomicBatchBody.ts';
import { getJson, type Json } from '../../node/devnet/apiClient.ts';
import type { DevnetDescription } from '../../node/devnet/description.ts';
import type { AtomicBatch, SettlementRequest } from '../../settlement/atomic/types.ts';
import { AtomicBatchClient } from '../helpers/atomicBatchClient.ts';
import { DevnetCommand, findFreeBase, quick } from '../helpers/devnetCommand.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const BATCHES = 200;
/** Copies of these are carried by another sender too. */
const COPIED_EVERY = 19;
const ASSET = 'UM';
const LIMIT_MS = 80_000;
/** Longest time in which nothing need happen, for a machine that does much else. */
const settings = [...quick, '--set', 'atomic_batches.timeout_blocks=5000', '--workload', 'none'];
const program = fileURLToPath(new URL('../../bin/sidereal.js', import.meta.url));

let dataDir = '';
let devnet: DevnetCommand | undefined;

beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'sidereal-atomic-')), 'data');
});
afterEach(async () => {
  await devnet?.close();
  devnet = undefined;
  rmSync(join(dataDir, '..'), { recursive: true, force: true });
});

async function start(): Promise<DevnetCommand> {
  devnet = new DevnetCommand(dataDir, ['--port', String(await findFreeBase()), '--json', ...settings]);
  const started = devnet;
  await waitUntil(() => started.isUp && started.of('block_finalized').length > 0, LIMIT_MS);
  return started;
}

/** Numbers that look drawn and are the same in each run. */
function drawer(): (below: number) => number {
  let state = 12_345;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const idOf = (kind: string, index: number): string => `0x${kind}${index.toString(16).padStart(62, '0')}`;

/** Two to four payments between accounts that all others pay from too; some of them more than anybody has. */
function drawRequests(addresses: readonly string[], index: number, draw: (below: number) => number) {
  return Array.from({ length: 2 + draw(3) }, (_, at): SettlementRequest => {
    const from = draw(addresses.length);
    const to = (from + 1 + draw(addresses.length - 1)) % addresses.length;
    return {
      settlementId: idOf('5e', index * 16 + at),
      from: addresses[from] ?? '',
      to: addresses[to] ?? '',
      amount: BigInt(1 + draw(400)) * 1_000_000_007n,
      asset: ASSET,
      kind: 'immediate',
      metadata: '',
    };
  });
}

interface Outcome {
  readonly status: string;
  readonly failedAt: number | undefined;
}

/** The ledger as a few lines: what must come of batches that are executed one after the other. */
function replay(
  balances: Map<string, bigint>,
  batches: readonly AtomicBatchBody[],
): ReadonlyMap<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  for (const { batch_id, requests } of batches) {
    const after = new Map(balances);
    const failedAt = requests.findIndex(({ from, to, amount }) => {
      const gross = BigInt(amount);
      const held = after.get(from) ?? 0n;
      if (held < gross) return true;
      const fee = (gross * 50n) / 10_000n;
      after.set(from, held - gross);
      after.set(to, (after.get(to) ?? 0n) + gross - (fee === 0n ? 1n : fee));
      return false;
    });
    const hasFailed = failedAt >= 0;
    outcomes.set(batch_id, {
      status: hasFailed ? 'failed' : 'completed',
      failedAt: hasFailed ? failedAt : undefined,
    });
    if (!hasFailed) for (const [address, balance] of after) balances.set(address, balance);
  }
  return outcomes;
}

async function balancesOf(api: string, addresses: readonly string[]): Promise<Map<string, bigint>> {
  const accounts = await Promise.all(addresses.map((address) => getJson(api, `/accounts/${address}`)));
  return new Map(
    accounts.map(({ address, assets }) => {
      const held = (assets as readonly { asset: string; balance: string }[]).find(
        ({ asset }) => asset === ASSET,
      );
      return [String(address), BigInt(held?.balance ?? '0')];
    }),
  );
}

describe('atomic batches over HTTP on a devnet', () => {
  it(`${BATCHES} at once over shared accounts, each to all nodes: the chain’s serial order, each once`, async () => {
    const { description } = await start();
    const apis = description.nodes.map(({ api }) => api);
    const [api = ''] = apis;
    const { chain_id } = await getJson(api, '/status');
    const client = new AtomicBatchClient({ ...description, chain_id: String(chain_id) });
    const { addresses } = client;
    const genesis = await balancesOf(api, addresses);
    const draw = drawer();
    const bodies: AtomicBatchBody[] = [];
    const batches: AtomicBatch[] = [];
    for (let index = 0; index < BATCHES; index += 1) {
      const requests = drawRequests(addresses, index, draw);
      const batch = { batchId: idOf('ba', index), expiresAtHeight: 4000, requests };
      const sender = addresses[index % addresses.length] ?? '';
      bodies.push(client.sign(sender, batch));
      batches.push(batch);
    }
    // Behind everything else of their senders: the nonce of a copy that is not needed stays free.
    const copies = batches.flatMap((batch, index) =>
      index % COPIED_EVERY === 0 ? [client.sign(addresses[(index + 1) % addresses.length] ?? '', batch)] : [],
    );
    const send = async (to: string, body: AtomicBatchBody): Promise<Json> => {
      const response = await fetch(`${to}/atomic-batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as Json;
      expect([200, 202], JSON.stringify(answer)).toContain(response.status);
      return answer;
    };
    // Every batch to every node, and copies in other senders' transactions to every second one, all at once.
    await Promise.all([
      ...apis.flatMap((to) => bodies.map((body) => send(to, body))),
      ...apis.filter((_, node) => node % 2 === 1).flatMap((to) => copies.map((body) => send(to, body))),
    ]);

    const batchOf = (to: string, id: string) => getJson(to, `/atomic-batches/${id}`);
    const ids = bodies.map(({ batch_id }) => batch_id);
    const shown = new Map<string, readonly Json[]>();
    await waitUntil(async () => {
      for (const id of ids) {
        if (shown.has(id)) continue;
        const answers = await Promise.all(apis.map((to) => batchOf(to, id).catch((): Json => ({}))));
        if (!answers.every(({ status }) => status === 'completed' || status === 'failed')) return false;
        shown.set(id, answers);
      }
      return true;
    }, LIMIT_MS);
    for (const answers of shown.values()) {
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    }

    // The order of the chain: transactions of its blocks that ended a batch, which is once for each.
    const told = () =>
      devnet?.lines.filter(({ type }) => /^atomic_batch_(?:completed|failed)$/.test(type)) ?? [];
    await waitUntil(() => told().length >= BATCHES, LIMIT_MS);
    const executed = told();
    const order = executed.map(({ batch_id }) => String(batch_id));
    expect([...order].sort()).toEqual([...ids].sort());
    const heights = executed.map(({ height }) => Number(height));
    expect(heights).toEqual([...heights].sort((a, b) => a - b));

    const inOrder = order.flatMap((id) => bodies.filter(({ batch_id }) => batch_id === id));
    const balances = new Map(genesis);
    const expected = replay(balances, inOrder);
    for (const [id, { status, failedAt }] of expected) {
      const [answer] = shown.get(id) ?? [];
      const failure = answer?.failure as { readonly failed_at?: number } | undefined;
      expect({ id, status: answer?.status, failedAt: failure?.failed_at }).toEqual({ id, status, failedAt });
    }
    const statuses = [...expected.values()].map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(['completed', 'failed']));
    for (const to of apis) expect(await balancesOf(to, addresses)).toEqual(balances);

    // A copy in another sender's transaction took nothing but its nonce.
    const results = devnet
      ?.of('transaction_executed')
      .filter(({ operation }) => operation === 'atomic_batch');
    const extra = results?.length === undefined ? 0 : results.length - BATCHES;
    expect(extra).toBeLessThanOrEqual(copies.length);
    expect(results?.filter(({ result }) => result === 'BATCH_ALREADY_EXECUTED')).toHaveLength(extra);
    // Sent once more it is what it was.
    const [body] = bodies;
    if (body === undefined) throw new Error('a batch');
    expect(await send(apis.at(-1) ?? '', body)).toEqual(shown.get(body.batch_id)?.[0]);
  });

  it('are sent from a file with funded accounts, and wait for their end', async () => {
    await start();
    const file = fileURLToPath(new URL('../../docs/examples/atomic-batch.json', import.meta.url));
    const sent = await sidereal('send', 'atomic_batch', file, '--wait', 'final', '--json');
    expect(sent).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(sent.out)).toMatchObject({
      status: 'completed',
      receipts: [{ gross: '850000000000000000' }, {}, { gross: '50000000000000000', fee: '250000000000000' }],
    });
    for (const example of ['multi-model-inference', 'epoch-rewards', 'agent-swarm']) {
      const path = fileURLToPath(new URL(`../../docs/examples/${example}.json`, import.meta.url));
      const used = await sidereal('send', 'atomic_batch', path, '--wait', 'final', '--json');
      expect(used, example).toMatchObject({ code: 0, err: '' });
      expect(JSON.parse(used.out), example).toMatchObject({ status: 'completed' });
    }
    const tooMuch = join(dataDir, '..', 'much.json');
    writeFileSync(tooMuch, JSON.stringify({ requests: [{ to: 1, asset: ASSET, amount: '9'.repeat(30) }] }));
    const failed = await sidereal('send', 'atomic_batch', tooMuch, '--wait', 'final');
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/^failed at height [0-9]+ \[INSUFFICIENT_BALANCE at request 0\]/);
    writeFileSync(tooMuch, JSON.stringify({ requests: [{ to: 1, asset: ASSET }] }));
    const broken = await sidereal('send', 'atomic_batch', tooMuch);
    expect(broken).toMatchObject({
      code: 2,
      err: expect.stringMatching(/requests\/0\/amount.*\[BATCH_FILE_INVALID\]/),
    });
  });
});

describe('operations over HTTP on a devnet', () => {
  it('are sent from a file with funded accounts, vouchers and closes signed by both sides', async () => {
    await start();
    const { nodes } = JSON.parse(readFileSync(join(dataDir, 'devnet.json'), 'utf8')) as DevnetDescription;
    const api = nodes[0]?.api ?? '';
    const file = join(dataDir, '..', 'operation.json');
    const send = async (content: object): Promise<Json> => {
      writeFileSync(file, JSON.stringify(content));
      const sent = await sidereal('send', 'operation', file, '--wait', 'final', '--json');
      expect(sent).toMatchObject({ code: 0, err: '' });
      return JSON.parse(sent.out) as Json;
    };
    const example = fileURLToPath(new URL('../../docs/examples/escrow.json', import.meta.url));
    const { status, escrow_id } = await send(JSON.parse(readFileSync(example, 'utf8')) as object);
    expect(status).toBe('final');
    expect(await getJson(api, `/escrows/${String(escrow_id)}`)).toMatchObject({ threshold: 2 });

    const open = { type: 'channel_open', payee: 1, asset: ASSET, amount: '50' };
    const [first, second] = [await send({ operation: open }), await send({ operation: open })];
    const voucher = { payer: 0, amount: '20', nonce: 1 };
    await send({
      operation: { type: 'channel_unilateral_close', channel_id: first.channel_id, voucher },
    });
    expect(await getJson(api, `/channels/${String(first.channel_id)}`)).toMatchObject({
      status: 'closing',
      closing: { amount: '20', nonce: 1 },
    });
    const close = { type: 'channel_close', channel_id: second.channel_id, amount: '20' };
    await send({ operation: close, signers: [1] });
    expect(await getJson(api, `/channels/${String(second.channel_id)}`)).toMatchObject({ status: 'closed' });

    writeFileSync(file, JSON.stringify({ operation: { ...close, amount: 'all' } }));
    expect(await sidereal('send', 'operation', file)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/operation\/amount.*\[OPERATION_FILE_INVALID\]/),
    });
  });
});

function sidereal(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const all = [program, ...args, '--data-dir', dataDir];
    const child = execFile(process.execPath, all, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}
