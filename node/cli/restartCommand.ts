/** `sidereal restart`: has a node of a running devnet stopped in order and started again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { getJson, postJson } from '../devnet/apiClient.ts';
import type { DevnetCode } from '../devnet/codes.ts';
import { readDescription } from '../devnet/description.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import { findNode } from './devnetTarget.ts';
import type { CliIo } from './io.ts';

export interface RestartOptions {
  readonly dataDir: string;
  readonly json?: boolean | undefined;
}

/** Longest wait for the node to be back, in ms. */
const TIMEOUT_MS = 60_000;
/** Pause between two looks, in ms. */
const POLL_MS = 200;

/** @returns The exit code, when the node answers again. */
export async function restartNode(name: string, options: RestartOptions, io: CliIo): Promise<ExitCode> {
  const devnet = readDescription(options.dataDir);
  const { api, pid } = findNode(devnet.nodes, name);
  await postJson(api, '/admin/restart', {}, { token: devnet.admin_token });
  const giveUpAt = io.clock() + TIMEOUT_MS;
  while (io.clock() < giveUpAt) {
    await sleep(POLL_MS);
    // Whoever runs the devnet writes the number of the new process down when it serves.
    const now = findNode(readDescription(options.dataDir).nodes, name);
    if (now.pid === pid) continue;
    const { finalized_height: height } = await getJson(now.api, '/status');
    if (options.json === true) io.out(`${JSON.stringify({ ok: true, name, pid: now.pid, height })}\n`);
    else io.out(`${name} is back at block ${String(height)}, process ${now.pid}\n`);
    return exitCodes.ok;
  }
  const code: DevnetCode = 'RESTART_TIMED_OUT';
  throw new CodedError(code, `${name} did not come back within ${TIMEOUT_MS / 1000} s; see its log`, {
    name,
  });
}
