/**
 * Whose data a directory holds: a small text file beside the store, read before the store is opened. A directory that
 * is not ours is thus refused with nothing in it touched.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { makeFolders } from '../folders.ts';

/** What is written in it; rises whenever rows change so that an older program would misread them. */
export const STORE_VERSION = 1;
const IDENTITY_FILE = 'store.json';

export interface StoreIdentity {
  readonly version: number;
  readonly chainId: Hash;
  /** Made together with the key of its node, and not opened since: that key has signed nothing yet. */
  readonly isUnused: boolean;
}

/**
 * Checks that a directory holds data of this chain in this version's format, or nothing yet.
 * @returns Undefined when the directory holds no store: it is not created here.
 * @throws {CodedError} `STORE_UNREADABLE`, `STORE_VERSION`, `STORE_OTHER_CHAIN`.
 */
export async function checkIdentity(directory: string, chainId: Hash): Promise<StoreIdentity | undefined> {
  const path = join(directory, IDENTITY_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw unreadable(path, cause);
  }
  const identity = parseIdentity(text);
  if (identity === undefined) throw unreadable(path, undefined);
  if (identity.version !== STORE_VERSION) {
    throw new CodedError(
      'STORE_VERSION',
      `${directory} is in store format ${identity.version}, this program reads ${STORE_VERSION}: ` +
        'use the program that wrote it, or another data directory',
      { directory, version: identity.version, versionWanted: STORE_VERSION },
    );
  }
  if (identity.chainId !== chainId) {
    throw new CodedError(
      'STORE_OTHER_CHAIN',
      `${directory} holds the chain ${identity.chainId}, this node runs ${chainId}: ` +
        'correct chain.id in the configuration, or choose another data directory',
      { directory, chainId: identity.chainId, chainIdWanted: chainId },
    );
  }
  return identity;
}

/**
 * Marks a directory as the data of a chain; on disk when the promise resolves, whole or not at all.
 * @throws {CodedError} `STORE_UNREADABLE`: the directory cannot be created or written.
 */
export async function writeIdentity(
  directory: string,
  { chainId, isUnused }: Omit<StoreIdentity, 'version'>,
): Promise<void> {
  const path = join(directory, IDENTITY_FILE);
  const mark = isUnused ? { unused: true } : {};
  const text = `${JSON.stringify({ version: STORE_VERSION, chain_id: chainId, ...mark })}\n`;
  try {
    makeFolders(directory);
    const file = await open(`${path}.new`, 'w');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    const folder = await open(directory, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

/** @param cause - What the system said; undefined when the content is no identity. */
export function unreadable(path: string, cause: unknown): CodedError {
  const reason = cause instanceof Error ? cause.message : 'its content is damaged';
  return new CodedError(
    'STORE_UNREADABLE',
    `${path} cannot be used as a store: ${reason}; check the path and its permissions; for a damaged one see docs/machines.md, keys and copies`,
    { path },
    { cause },
  );
}

/** The code of a system or store error; undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function parseIdentity(text: string): StoreIdentity | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, chain_id: chainId, unused } = value as Readonly<Record<string, unknown>>;
  if (typeof version !== 'number' || typeof chainId !== 'string' || !isHex(chainId, 32)) return undefined;
  return { version, chainId, isUnused: unused === true };
}
