/** Requests with distinct signed inputs, a line each, in a file that the client reads: made before anything is measured. */
import { closeSync, mkdtempSync, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import { signPersonally } from '../../consensus/primitives/personalSign.ts';
import { evmAddressOf } from '../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../consensus/primitives/secp256k1.ts';
import { signedTextOf } from '../../settlement/input/signedText.ts';

/** Accounts that sign in turns. */
const ACCOUNTS = 500;

/** @param seed - Another one gives other inputs. @returns The path. */
export function makeInputFile(seed: number, count: number): string {
  const path = join(mkdtempSync(join(tmpdir(), 'sidereal-bench-')), 'inputs.ndjson');
  const file = openSync(path, 'w');
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => {
    const secretKey = deriveSecretKey(seed, `account/${index}`);
    return { secretKey, address: evmAddressOf(secp256k1.publicKeyOf(secretKey)) };
  });
  const timestamp = String(Date.now());
  for (let index = 0; index < count; index += 1) {
    const account = accounts[index % ACCOUNTS];
    if (account === undefined) break;
    const { address } = account;
    // Each account borrows an amount once, so all inputs are distinct at one timestamp.
    const input = `borrow|UM|${1 + Math.floor(index / ACCOUNTS)}`;
    const text = signedTextOf({ address, input, timestamp, target: undefined }, '');
    const signature = toHex(signPersonally(account.secretKey, text));
    const data = { address, addressType: 0, input, signature, timestamp };
    writeSync(file, `${JSON.stringify({ data, confirmationLevel: 'no-wait' })}\n`);
  }
  closeSync(file);
  return path;
}
