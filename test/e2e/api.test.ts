import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { EventLog } from '../../node/api/eventLog.ts';
import { NodeLogger } from '../../node/api/logger.ts';
import { ApiServer } from '../../node/api/server.ts';
import type { CliIo } from '../../node/cli/io.ts';
import { runCli } from '../../node/cli/program.ts';
import { getJson } from '../../node/devnet/apiClient.ts';
import { writeDescription } from '../../node/devnet/description.ts';
import { deriveFundedAccounts } from '../../node/devnet/fundedAccounts.ts';
import { EventTap, RuntimeView } from '../../node/devnet/runtimeView.ts';
import { fastScenario, RuntimeNetwork } from '../helpers/runtimeNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const accounts = deriveFundedAccounts(2);

/** Nodes of the real runtime with their HTTP APIs, described as a devnet describes itself. */
class ApiNetwork {
  readonly folder = mkdtempSync(join(tmpdir(), 'sidereal-api-'));
  readonly network: RuntimeNetwork;
  readonly #events: EventLog[] = [];
  readonly #loggers: NodeLogger[] = [];
  readonly #servers: (ApiServer | undefined)[] = [];
  readonly urls: string[] = [];

  constructor() {
    const whole = { UM: 10n ** 12n };
    this.network = new RuntimeNetwork(fastScenario, {
      extraAccounts: accounts.map(({ address }) => ({
        address,
        label: address,
        balances: whole,
        deposits: whole,
        debts: {},
      })),
      tapOf: (index) => this.#tapOf(index),
    });
  }

  logOf(index: number): string {
    return join(this.folder, `node-${index}.log`);
  }

  async start(): Promise<void> {
    await this.network.startAll();
    for (let index = 0; index < this.network.count; index += 1) await this.startApi(index);
    writeDescription(this.folder, {
      type: 'devnet_started',
      chain_id: 'sidereal',
      nodes: this.urls.map((api, index) => ({
        name: `node-${index}`,
        api,
        p2p: this.network.node(index).network.addresses[0] ?? '',
        pid: process.pid,
        log: this.logOf(index),
      })),
      settlement_chain: { rpc: '', pid: process.pid },
      accounts: accounts.map(({ address, secretKey }) => ({ address, private_key: toHex(secretKey) })),
      data_dir: this.folder,
    });
  }

  async startApi(index: number): Promise<void> {
    const { core, runtime, network } = this.network.node(index);
    const events = this.#events[index];
    const logger = this.#loggers[index];
    if (events === undefined || logger === undefined) throw new Error('the node has no tap');
    const node = new RuntimeView({
      self: index,
      version: '0.1.0',
      operator: undefined,
      core,
      runtime,
      network,
      clock: this.network.clock,
    });
    const server = new ApiServer(
      { host: '127.0.0.1', port: 0, adminToken: 'token' },
      { node, events, logger },
    );
    this.#servers[index] = server;
    this.urls[index] = await server.start();
  }

  async stopApi(index: number): Promise<void> {
    await this.#servers[index]?.stop();
    this.#servers[index] = undefined;
  }

  async cli(line: string): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const text = { out: '', err: '' };
    const io: CliIo = {
      out: (more) => {
        text.out += more;
      },
      err: (more) => {
        text.err += more;
      },
      environment: {},
      isOutTerminal: false,
      isErrTerminal: false,
      columns: 80,
      clock: () => performance.now(),
    };
    const code = await runCli([...line.split(' '), '--data-dir', this.folder], io);
    return { code, ...text };
  }

  async close(): Promise<void> {
    for (const [index] of this.#servers.entries()) await this.stopApi(index);
    await this.network.close();
    for (const logger of this.#loggers) logger.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #tapOf(index: number): EventTap {
    const names = { nameOf: (validator: number) => `node-${validator}`, labelOf: () => undefined };
    const events = new EventLog({ self: index, names, epoch: `e${this.#events.length}` });
    const logger = new NodeLogger({ node: `node-${index}`, level: 'debug', out: this.logOf(index) });
    this.#events[index] = events;
    this.#loggers[index] = logger;
    return new EventTap(events, logger, this.network.clock);
  }
}

let running: ApiNetwork | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(): Promise<ApiNetwork> {
  running = new ApiNetwork();
  await running.start();
  return running;
}

describe('4 nodes of the real runtime behind their HTTP APIs', () => {
  it('take a transaction from the command line to its end and its batch to settlement', async () => {
    const devnet = await start();
    const [api = '', other = ''] = devnet.urls;
    const stream = await fetch(`${api}/events`);
    const sent = await devnet.cli('send borrow UM 1000 --account 0 --wait final --json');
    expect(sent).toMatchObject({ code: 0, err: '' });
    const { id } = JSON.parse(sent.out) as { id: string };
    let batches: readonly unknown[] = [];
    let ended: Promise<void> | undefined;
    await waitUntil(() => {
      ended ??= getJson(other, '/batches').then((page) => {
        batches = page.batches as unknown[];
        ended = undefined;
      });
      return batches.some((batch) => (batch as { state: string }).state === 'confirmed');
    }, 60_000);
    await ended;
    expect(batches).toContainEqual(expect.objectContaining({ net: { UM: '1000' }, state: 'confirmed' }));
    let told = '';
    for await (const chunk of stream.body ?? []) {
      told += Buffer.from(chunk as Uint8Array).toString();
      if (told.includes('"batch_confirmed"')) break;
    }
    expect(told).toContain(`"type":"transaction_executed","height"`);
    expect(told).toContain(id);
    expect(told).toContain('"settlement_block"');
    const status = await devnet.cli('status --json');
    expect(JSON.parse(status.out)).toMatchObject({ nodes: [{ status: { peers: 3 } }, {}, {}, {}] });
    expect((await devnet.cli('logs node-0 --lines 1000')).out).toContain('batch confirmed');
    const metrics = await (await fetch(`${api}/metrics`)).text();
    expect(metrics).toMatch(/sidereal_gossip_accepted_total\{label="[a-z]+"\} [1-9]/);
    expect((await getJson(api, '/health/ready')).status).toBe('ok');
    expect(devnet.network.failures).toEqual([]);
  });

  it('keep what they acknowledged when the node that took it stops at once', async () => {
    const devnet = await start();
    const sent = await devnet.cli('send deposit UM 7 --account 1 --node node-0 --json');
    expect(sent.code).toBe(0);
    const { id } = JSON.parse(sent.out) as { id: string };
    await devnet.stopApi(0);
    await devnet.network.stopNode(0);
    await devnet.network.startNode(0);
    await devnet.startApi(0);
    let status: unknown;
    let asking: Promise<void> | undefined;
    await waitUntil(() => {
      asking ??= getJson(devnet.urls[0] ?? '', `/transactions/${id}`).then((standing) => {
        ({ status } = standing);
        asking = undefined;
      });
      return status === 'final';
    }, 60_000);
    await asking;
    expect(devnet.network.disagreements).toEqual([]);
    expect(devnet.network.failures).toEqual([]);
  });
});
