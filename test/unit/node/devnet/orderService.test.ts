import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../node/config/parseConfig.ts';
import { OrderService } from '../../../../node/devnet/orderService.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { scenarioOf } from '../../../helpers/coreNetwork.ts';

const root = join(import.meta.dirname, '../../../..');
const validatorKey = new Uint8Array(32).fill(3);
const { genesis } = createGenesis(scenarioOf('duration: 10s'));

function optionsOf(auto_batch: object, self = 0) {
  const parsed = parseConfig({ auto_batch });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { config: parsed.value.config, genesis, self, validatorKey };
}

/** Starts nothing that needs a node: a desk that takes no orders asks for none. */
async function deskOf(auto_batch: object, self: number) {
  const service = await OrderService.open(optionsOf(auto_batch, self));
  const nobody = (): never => {
    throw new Error('nobody is asked');
  };
  const node = { reader: nobody, submit: nobody };
  const quiet = { append: nobody } as never;
  const desk = service.start({ node, events: quiet, logger: quiet, clock: quiet });
  await service.close();
  return desk;
}

/** Starts the service of node-0 in a process of its own, and says what runs then and which packages were looked for. */
function scriptOf(auto_batch: object): string {
  return `
    import { register } from 'node:module';
    import { MessageChannel } from 'node:worker_threads';
    const { port1, port2 } = new MessageChannel();
    const looked = [];
    port1.on('message', (name) => looked.push(name));
    port1.unref();
    const hooks = 'let port; export const initialize = (data) => { port = data; };'
      + 'export const resolve = (name, context, next) => { port.postMessage(name); return next(name, context); };';
    register('data:text/javascript,' + encodeURIComponent(hooks), { data: port2, transferList: [port2] });
    const load = (path) => import(new URL(path, 'file://${root}/').href);
    const { OrderService } = await load('./node/devnet/orderService.ts');
    const { parseConfig } = await load('./node/config/parseConfig.ts');
    const { createGenesis } = await load('./node/scenario/genesis.ts');
    const { scenarioOf } = await load('./test/helpers/coreNetwork.ts');
    const { genesis } = createGenesis(scenarioOf('duration: 10s'));
    const { config } = parseConfig(${JSON.stringify({ auto_batch })}).value;
    const before = process.getActiveResourcesInfo();
    const service = await OrderService.open({ config, genesis, self: 0, validatorKey: new Uint8Array(32).fill(3) });
    const silent = new Proxy({}, { get: () => () => undefined });
    const desk = service.start({ node: silent, events: silent, logger: silent, clock: silent });
    while (desk.type === 'engine' && !process.getActiveResourcesInfo().includes('Timeout')) await new Promise(setImmediate);
    const running = process.getActiveResourcesInfo();
    for (const kind of before) if (running.includes(kind)) running.splice(running.indexOf(kind), 1);
    await service.close();
    const drivers = looked.filter((name) => name === 'pg' || name.startsWith('@electric-sql'));
    process.stdout.write(JSON.stringify({ type: desk.type, seen: looked.length > 50, drivers, running }));
  `;
}

async function startedWith(auto_batch: object): Promise<unknown> {
  const options = ['--import', 'tsx', '--input-type=module', '--eval', scriptOf(auto_batch)];
  // It ends by itself: once the service is closed nothing keeps it alive.
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: root, timeout: 60_000 });
  return JSON.parse(stdout);
}

describe('OrderService', () => {
  it('is no loop, no database and no timer where auto-batch is off', async () => {
    expect(await startedWith({})).toEqual({ type: 'direct', seen: true, drivers: [], running: [] });
  }, 90_000);

  it('is all of them where it is on, and none once it is closed', async () => {
    expect(await startedWith({ enabled: true })).toMatchObject({
      type: 'engine',
      drivers: expect.arrayContaining(['@electric-sql/pglite']),
      running: expect.arrayContaining(['Timeout']),
    });
  }, 90_000);

  it('runs the engine on one node where the database is in its memory', async () => {
    const group = { enabled: true, node: 'node-2', node_api: 'http://127.0.0.1:4402' };
    expect(await deskOf(group, 0)).toEqual({ type: 'elsewhere', node: 'node-2', api: group.node_api });
    expect(await deskOf({ enabled: true, node: 'node-2' }, 0)).toMatchObject({ api: undefined });
  });

  it('names the server that does not answer, and the keys, without the password', async () => {
    const url = 'postgres://me:hidden@127.0.0.1:1/orders';
    const group = { enabled: true, db_type: 'psql', db_url: url };
    const error: Error = await OrderService.open(optionsOf(group)).then(
      () => new Error('it opened'),
      (cause: Error) => cause,
    );
    expect(error).toMatchObject({
      code: 'AUTO_BATCH_DATABASE_UNREACHABLE',
      message: expect.stringMatching(/^auto_batch: .*127\.0\.0\.1:1/),
    });
    expect(JSON.stringify([error.message, (error as { readonly details?: unknown }).details])).not.toContain(
      'hidden',
    );
  });
});
