/**
 * From what the command line asks for to a network on disk: the one of the data directory, or a new one with its ten funded
 * accounts. What contradicts a network that is there is refused, so that nobody believes in a setting that does nothing.
 */
import { dirname, resolve } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { GenesisAccount } from '../../settlement/ledger/types.ts';
import { isOwnBatcherKey } from '../config/batcherConfig.ts';
import type { Located } from '../config/located.ts';
import { snakeCase, snakeCased, texts } from '../config/plainConfig.ts';
import type { Checked } from '../config/problem.ts';
import type { Config } from '../config/types.ts';
import { createGenesis, networkConfigOf } from '../scenario/genesis.ts';
import { type LoadedScenario, loadScenario, parseScenario } from '../scenario/loadScenario.ts';
import type { Scenario } from '../scenario/types.ts';
import { deriveFundedAccounts } from './fundedAccounts.ts';
import {
  checkNetwork,
  createNetworkFolder,
  lockNetworkFolder,
  type NetworkFolder,
  readNetworkFolder,
  removeNetworkFolder,
} from './networkFolder.ts';
import { findTakenPort, portsFrom, portTaken } from './ports.ts';

/** What drives a devnet: the demo, nothing, or a file: a trace (.csv), or YAML with a `workload:`. */
export type WorkloadChoice =
  | { readonly type: 'demo' | 'none' }
  | { readonly type: 'file'; readonly file: string };

export interface NetworkRequest {
  readonly dataDir: string;
  /** Deletes the network that is there. */
  readonly isFresh: boolean;
  readonly workload: WorkloadChoice;
  /** Configuration sources below a workload's own, and above it. */
  readonly below: readonly Located[];
  readonly above: readonly Located[];
  /** The genesis instant of a new network, in ms since 1970. */
  readonly genesisMs: () => number;
}

export interface OpenedNetwork {
  readonly folder: NetworkFolder;
  readonly isNew: boolean;
  /** With the network's seed and the workload that was asked for. */
  readonly scenario: Scenario;
  readonly workload: WorkloadChoice['type'];
}

/** How long the pools of a generator last, in ms: a month of borrowing without a repayment. */
const FUNDED_MS = 30 * 24 * 3600 * 1000;
/** Whole units of every asset that a funded account holds, and has deposited. */
export const FUNDED_UNITS = 1_000_000n;
/** Groups with keys that belong to the processes and not to the network they make up: each start may choose them anew. */
const processGroups = ['api', 'log', 'storage', 'batcher', 'autoBatch'] as const;

function isProcessKey(path: string): boolean {
  const [group = '', key = ''] = path.split('.');
  return group === 'batcher' ? isOwnBatcherKey(key) : processGroups.some((own) => snakeCase(own) === group);
}

/**
 * @returns The network, or what is wrong with the files and settings.
 * @throws {CodedError} `DEVNET_CONFIG_OTHER`, `DEVNET_WORKLOAD_OTHER`, `DEVNET_WORKLOAD_INVALID`, `DEVNET_RUNNING` and what
 *   the folder says.
 */
export async function openNetwork(request: NetworkRequest): Promise<Checked<OpenedNetwork>> {
  const { dataDir, isFresh, workload } = request;
  const kept = isFresh ? undefined : readNetworkFolder(dataDir);
  const loaded = loadRequested(request, kept?.seed);
  if (!loaded.ok) return loaded;
  const { scenario } = loaded.value;
  if (kept !== undefined) {
    refuseOtherConfig(request, scenario.config, kept);
    refuseOtherWorkload(scenario, kept);
    const config = withProcessKeys(request, scenario.config, kept.config);
    return {
      ok: true,
      value: { folder: { ...kept, config }, isNew: false, scenario, workload: workload.type },
    };
  }
  // Before anything is deleted or made.
  checkNetwork(networkConfigOf(scenario, createGenesis(scenario)));
  await assertPortsFree(scenario.config);
  if (isFresh) {
    const unlock = await lockNetworkFolder(dataDir);
    try {
      removeNetworkFolder(dataDir);
    } finally {
      unlock();
    }
  }
  const folder = await createNetworkFolder(dataDir, scenario, request.genesisMs());
  return { ok: true, value: { folder, isNew: true, scenario, workload: workload.type } };
}

/** A new network whose ports are taken is not even made. */
async function assertPortsFree({ api, validators }: Config): Promise<void> {
  const taken = await findTakenPort(api.host, portsFrom(api.port, validators.length));
  if (taken !== undefined) throw portTaken(api.host, taken);
}

function loadRequested(request: NetworkRequest, seed: number | undefined): Checked<LoadedScenario> {
  const { workload, below, above } = request;
  const options = {
    below,
    above,
    ...(seed === undefined ? {} : { seed }),
    // Its processes read files of their own, in folders of their own.
    resolvePath: (path: string, file: string | undefined) => resolve(dirname(file ?? ''), path),
  };
  const loaded = loadWorkload(workload, options);
  if (!loaded.ok) return loaded;
  const { scenario, warnings } = loaded.value;
  if (scenario.timeline.length > 0 || scenario.expectations.length > 0) {
    throw new CodedError(
      'DEVNET_WORKLOAD_INVALID',
      `${scenario.file ?? 'the workload'}: expected \`workload:\` and no timeline or expectations: a whole scenario runs with ` +
        '`npx sidereal run`',
      { file: scenario.file },
    );
  }
  const { config } = scenario;
  const accounts = [...config.ledger.accounts, ...fundedAccounts(config)];
  return {
    ok: true,
    value: {
      scenario: {
        ...scenario,
        durationMs: FUNDED_MS,
        config: { ...config, ledger: { ...config.ledger, accounts } },
      },
      warnings,
    },
  };
}

function loadWorkload(
  workload: WorkloadChoice,
  options: Parameters<typeof loadScenario>[1],
): Checked<LoadedScenario> {
  if (workload.type !== 'file') return parseScenario('name: devnet\nduration: 1h\n', 'devnet', options);
  const { file } = workload;
  if (!file.endsWith('.csv')) return loadScenario(file, options);
  const text = `name: devnet\nworkload: { trace: ${JSON.stringify(resolve(file))} }\n`;
  return parseScenario(text, file, options);
}

function fundedAccounts({ ledger }: Config): GenesisAccount[] {
  const holdings = Object.fromEntries(
    ledger.assets.map(({ symbol, decimals }) => [symbol, FUNDED_UNITS * 10n ** BigInt(decimals)]),
  );
  return deriveFundedAccounts().map(({ address }, index) => ({
    address,
    label: `account-${index}`,
    balances: holdings,
    deposits: holdings,
    debts: {},
  }));
}

/** A setting for a network that was made with another one would do nothing. */
function refuseOtherConfig(
  { below, above, dataDir }: NetworkRequest,
  asked: Config,
  kept: NetworkFolder,
): void {
  for (const key of new Set([...below, ...above].flatMap(keysOf))) {
    const [wanted, there] = [valueAt(asked, key), valueAt(kept.config, key)];
    if (isProcessKey(key) || wanted === there) continue;
    const isCount = key === 'validators' && asked.validators.length !== kept.config.validators.length;
    const [found, other] = isCount
      ? [kept.config.validators.length, asked.validators.length]
      : [there, wanted];
    throw new CodedError(
      'DEVNET_CONFIG_OTHER',
      `the network of ${dataDir} has ${key} ${found}, and you ask for ${other}: start over with --fresh, or choose another ` +
        '--data-dir',
      { key, dataDir },
    );
  }
}

/** What this start says of its processes; the rest as the network was made. */
function withProcessKeys({ below, above }: NetworkRequest, asked: Config, kept: Config): Config {
  const named = new Set([...below, ...above].flatMap(keysOf));
  const merge = <Group extends (typeof processGroups)[number]>(group: Group): Config[Group] => {
    const chosen = Object.entries(asked[group]).filter(([key]) =>
      named.has(`${snakeCase(group)}.${snakeCase(key)}`),
    );
    return { ...kept[group], ...Object.fromEntries(chosen) };
  };
  return {
    ...kept,
    api: merge('api'),
    log: merge('log'),
    storage: merge('storage'),
    batcher: merge('batcher'),
    autoBatch: merge('autoBatch'),
  };
}

/** `group.key` of everything that a source sets. */
function keysOf(source: Located): string[] {
  if (source.kind !== 'map') return [];
  return [...source.entries].flatMap(([group, { value }]) =>
    group === 'validators' || value.kind !== 'map'
      ? [group]
      : [...value.entries.keys()].map((key) => `${group}.${key}`),
  );
}

function valueAt(config: Config, key: string): string {
  if (key === 'validators') {
    return config.validators.map(({ name, stake }) => `${name} with stake ${stake}`).join(', ');
  }
  const [group = '', name = ''] = key.split('.');
  const plain = snakeCased(config) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  return JSON.stringify(texts(plain[group]?.[name])) ?? 'nothing';
}

/** Accounts are funded at genesis and never again. */
function refuseOtherWorkload(scenario: Scenario, { config, dataDir }: NetworkFolder): void {
  if (scenario.workload.type === 'none') return;
  const funded = new Set(config.ledger.accounts.map(({ address }) => address));
  const missing = createGenesis(scenario).genesis.accounts.find(({ address }) => !funded.has(address));
  if (missing === undefined) return;
  throw new CodedError(
    'DEVNET_WORKLOAD_OTHER',
    `${missing.label} has no funds in the network of ${dataDir}, which was made for another workload: start over with --fresh`,
    { account: missing.label, dataDir },
  );
}
