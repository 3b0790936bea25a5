/** The command lines of deploy/ as they stand, with host names, ports and folders moved to this machine. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { getJson } from '../../node/devnet/apiClient.ts';
import { findFreePorts, type NetworkPorts } from '../../node/devnet/ports.ts';
import { deriveKeyHolder } from '../../node/scenario/genesis.ts';
import { CliProcess } from '../helpers/cliProcess.ts';
import {
  composeProcesses,
  kubernetesProcesses,
  readCompose,
  readDeploy,
  type ShippedProcess,
  systemdProcesses,
} from '../helpers/shippedProcesses.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const holders = [0, 1, 2, 3].map((index) => deriveKeyHolder(7, `validator/node-${index}`));
const BLOCKS = 4;
const POLL_MS = 50;

let folder = '';
let running: CliProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidereal-machines-'));
});

afterEach(async () => {
  for (const process of running) await process.stop('SIGKILL');
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a process with its files in a folder that stands for the root of its machine. */
function start(shipped: ShippedProcess, ports: NetworkPorts): CliProcess {
  const index = shipped.args[0] === 'node' ? Number(shipped.name.split('-')[1]) : undefined;
  const machine = join(folder, shipped.name);
  const moved = (text: string): string =>
    [...shipped.files.keys()].reduce((whole, path) => whole.replaceAll(path, join(machine, path)), text);
  for (const [path, what] of shipped.files) {
    const local = join(machine, path);
    mkdirSync(what === 'volume' ? local : join(local, '..'), { recursive: true });
    if (what === 'key')
      writeFileSync(local, `${toHex(holders[index ?? 0]?.secretKey ?? new Uint8Array())}\n`);
    else if (what !== 'volume') writeFileSync(local, moved(readDeploy(what)));
  }
  const validators = holders.map(({ address }, i) => `{ name: node-${i}, public_key: "${address}" }`);
  const settings = [
    `validators=[${validators.join(', ')}]`,
    `settlement_chain.urls=["http://localhost:${ports.settlement}"]`,
    `p2p.bootstrap=[${ports.p2p.map((port) => `/dns4/localhost/tcp/${port}`).join(', ')}]`,
    `api.port=${index === undefined ? ports.settlement : ports.api[index]}`,
    ...(index === undefined ? [] : [`p2p.listen=/ip4/0.0.0.0/tcp/${ports.p2p[index]}`]),
  ];
  const environment = Object.fromEntries(
    Object.entries(shipped.environment).map(([key, value]) => [key, moved(value)]),
  );
  const process = new CliProcess(
    [...shipped.args.map(moved), ...settings.flatMap((setting) => ['--set', setting])],
    {
      env: environment,
    },
  );
  running.push(process);
  return process;
}

describe.each([
  ['systemd', systemdProcesses()],
  ['compose', composeProcesses()],
  ['kubernetes', kubernetesProcesses()],
] as const)('deploy/: the network of %s', (family, shipped) => {
  it('makes blocks, answers its probes, and ends in good order', async () => {
    const ports = await findFreePorts('127.0.0.1', holders.length);
    const processes = shipped.map((process) => start(process, ports));
    const apis = ports.api.map((port) => `http://127.0.0.1:${port}`);
    await waitUntil(() => processes.every(({ err, hasEnded }) => hasEnded || err.includes('is up')), 60_000);
    expect(processes.map(({ err }) => err.includes('is up') || err)).toEqual(processes.map(() => true));

    const isThere = async (api: string): Promise<boolean> =>
      Number((await getJson(api, '/status')).finalized_height) >= BLOCKS;
    while (!(await Promise.all(apis.map(isThere))).every(Boolean)) {
      if (processes.some(({ hasEnded }) => hasEnded))
        throw new Error(processes.map(({ err }) => err).join(''));
      await delay(POLL_MS);
    }
    const blocks = await Promise.all(apis.map((api) => getJson(api, `/blocks/${BLOCKS}`)));
    expect(new Set(blocks.map((block) => block.hash)).size).toBe(1);

    for (const [index, api] of apis.entries()) {
      const probes = shipped.find(({ name }) => name === `node-${index}`)?.probes ?? [];
      const paths = [...probes.map(({ path }) => path), '/health/live', '/health/ready', '/metrics'];
      for (const path of new Set(paths)) expect((await fetch(`${api}${path}`)).status, path).toBe(200);
    }
    if (family === 'compose') {
      const [, ...test] = readCompose().services.settlement?.healthcheck?.test ?? [];
      const command = test.map((word) => word.replace(':5400', `:${ports.settlement}`));
      expect(spawnSync(command[0] ?? '', command.slice(1)).status).toBe(0);
    }
    // Without a file the log goes to standard output, where journals and engines gather it.
    for (const { out } of processes) expect(out).toContain('"message":"started"');
    for (const process of [...processes].reverse())
      expect(await process.stop()).toEqual({ code: 0, signal: null });
  });
});
