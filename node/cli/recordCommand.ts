/**
 * `sidereal record`: what a local network did, as a scenario file that gives the same batches. A running network is asked
 * over HTTP; of one that stands still the store of the node that got furthest is read.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { Config } from '../config/types.ts';
import { getJson } from '../devnet/apiClient.ts';
import type { DevnetCode } from '../devnet/codes.ts';
import { readDescription } from '../devnet/description.ts';
import { STORE_FOLDER } from '../devnet/folders.ts';
import { lockNetworkFolder, readNetworkFolder } from '../devnet/networkFolder.ts';
import { type ChainSource, sourceOfApi, sourceOfRows } from '../devnet/record/chainRecord.ts';
import { makeFolders } from '../folders.ts';
import { LevelStore } from '../runtime/levelStore.ts';
import { genesisOf } from '../scenario/genesis.ts';
import { nodeOptionsOf } from '../scenario/nodeOptions.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import { counted } from './format.ts';
import type { CliIo } from './io.ts';
import { makeRecording } from './recording.ts';

export interface RecordOptions {
  /** Data directory of the network. */
  readonly devnet: string;
  /** The scenario file; overwritten. */
  readonly out: string;
  readonly toHeight?: number | undefined;
  readonly json?: boolean | undefined;
}

/** A chain and where it was read. */
interface Found {
  readonly source: ChainSource;
  readonly from: string;
}

/** @returns The exit code. */
export async function record(options: RecordOptions, io: CliIo): Promise<ExitCode> {
  const { devnet, out, toHeight } = options;
  const folder = readNetworkFolder(devnet);
  if (folder === undefined) {
    const code: DevnetCode = 'DEVNET_NOT_RUNNING';
    throw new CodedError(code, `${devnet} holds no network: name the --data-dir of a devnet`, {
      path: devnet,
    });
  }
  const { config, seed } = folder;
  const genesis = genesisOf(config);
  const { source, from } = (await findRunning(devnet)) ?? (await openStores(devnet, config, genesis));
  const made = await makeRecording({ config, seed, genesis, source, toHeight }, out);
  writeOut(out, made.text);
  const { blockCount, transactionCount, batchCount } = made;
  if (options.json === true) {
    const line = { ok: true, file: out, from, to_height: blockCount, transactions: transactionCount };
    io.out(`${JSON.stringify({ ...line, batches: batchCount })}\n`);
  } else {
    const what = `${counted(blockCount, 'block')}, ${counted(transactionCount, 'transaction')}, ${batchesOf(batchCount)}`;
    io.out(`${out}: ${what}, read from ${from}; the simulation gives the same batches.\n`);
    io.out(`Next\n  npx sidereal run ${out}\n`);
  }
  return exitCodes.ok;
}

function batchesOf(count: number): string {
  return `${count} ${count === 1 ? 'batch' : 'batches'}`;
}

/** The node of a running network that got furthest; undefined when none answers. */
async function findRunning(dataDir: string): Promise<Found | undefined> {
  let nodes: ReturnType<typeof readDescription>['nodes'];
  try {
    ({ nodes } = readDescription(dataDir));
  } catch (cause) {
    if (cause instanceof CodedError && cause.code === 'DEVNET_NOT_RUNNING') return undefined;
    throw cause;
  }
  const answers = await Promise.all(
    nodes.map(async ({ name, api }) => {
      const status = await getJson(api, '/status').catch(() => undefined);
      return { name, api, height: status === undefined ? -1 : Number(status.finalized_height) };
    }),
  );
  const best = answers.reduce((one, other) => (other.height > one.height ? other : one));
  return best.height < 0 ? undefined : { source: sourceOfApi(best.api), from: best.api };
}

/**
 * The node of a network at rest that got furthest. Nobody can start it meanwhile.
 * @throws {CodedError} `RECORD_NO_BLOCKS`, `DEVNET_RUNNING`, and those of the store.
 */
async function openStores(dataDir: string, config: Config, genesis: Genesis): Promise<Found> {
  const unlock = await lockNetworkFolder(dataDir);
  try {
    let best: (Found & { readonly height: number }) | undefined;
    for (const { index, name } of genesis.validators.validators) {
      const directory = join(dataDir, name, STORE_FOLDER);
      if (!LevelStore.hasRows(directory)) continue;
      const store = await LevelStore.open({ directory, chainId: genesis.chainId });
      try {
        const source = sourceOfRows(await store.rows(), nodeOptionsOf(config, genesis, index));
        const height = await source.finalizedHeight();
        if (best === undefined || height > best.height) best = { source, from: directory, height };
      } finally {
        await store.close();
      }
    }
    if (best !== undefined) return best;
    const code: DevnetCode = 'RECORD_NO_BLOCKS';
    throw new CodedError(code, `no node of ${dataDir} has ever run: there is nothing to record`, {
      path: dataDir,
    });
  } finally {
    unlock();
  }
}

function writeOut(path: string, text: string): void {
  try {
    makeFolders(dirname(path));
    writeFileSync(path, text);
  } catch (cause) {
    const code: CliCode = 'OUT_DIR_UNWRITABLE';
    throw new CodedError(code, `${path} cannot be written: ${(cause as Error).message}`, { path }, { cause });
  }
}
