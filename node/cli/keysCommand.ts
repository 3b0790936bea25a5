/**
 * `sidereal keys`: a fresh ed25519 key into a file of its own, or the pair that a scenario derives from (seed, label).
 * A fresh secret is never printed; a derived one is, because whoever knows the seed knows it anyway.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { ed25519 } from '../../consensus/primitives/ed25519.ts';
import { SECRET_KEY_BYTES } from '../../consensus/primitives/signature.ts';
import { namePattern } from '../config/fields.ts';
import { makeFolders } from '../folders.ts';
import { deriveKeyHolder } from '../scenario/genesis.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import type { CliIo } from './io.ts';

export interface KeysOptions {
  readonly seed?: number | undefined;
  readonly label?: string | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

const KEY_FILE_DEFAULT = 'sidereal.key';

/** Derives or generates a key. @returns The exit code. */
export function makeKeys(options: KeysOptions, io: CliIo): ExitCode {
  if (options.seed !== undefined || options.label !== undefined) {
    checkDerivation(options);
    const { address, secretKey } = deriveKeyHolder(options.seed ?? 1, options.label ?? 'account/scenario');
    const pair = { public_key: address, secret_key: toHex(secretKey) };
    io.out(
      options.json === true
        ? `${JSON.stringify(pair)}\n`
        : `public key ${pair.public_key}\nsecret key ${pair.secret_key}\n`,
    );
    return exitCodes.ok;
  }
  const secretKey = new Uint8Array(randomBytes(SECRET_KEY_BYTES));
  const path = options.out ?? KEY_FILE_DEFAULT;
  writeSecret(path, `${toHex(secretKey)}\n`);
  const publicKey = toHex(ed25519.publicKeyOf(secretKey));
  io.out(
    options.json === true
      ? `${JSON.stringify({ public_key: publicKey, secret_key_file: path })}\n`
      : `public key ${publicKey}\nsecret key in ${path}, readable by you alone\n`,
  );
  return exitCodes.ok;
}

/** A derived key is printed, never written, and only for labels that a scenario derives. */
function checkDerivation({ label, out }: KeysOptions): void {
  const code: CliCode = 'CLI_USAGE';
  if (out !== undefined) {
    throw new CodedError(code, '--out takes a fresh key; with --seed or --label the derived one is printed');
  }
  const [kind, name, ...rest] = (label ?? 'operator').split('/');
  const isNamed =
    (kind === 'account' || kind === 'validator') && name !== undefined && namePattern.test(name);
  const isWhole = (kind === 'oracle' || kind === 'operator') && name === undefined;
  if ((isNamed || isWhole) && rest.length === 0) return;
  throw new CodedError(
    code,
    `expected a label account/<label>, validator/<name>, oracle or operator, got ${JSON.stringify(label)}`,
  );
}

function writeSecret(path: string, text: string): void {
  try {
    makeFolders(dirname(path));
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const code: CliCode = isThere ? 'KEY_FILE_EXISTS' : 'OUT_DIR_UNWRITABLE';
    const message = isThere
      ? `${path} exists already and is not overwritten`
      : `${path}: ${(cause as Error).message}`;
    throw new CodedError(code, message, { path }, { cause });
  }
}
