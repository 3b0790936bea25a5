import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SettlementServer } from '../../node/api/settlementServer.ts';
import { HttpSettlement } from '../../node/runtime/httpSettlement.ts';
import { SettlementHost } from '../../node/runtime/settlementHost.ts';
import { SettlementRpc } from '../../node/runtime/settlementRpc.ts';
import { CROSS_CHAIN_OPEN_MAX } from '../../settlement/net/crossChain.ts';
import { ManualClock } from '../helpers/manualClock.ts';
import { MemoryStore } from '../helpers/memoryStore.ts';
import { waitUntil } from '../helpers/waitUntil.ts';
import { batchOf, bytesOf, chainId, createChain, createWatch } from '../unit/settlement/chain/fixtures.ts';

/** Closed after each test, the newest first. */
let open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.reverse()) await close();
  open = [];
});

interface Running {
  readonly url: string;
  readonly host: SettlementHost;
  readonly clock: ManualClock;
  readonly server: SettlementServer;
}

async function startChain(): Promise<Running> {
  const clock = new ManualClock(0);
  const host = await SettlementHost.open(
    { blockTimeMs: 5000 },
    {
      chain: createChain({ reorgDepthMax: 8 }),
      doubleSettlements: createWatch(),
      store: new MemoryStore(),
      clock,
      indexOf: (name) => (name === 'node-1' ? 1 : undefined),
      onFailure: (error) => {
        throw error;
      },
    },
  );
  const rpc = new SettlementRpc({ chainId, clock: { genesisMs: 1000 }, blockTimeMs: 5000 }, host);
  const server = new SettlementServer(
    { host: '127.0.0.1', port: 0, adminToken: 'secret' },
    { answer: (body, isAdmin) => rpc.handle(body, isAdmin) },
  );
  const url = await server.start();
  open.push(async () => {
    await server.stop();
    await host.stop();
  });
  return { url, host, clock, server };
}

function connect(...urls: readonly string[]): HttpSettlement {
  const client = new HttpSettlement({ urls, callTimeoutMs: 1000 });
  open.push(() => client.stop());
  return client;
}

/** A server that says the same to everybody. */
async function startParrot(status: number, body: string): Promise<{ readonly url: string; count: number }> {
  const parrot = { url: '', count: 0 };
  const server = createServer((_request, response) => {
    parrot.count += 1;
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  parrot.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return parrot;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', body: text, headers });
  return response.ok ? response.json() : response.status;
}

const call = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });

describe('the JSON-RPC of a settlement chain', () => {
  it('tells of itself', async () => {
    const { url, clock, host } = await startChain();
    clock.moveTo(10_000);
    expect(await post(url, call('settlement_info'))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        chain_id: chainId,
        genesis_hash: host.chain.genesis.hash,
        genesis_ms: 1000,
        block_time_ms: 5000,
        height: 2,
        hash: host.chain.head.hash,
        base_fee: host.chain.head.baseFee.toString(),
        next_base_fee: host.chain.nextBaseFee.toString(),
        last_settled_seq: 0,
        waiting: 0,
      },
    });
    expect(await post(url, call('settlement_block', { height: 1 }))).toMatchObject({
      result: expect.stringMatching(/^0x/),
    });
    expect(await post(url, call('settlement_block', { height: 3 }))).toMatchObject({ result: null });
  });

  it.each([
    ['not JSON', '{', -32_700],
    ['no request', { hello: 1 }, -32_600],
    ['an unknown method', call('settlement_steal'), -32_601],
    ['wrong parameters', call('settlement_block', { height: -1 }), -32_602],
    [
      'too many known blocks',
      call('settlement_blocks', { from_height: 0, known: Array(65).fill([0, chainId]) }),
      -32_602,
    ],
    [
      'conflicts but for more proposers than there can be',
      call('settlement_conflicts', { known: Array(1025).fill(0) }),
      -32_602,
    ],
    ['a wait without end', call('settlement_blocks', { from_height: 0, wait_ms: 1e9 }), -32_602],
    ['bytes that are no hex', call('settlement_submit', { transaction: 'zz' }), -32_602],
  ])('refuses %s', async (_what, body, code) => {
    const { url } = await startChain();
    expect(await post(url, body)).toMatchObject({ error: { code } });
  });

  it('takes POST only, and no body without end', async () => {
    const { url } = await startChain();
    expect((await fetch(url)).status).toBe(405);
    const large = post(url, 'x'.repeat(5 * 1024 * 1024)).catch(() => 'connection ended');
    expect([413, 'connection ended']).toContain(await large);
  });

  it('lets nobody turn faults on but who shows the token', async () => {
    const { url, host, clock } = await startChain();
    const body = call('admin_fault', { fault: { kind: 'stall' }, on: true });
    expect(await post(url, body)).toMatchObject({ error: { code: -32_601 } });
    expect(await post(url, body, { authorization: 'Bearer wrong!' })).toMatchObject({
      error: { code: -32_601 },
    });
    const headers = { authorization: 'Bearer secret' };
    expect(await post(url, body, headers)).toMatchObject({ result: null });
    clock.moveTo(10_000);
    expect(host.chain.head.height).toBe(0);
    const unknown = call('admin_fault', { fault: { kind: 'censor', node: 'node-9' }, on: true });
    expect(await post(url, unknown, headers)).toMatchObject({ error: { code: -32_602 } });
    const foreign = call('admin_fault', { fault: { kind: 'slippage', asset: 'XYZ', bps: 5 }, on: true });
    expect(await post(url, foreign, headers)).toMatchObject({ error: { code: -32_602 } });
  });

  it('takes a deposit of who shows the token, and says why not', async () => {
    const { url, host, clock } = await startChain();
    const [from, to] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(32)}`];
    const deposit = { from, to, asset: 'UM', amount: '7', timeout_blocks: 9 };
    const headers = { authorization: 'Bearer secret' };
    expect(await post(url, call('admin_deposit', deposit))).toMatchObject({ error: { code: -32_601 } });
    for (const wrong of [{ amount: '0' }, { to: '0x12' }, { timeout_blocks: 0 }, { asset: '' }]) {
      const body = call('admin_deposit', { ...deposit, ...wrong });
      expect(await post(url, body, headers)).toMatchObject({ error: { code: -32_602 } });
    }
    expect(await post(url, call('admin_deposit', deposit), headers)).toMatchObject({ result: null });
    clock.moveTo(5000);
    expect(host.chain.head.events).toMatchObject([{ type: 'cross_chain_deposited', from, to, amount: 7n }]);
    for (let count = 1; count < CROSS_CHAIN_OPEN_MAX; count += 1)
      await post(url, call('admin_deposit', deposit), headers);
    expect(await post(url, call('admin_deposit', deposit), headers)).toMatchObject({
      error: { code: -32_000, message: expect.stringContaining('CROSS_CHAIN_DEPOSITS_FULL') },
    });
  });

  it('refuses a port that is taken, and says what to do', async () => {
    const { url } = await startChain();
    const port = Number(new URL(url).port);
    const second = new SettlementServer(
      { host: '127.0.0.1', port, adminToken: undefined },
      { answer: async () => ({}) },
    );
    await expect(second.start()).rejects.toMatchObject({ code: 'SETTLEMENT_LISTEN_FAILED' });
  });
});

describe('HttpSettlement', () => {
  const dead = 'http://127.0.0.1:9';

  it('goes on with the next address when one fails, for calls and for blocks', async () => {
    const { url, clock } = await startChain();
    const broken = await startParrot(500, '');
    const client = connect(dead, broken.url, url);
    expect(await client.submit(bytesOf(batchOf(1)))).toEqual({ type: 'accepted' });
    expect(broken.count).toBe(1);
    // What answered last is asked first.
    expect(await client.submit(bytesOf(batchOf(1)))).toEqual({ type: 'accepted' });
    expect(broken.count).toBe(1);
    const follower = connect(dead, broken.url, url);
    const heights: number[] = [];
    follower.follow(0, async ({ height }) => {
      heights.push(height);
    });
    clock.moveTo(5000);
    await waitUntil(() => heights.length === 2);
    expect(heights).toEqual([0, 1]);
  });

  it('fails when no address answers', async () => {
    const client = connect(dead, dead);
    expect(await client.submit(bytesOf(batchOf(1)))).toEqual({ type: 'failed' });
    expect(await client.ask({ proposer: 0, seq: 1, attempt: 1, hash: chainId })).toEqual({ type: 'failed' });
  });

  it.each([
    ['nonsense', 'hello'],
    ['an error', JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32_000, message: 'no' } })],
    ['another shape', JSON.stringify({ jsonrpc: '2.0', id: 1, result: { type: 'maybe' } })],
  ])('takes %s for no answer', async (_what, body) => {
    const parrot = await startParrot(200, body);
    expect(await connect(parrot.url).submit(bytesOf(batchOf(1)))).toEqual({ type: 'failed' });
  });

  it('says before the start whether this is the right chain', async () => {
    const { url, host } = await startChain();
    const genesisHash = host.chain.genesis.hash;
    await connect(url).check({ chainId, genesisHash });
    const other = connect(url).check({ chainId, genesisHash: chainId });
    await expect(other).rejects.toMatchObject({ code: 'SETTLEMENT_OTHER_CHAIN' });
    const nobody = connect(dead).check({ chainId, genesisHash });
    await expect(nobody).rejects.toMatchObject({ code: 'SETTLEMENT_UNREACHABLE' });
  });

  it('follows on after the chain was away', async () => {
    const first = await startChain();
    const port = Number(new URL(first.url).port);
    const client = connect(first.url);
    const heights: number[] = [];
    client.follow(0, async ({ height }) => {
      heights.push(height);
    });
    first.clock.moveTo(5000);
    await waitUntil(() => heights.length === 2);
    await first.server.stop();
    const rpc = new SettlementRpc({ chainId, clock: { genesisMs: 1000 }, blockTimeMs: 5000 }, first.host);
    const again = new SettlementServer(
      { host: '127.0.0.1', port, adminToken: undefined },
      { answer: (body, isAdmin) => rpc.handle(body, isAdmin) },
    );
    await again.start();
    open.push(() => again.stop());
    first.clock.moveTo(10_000);
    await waitUntil(() => heights.length === 3);
    expect(heights).toEqual([0, 1, 2]);
  });
});

describe('a settlement chain as a process', () => {
  let directory: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidereal-chain-'));
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const script = fileURLToPath(new URL('../helpers/settlementMain.ts', import.meta.url));
  const genesisMs = Date.now();

  async function startProcess(port: number): Promise<{
    readonly child: ChildProcess;
    readonly url: string;
    readonly output: () => string;
    readonly ended: Promise<unknown>;
  }> {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', script, directory, String(port), String(genesisMs)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    children.push(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await waitUntil(() => output.includes('\n'));
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
    return { child, url: output.trim(), output: () => output, ended };
  }

  it('goes on where it was after kill -9, and stops cleanly when told to', async () => {
    const first = await startProcess(0);
    const client = connect(first.url);
    const blocks = new Map<number, string>();
    client.follow(0, async ({ height, hash }) => {
      expect(blocks.get(height) ?? hash).toBe(hash);
      blocks.set(height, hash);
    });
    await waitUntil(() => blocks.size >= 4);
    first.child.kill('SIGKILL');
    await first.ended;
    const before = blocks.size;
    const second = await startProcess(Number(new URL(first.url).port));
    await waitUntil(() => blocks.size >= before + 2);
    expect([...blocks.keys()]).toEqual(Array.from({ length: blocks.size }, (_, height) => height));
    // Another client sees the same chain from its beginning.
    const fresh = connect(second.url);
    const seen = new Map<number, string>();
    fresh.follow(0, async ({ height, hash }) => {
      seen.set(height, hash);
    });
    await waitUntil(() => seen.size >= before);
    for (const [height, hash] of [...blocks].slice(0, before)) expect(seen.get(height)).toBe(hash);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(second.output()).toContain('stopped');
  });
});
