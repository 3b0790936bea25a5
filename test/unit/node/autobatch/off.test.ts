import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../../..');
const files = readdirSync(join(root, 'node/autobatch'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `./node/autobatch/${name}`);

/** Imports everything, and says what runs then and which packages of databases were looked for. */
const script = `
  import { createRequire, register } from 'node:module';
  import { MessageChannel } from 'node:worker_threads';
  const { port1, port2 } = new MessageChannel();
  const looked = [];
  port1.on('message', (name) => looked.push(name));
  port1.unref();
  const hooks = 'let port; export const initialize = (data) => { port = data; };'
    + 'export const resolve = (name, context, next) => { port.postMessage(name); return next(name, context); };';
  register('data:text/javascript,' + encodeURIComponent(hooks), { data: port2, transferList: [port2] });
  const before = process.getActiveResourcesInfo();
  for (const file of ${JSON.stringify(files)}) await import(new URL(file, 'file://${root}/').href);
  await new Promise((resolve) => setImmediate(resolve));
  const drivers = looked.filter((name) => name === 'pg' || name.startsWith('@electric-sql'));
  const required = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('/node_modules/pg'));
  // What the loader of modules itself has open comes and goes: only what was not there before counts.
  const started = process.getActiveResourcesInfo();
  for (const kind of before) if (started.includes(kind)) started.splice(started.indexOf(kind), 1);
  process.stdout.write(JSON.stringify({ seen: looked.length > ${files.length}, drivers, required, started }));
`;

describe('auto-batch that is off', () => {
  it('starts nothing and loads no database, though all of it is imported', async () => {
    expect(files.length).toBeGreaterThan(10);
    const options = ['--import', 'tsx', '--input-type=module', '--eval', script];
    // It ends by itself: nothing keeps it alive.
    const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: root, timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual({ seen: true, drivers: [], required: [], started: [] });
  }, 90_000);
});
