/** Commands as text that a reader can paste: for reports and for what comes next after a command. */
import { isAbsolute, relative } from 'node:path';
import { basename } from 'node:path/posix';
import { settingVariables } from '../config/configSources.ts';
import { isPrivateKey } from '../config/reportedConfig.ts';
import type { SourceOptions } from './sources.ts';

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
    .filter(({ path: [group = '', key = ''] }) => !isPrivateKey(group, key))
    .map(({ variable, text }) => `${variable}=${quoted(text)} `)
    .join('');
}
