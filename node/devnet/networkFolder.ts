/**
 * The data directory of a local network: what all its processes have in common, their keys, and a folder for each. A network
 * is there once `network.yaml` is, which is written last; only one starter at a time may use it.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { readYamlFile } from '../config/configSources.ts';
import { YAML_BYTES_MAX } from '../config/located.ts';
import { parseConfigSources } from '../config/parseConfig.ts';
import { plainConfigOf } from '../config/plainConfig.ts';
import { formatProblems } from '../config/problem.ts';
import type { Config } from '../config/types.ts';
import { makeFolders } from '../folders.ts';
import { LevelStore } from '../runtime/levelStore.ts';
import { createGenesis, networkConfigOf } from '../scenario/genesis.ts';
import type { Scenario } from '../scenario/types.ts';
import { STORE_FOLDER } from './folders.ts';

const NETWORK_FILE = 'network.yaml';
const LOCK_FILE = 'network.lock';
export const KEY_FILE = 'validator.key';
export const OPERATOR_KEY_FILE = 'operator.key';
/** Largest file of a network, in bytes: each process reads it with the addresses of its peers besides. */
const NETWORK_BYTES_MAX = YAML_BYTES_MAX - 32 * 1024;
/** Name and folder of the settlement chain. */
export const CHAIN_NAME = 'settlement';

export interface NetworkFolder {
  readonly dataDir: string;
  /** With every key and the genesis instant in it. */
  readonly config: Config;
  /** From which keys and demand were derived. */
  readonly seed: number;
}

/**
 * Makes a new network: keys, empty stores that know they are new, and the file that all have in common.
 * @param genesisMs - The genesis instant, in ms since 1970.
 * @throws {CodedError} `DEVNET_NAME_TAKEN`, `DEVNET_GENESIS_TOO_LARGE`, `DEVNET_DIR_TAKEN`, `DEVNET_DIR_UNUSABLE`.
 */
export async function createNetworkFolder(
  dataDir: string,
  scenario: Scenario,
  genesisMs: number,
): Promise<NetworkFolder> {
  const parts = createGenesis(scenario);
  const named = networkConfigOf(scenario, parts);
  const config: Config = {
    ...named,
    chain: { ...named.chain, genesisMs },
    // What blocks count from stays where it is when genesis moves: processes that read it before and after would part ways.
    atomicBatches: {
      ...named.atomicBatches,
      proofGenesisMs: named.atomicBatches.proofGenesisMs ?? genesisMs,
    },
  };
  const { chainId } = parts.genesis;
  checkNetwork(config);
  await usable(dataDir, async () => {
    checkFree(dataDir);
    for (const { name, secretKey } of parts.validators) {
      const folder = join(dataDir, name);
      makeFolders(folder);
      writeKey(join(folder, KEY_FILE), secretKey);
      if (parts.operator !== undefined) writeKey(join(folder, OPERATOR_KEY_FILE), parts.operator.secretKey);
      await LevelStore.prepare({ directory: join(folder, STORE_FOLDER), chainId });
    }
    makeFolders(join(dataDir, CHAIN_NAME));
    writeNetworkFile(dataDir, config);
  });
  return { dataDir, config, seed: scenario.seed };
}

/**
 * Whether a network of this configuration can be made at all, wherever.
 * @throws {CodedError} `DEVNET_NAME_TAKEN`, `DEVNET_GENESIS_TOO_LARGE`.
 */
export function checkNetwork(config: Config): void {
  const size = Buffer.byteLength(networkText(config));
  if (size > NETWORK_BYTES_MAX) {
    throw new CodedError(
      'DEVNET_GENESIS_TOO_LARGE',
      `genesis takes ${size} bytes, and a network of processes reads at most ${NETWORK_BYTES_MAX}: ` +
        `${config.ledger.accounts.length} accounts are too many, choose a workload of fewer`,
      { size, sizeMax: NETWORK_BYTES_MAX, accounts: config.ledger.accounts.length },
    );
  }
  if (config.validators.some(({ name }) => name === CHAIN_NAME)) {
    const message = `no validator can be called ${CHAIN_NAME}: that is the name of the settlement chain`;
    throw new CodedError('DEVNET_NAME_TAKEN', message, { name: CHAIN_NAME });
  }
}

/**
 * Moves the genesis instant of a network whose instant has not come yet.
 * @throws {CodedError} `DEVNET_DIR_UNUSABLE`.
 */
export async function moveGenesis(folder: NetworkFolder, genesisMs: number): Promise<NetworkFolder> {
  const { dataDir, config } = folder;
  const moved: Config = { ...config, chain: { ...config.chain, genesisMs } };
  await usable(dataDir, async () => writeNetworkFile(dataDir, moved));
  return { ...folder, config: moved };
}

function writeNetworkFile(dataDir: string, config: Config): void {
  writeFileSync(join(dataDir, NETWORK_FILE), networkText(config), { mode: 0o600 });
}

function networkText(config: Config): string {
  const head =
    '# A local network: what its processes have in common. Made by the first start; not to be edited.\n';
  return `${head}${stringify(plainConfigOf(config), { lineWidth: 0 })}`;
}

/**
 * The network of a data directory.
 * @returns Undefined where there is none yet.
 * @throws {CodedError} `DEVNET_DIR_UNUSABLE`: there is one, and it cannot be read.
 */
export function readNetworkFolder(dataDir: string): NetworkFolder | undefined {
  const path = join(dataDir, NETWORK_FILE);
  if (!existsSync(path)) return undefined;
  const file = readYamlFile(path);
  const parsed = file.ok ? parseConfigSources([file.value]) : file;
  if (!parsed.ok) {
    const [first] = parsed.problems;
    const reason = first === undefined ? 'it cannot be read' : formatProblems([first]);
    throw unusable(dataDir, reason, undefined);
  }
  const { config } = parsed.value;
  return { dataDir, config, seed: config.settlementChain.seed ?? 0 };
}

/** Deletes a network, and nothing that is not part of one. */
export function removeNetworkFolder(dataDir: string): void {
  const folder = readNetworkFolder(dataDir);
  // First the file that makes it a network: what is left after a crash is then no network.
  rmSync(join(dataDir, NETWORK_FILE), { force: true });
  const names = folder?.config.validators.map(({ name }) => name) ?? [];
  for (const name of [...names, CHAIN_NAME]) {
    rmSync(join(dataDir, name), { recursive: true, force: true });
    rmSync(join(dataDir, `${name}.log`), { force: true });
  }
  rmSync(join(dataDir, 'devnet.json'), { force: true });
}

/**
 * Keeps others from using the directory while this process does.
 * @returns Gives it free.
 * @throws {CodedError} `DEVNET_RUNNING`: another process uses it; `DEVNET_DIR_UNUSABLE`.
 */
export async function lockNetworkFolder(dataDir: string): Promise<() => void> {
  const path = join(dataDir, LOCK_FILE);
  await usable(dataDir, () => makeFolders(dataDir));
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, `${process.pid} ${performance.timeOrigin}`);
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(dataDir, reasonOf(cause), cause);
    }
    const pid = readLivingHolder(path);
    if (pid !== undefined) {
      throw new CodedError(
        'DEVNET_RUNNING',
        `${dataDir} is in use by process ${pid}: stop that one, or choose another --data-dir`,
        { dataDir, pid },
      );
    }
    // Its holder was killed.
    rmSync(path, { force: true });
  }
  throw unusable(dataDir, `${path} comes back again and again`, undefined);
}

/** The process that holds the lock, unless it is gone. */
function readLivingHolder(path: string): number | undefined {
  try {
    const [pid = 0, startedAtMs] = readFileSync(path, 'utf8').split(' ').map(Number);
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    // In a container every start may have the same number.
    if (pid === process.pid) return startedAtMs === performance.timeOrigin ? pid : undefined;
    process.kill(pid, 0);
    return pid;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
    return Number(readFileSync(path, 'utf8').split(' ')[0]);
  }
}

/** A directory with anything else in it is not ours to fill. */
function checkFree(dataDir: string): void {
  if (!existsSync(dataDir)) return;
  const others = readdirSync(dataDir).filter((name) => name !== LOCK_FILE);
  if (others.length === 0) return;
  throw new CodedError(
    'DEVNET_DIR_TAKEN',
    `${dataDir} holds something else than a network (${others.slice(0, 3).join(', ')}): choose another --data-dir, or ` +
      'empty it',
    { dataDir },
  );
}

function writeKey(path: string, secretKey: Uint8Array): void {
  writeFileSync(path, `${toHex(secretKey)}\n`, { mode: 0o600 });
}

async function usable(dataDir: string, action: () => void | Promise<void>): Promise<void> {
  try {
    await action();
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw unusable(dataDir, reasonOf(cause), cause);
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function unusable(dataDir: string, reason: string, cause: unknown): CodedError {
  return new CodedError(
    'DEVNET_DIR_UNUSABLE',
    `${dataDir} cannot be used as a data directory: ${reason}; check the path and its permissions, or choose another --data-dir`,
    { dataDir },
    { cause },
  );
}
