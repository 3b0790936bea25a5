/** Commands as text that a reader can paste: for reports and for what comes next after a command. */
import { isAbsolute, relative } from 'node:path';
import { basename } from 'node:path/posix';
import { isOwnBatcherKey, sharedBatcherOf } from '../config/batcherConfig.ts';
import { settingVariables } from '../config/configSources.ts';
import { type Plain, plainConfigOf } from '../config/plainConfig.ts';
import type { Config } from '../config/types.ts';
import type { SourceOptions } from './sources.ts';

/** Groups of the configuration that no simulation reads, some of which hold secrets. */
const privateGroups: readonly string[] = ['node', 'p2p', 'api', 'storage', 'log', 'auto_batch'];

function isPrivate(group: string, key: string): boolean {
  return privateGroups.includes(group) || (group === 'batcher' && isOwnBatcherKey(key));
}

/** For a shell, where it needs it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A path that names no folder of this machine: relative where it lies below the current folder, else its last part. */
export function portablePath(path: string): string {
  if (!isAbsolute(path)) return path;
  const short = relative(process.cwd(), path);
  return short.startsWith('..') || isAbsolute(short) ? basename(path) : short;
}

/** The options of the configuration, in order, as a command takes them. */
export function sourceArguments({ config, set = [] }: SourceOptions, path = portablePath): string[] {
  return [
    ...[config ?? []].flat().map((file) => `--config ${quoted(path(file))}`),
    // The address of a storage or database may hold a password.
    ...set
      .filter((text) => !/^\s*(?:batcher\.storage|auto_batch)\b/.test(text))
      .map((text) => `--set ${quoted(text)}`),
  ];
}

/** Variables that stand before a command, since they set keys that a run reads. */
export function environmentPrefix(environment: Readonly<Record<string, string | undefined>>): string {
  return settingVariables(environment)
    .filter(({ path: [group = '', key = ''] }) => !isPrivate(group, key))
    .map(({ variable, text }) => `${variable}=${quoted(text)} `)
    .join('');
}

/** The configuration of a run without what belongs to the machine of a node. */
export function reportedConfigOf(config: Config): Plain {
  const { batcher = {}, ...groups } = plainConfigOf(config);
  const shared = sharedBatcherOf(batcher as object);
  return {
    ...Object.fromEntries(Object.entries(groups).filter(([group]) => !privateGroups.includes(group))),
    ...(Object.keys(shared).length === 0 ? {} : { batcher: shared }),
  };
}
