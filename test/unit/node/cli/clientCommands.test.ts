import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import type { OrderDesk } from '../../../../node/autobatch/orderDesk.ts';
import type { CliIo } from '../../../../node/cli/io.ts';
import { prettyLine, showLogs } from '../../../../node/cli/logsCommand.ts';
import {
  type DevnetDescription,
  removeDescription,
  writeDescription,
} from '../../../../node/devnet/description.ts';
import { deriveFundedAccounts } from '../../../../node/devnet/fundedAccounts.ts';
import { ApiHarness } from '../../../helpers/apiHarness.ts';
import { type CommandOutcome, keepingIo, runCommand } from '../../../helpers/runCommand.ts';
import { hashOf } from '../../../helpers/signatory.ts';

const accounts = deriveFundedAccounts(2);
const whole = { UM: 10n ** 12n };

describe('commands that talk to a devnet', () => {
  let api: ApiHarness;
  let dataDir: string;
  let log: string;

  const describeDevnet = (changes: Partial<DevnetDescription> = {}): DevnetDescription => ({
    type: 'devnet_started',
    chain_id: 'sidereal',
    nodes: [{ name: 'node-0', api: api.url, p2p: '/ip4/127.0.0.1/tcp/1', pid: 1, log }],
    settlement_chain: { rpc: 'http://127.0.0.1:1', pid: 2 },
    accounts: accounts.map(({ address, secretKey }) => ({ address, private_key: toHex(secretKey) })),
    data_dir: dataDir,
    ...changes,
  });

  const run = (args: readonly string[], overrides: Partial<CliIo> = {}): Promise<CommandOutcome> =>
    runCommand([...args, '--data-dir', dataDir], overrides);

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'sidereal-devnet-'));
    log = join(dataDir, 'node-0.log');
    api = await ApiHarness.start({
      extraAccounts: accounts.map(({ address }, index) => ({
        address,
        label: `funded-${index}`,
        balances: whole,
        deposits: whole,
        debts: {},
      })),
    });
    writeDescription(dataDir, describeDevnet());
  });
  afterEach(async () => {
    await api.stop();
    rmSync(dataDir, { recursive: true });
  });

  /** Lets two seconds of the network pass at each look at the clock. */
  const passing = (): Partial<CliIo> => ({
    clock: () => {
      api.network.run(api.network.nowMs + 2000);
      return 0;
    },
  });

  it('sends an order, once, and waits for its outcome', async () => {
    const order = ['send', 'order', '1', 'UM', '5', 'rent', '--last-height', '99'];
    const sent = await run([...order, '--json']);
    const { id } = JSON.parse(sent.out) as { id: string };
    expect(JSON.parse(sent.out)).toMatchObject({
      outcome: 'pending',
      from: accounts[0]?.address,
      to: accounts[1]?.address,
      amount: '5',
      last_height: 99,
    });
    expect(await run(order)).toEqual({
      code: 0,
      out: `pending  ${id} (the first order of this reference)\n`,
      err: '',
    });
    const ended = (outcome: 'confirmed' | 'failed', failureCode?: string): Partial<CliIo> => ({
      clock: () => {
        const batch = { batchId: hashOf('b1'), index: 0, status: 'Failed', attempts: 1 } as const;
        api.orders.change(id, { outcome, batch: { ...batch, ending: undefined, failureCode } });
        return 0;
      },
    });
    expect(await run([...order, '--wait', 'final'], ended('confirmed'))).toMatchObject({
      code: 0,
      out: expect.stringMatching(`^confirmed {2}${id}`),
    });
    expect(await run([...order, '--wait', 'final'], ended('failed', 'INSUFFICIENT_BALANCE'))).toMatchObject({
      code: 1,
      out: expect.stringMatching(`^failed \\[INSUFFICIENT_BALANCE\\] {2}${id}`),
    });
  });

  it('follows the node that takes no orders to the one that does, unless it was told which', async () => {
    const desk: OrderDesk = { type: 'elsewhere', node: 'node-0', api: api.url };
    const other = await ApiHarness.start({ orders: () => desk });
    try {
      const nodes = describeDevnet().nodes.map((node) => ({ ...node, name: 'node-1', api: other.url }));
      writeDescription(dataDir, describeDevnet({ nodes }));
      const order = ['send', 'order', '1', 'UM', '5', 'rent'];
      expect(await run(order)).toMatchObject({ code: 0, out: expect.stringMatching(/^pending/) });
      expect(await run([...order, '--node', 'node-1'])).toMatchObject({
        code: 3,
        err: expect.stringContaining('AUTO_BATCH_ELSEWHERE'),
      });
    } finally {
      await other.stop();
    }
  });

  it('sends, waits for the end and says where it is', async () => {
    const sent = await run(['send', 'borrow', 'UM', '1000', '--wait', 'final', '--json'], passing());
    expect(sent.code).toBe(0);
    const { id } = JSON.parse(sent.out) as { id: string };
    expect(JSON.parse(sent.out)).toMatchObject({
      status: 'final',
      node: 'node-0',
      from: accounts[0]?.address,
    });
    expect(await api.json(`/transactions/${id}`)).toMatchObject({ status: 'final' });
    expect(await api.json(`/accounts/${accounts[0]?.address}`)).toMatchObject({
      nonce: 1,
      assets: [{ asset: 'UM', balance: String(10n ** 12n + 1000n), debt: '1000' }],
    });
  });

  it('signs with the account asked for, to another one by its number', async () => {
    const sent = await run(
      ['send', 'transfer', '0', 'UM', '5', '--account', '1', '--wait', 'final'],
      passing(),
    );
    expect(sent).toMatchObject({ code: 0, out: expect.stringMatching(/^final at height \d+ {2}0x/) });
    expect(await api.json(`/accounts/${accounts[0]?.address}`)).toMatchObject({
      assets: [{ balance: String(10n ** 12n + 5n) }],
    });
  });

  it('sends several in a row without waiting: nonces follow those that wait', async () => {
    for (const amount of ['1', '2', '3']) {
      expect(await run(['send', 'deposit', 'UM', amount])).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^pending/),
      });
    }
    api.network.run(8_000);
    expect(await api.json(`/accounts/${accounts[0]?.address}`)).toMatchObject({ nonce: 3, next_nonce: 3 });
  });

  it('exits with 1 and the code when the ledger refuses', async () => {
    const sent = await run(['send', 'repay', 'UM', '1', '--wait', 'final'], passing());
    expect(sent).toMatchObject({ code: 1, out: expect.stringContaining('[LEDGER_REPAY_EXCEEDS_DEBT]') });
  });

  it.each([
    [['send', 'lend', 'UM', '1'], 'CLI_USAGE', 2],
    [['send', 'borrow', 'UM'], 'CLI_USAGE', 2],
    [['send', 'borrow', 'UM', '1.5'], 'CLI_USAGE', 2],
    [['send', 'borrow', 'UM', '0'], 'CLI_USAGE', 2],
    [['send', 'transfer', 'bob', 'UM', '1'], 'CLI_USAGE', 2],
    [['send', 'order', '1', 'UM', '1'], 'CLI_USAGE', 2],
    [['send', 'order', 'bob', 'UM', '1', 'rent'], 'CLI_USAGE', 2],
    [['send', 'order', '1', 'UM', '1', ''], 'CLI_USAGE', 2],
    [['send', 'order', '1', 'UM', '1', 'rent', '--last-height', '0'], 'CLI_USAGE', 2],
    [['send', 'borrow', 'UM', '1', '--last-height', '9'], 'CLI_USAGE', 2],
    [['send', 'order', '1', 'UM', '1', 'x'.repeat(129)], 'CLI_USAGE', 2],
    [['send', 'borrow', 'UM', '1', '--wait', 'maybe'], 'CLI_USAGE', 2],
    [['send', 'borrow', 'UM', '1', '--account', '7'], 'ACCOUNT_NOT_FUNDED', 3],
    [['send', 'borrow', 'UM', '1', '--node', 'node-9'], 'NODE_UNKNOWN', 3],
    [['logs', 'node-9'], 'NODE_UNKNOWN', 3],
    [['logs', 'node-0'], 'LOG_UNREADABLE', 3],
  ] as const)('%j: %s', async (args, code, exitCode) => {
    const refused = await run(args);
    expect(refused.err).toContain(`[${code}]`);
    expect(refused.code).toBe(exitCode);
  });

  it('gives up waiting with the id to ask for', async () => {
    let now = 0;
    const clock = () => {
      now += 1000;
      return now;
    };
    const sent = await run(['send', 'borrow', 'UM', '1', '--wait', 'final', '--timeout', '2s'], { clock });
    expect(sent).toMatchObject({
      code: 3,
      err: expect.stringMatching(/\/transactions\/0x.*\[WAIT_TIMED_OUT\]/),
    });
  });

  it.each(['send borrow UM 1', 'status', 'logs node-0'])(
    '%s says how to start a devnet where none runs',
    async (line) => {
      removeDescription(dataDir);
      const refused = await run(line.split(' '));
      expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('sidereal devnet') });
      expect(refused.err).toContain('[DEVNET_NOT_RUNNING]');
    },
  );

  it.each(['', '{}', '{"type":"devnet_started","nodes":[]}'])('refuses a description %j', async (text) => {
    writeFileSync(join(dataDir, 'devnet.json'), text);
    const refused = await run(['status']);
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('[DEVNET_DESCRIPTION_INVALID]') });
  });

  it('shows the nodes side by side, and those that do not answer', async () => {
    const good = await run(['status']);
    expect(good).toMatchObject({ code: 0, out: expect.stringContaining('node-0') });
    const [first] = describeDevnet().nodes;
    if (first === undefined) throw new Error('no node');
    const silent = { ...first, name: 'node-1', api: 'http://127.0.0.1:9' };
    writeDescription(dataDir, describeDevnet({ nodes: [silent, first, { ...first, name: 'node-2' }] }));
    const bad = await run(['status', '--json']);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({
      ok: false,
      agreement: 'yes',
      nodes: [{ name: 'node-1', status: null }, { name: 'node-0', status: { name: 'node-0' } }, {}],
    });
    expect(await run(['send', 'deposit', 'UM', '1'])).toMatchObject({ code: 0 });
    const refused = await run(['send', 'deposit', 'UM', '1', '--node', 'node-1']);
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('[NODE_UNREACHABLE]') });
  });

  const line = (n: number) =>
    `{"level":"info","time":"2026-01-01T00:00:0${n}.000Z","node":"node-0","batch":${n},"message":"batch sealed"}`;

  it('shows the newest lines of a log, for people or as they stand', async () => {
    writeFileSync(log, `${[1, 2, 3].map(line).join('\n')}\nhalf a line`);
    expect((await run(['logs', 'node-0', '--lines', '2'])).out).toBe(
      '00:00:02.000 INFO  batch sealed batch=2\n00:00:03.000 INFO  batch sealed batch=3\n',
    );
    expect((await run(['logs', 'node-0', '--lines', '1', '--json'])).out).toBe(`${line(3)}\n`);
  });

  it('follows a log line by line until it is told to stop', async () => {
    writeFileSync(log, `${line(1)}\n`);
    const stop = new AbortController();
    const lines: string[] = [];
    const io = keepingIo(
      { out: '', err: '' },
      {
        out: (text) => {
          lines.push(text.trimEnd());
          if (lines.length === 1) appendFileSync(log, line(2));
          if (lines.length === 1) appendFileSync(log, `\n${line(3)}\n`);
          if (lines.length === 3) stop.abort();
        },
      },
    );
    const options = { dataDir, lines: 50, follow: true, json: true };
    expect(await showLogs('node-0', options, io, stop.signal)).toBe(0);
    expect(lines).toEqual([line(1), line(2), line(3)]);
  });

  it('leaves lines that are no JSON as they are', () => {
    for (const text of ['panic: no', '7', 'null']) expect(prettyLine(text)).toBe(text);
  });
});
