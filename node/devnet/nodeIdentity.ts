/** Who a node is: which validator, with which keys, and where its chain begins; read from its configuration, and checked. */
import { readFileSync } from 'node:fs';
import { fromHex, isHex, toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { ed25519 } from '../../consensus/primitives/ed25519.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Crypto, Signer } from '../../consensus/primitives/signature.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { Config } from '../config/types.ts';

export interface NodeIdentity {
  readonly self: ValidatorIndex;
  readonly name: string;
  readonly secretKey: Uint8Array;
  readonly signer: Signer;
  /** Undefined where the node holds no operator's key. */
  readonly operator: Signer | undefined;
  /** In ms since 1970. */
  readonly genesisMs: number;
  /** Of the settlement chain, one at least. */
  readonly urls: readonly string[];
}

/** @throws {CodedError} `CONFIG_KEY_NEEDED`, `NODE_NOT_VALIDATOR`, `KEY_FILE_INVALID`, `NODE_KEY_OTHER`. */
export function readIdentity(config: Config, genesis: Genesis, crypto: Crypto): NodeIdentity {
  const self = findSelf(config, genesis);
  const { genesisMs } = config.chain;
  const { urls } = config.settlementChain;
  const { keyFile, operatorKeyFile } = config.node;
  const what = 'the instant of genesis, the same for all';
  const identity = {
    self,
    name: genesis.validators.at(self).name,
    genesisMs: needed(genesisMs, 'chain.genesis_ms', what),
    urls,
  };
  if (urls.length === 0) throw keyNeeded('settlement_chain.urls', 'the address of the settlement chain');
  const secretKey = readSecretKey(needed(keyFile || undefined, 'node.key_file', 'the validator’s key'));
  checkKey(config, genesis, self, secretKey);
  const operator = operatorKeyFile === '' ? undefined : crypto.createSigner(readSecretKey(operatorKeyFile));
  return { ...identity, secretKey, signer: crypto.createSigner(secretKey), operator };
}

function findSelf({ node }: Config, genesis: Genesis): ValidatorIndex {
  const names = genesis.validators.validators.map(({ name }) => name);
  const known = `one of the validators (${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''})`;
  const index = names.indexOf(needed(node.name || undefined, 'node.name', known));
  if (index >= 0) return index;
  const message = `node.name: expected ${known}, got ${JSON.stringify(node.name)}`;
  throw new CodedError('NODE_NOT_VALIDATOR', message, { name: node.name });
}

function needed<Value>(value: Value | undefined, key: string, what: string): Value {
  if (value === undefined) throw keyNeeded(key, what);
  return value;
}

function keyNeeded(key: string, what: string): CodedError {
  return new CodedError('CONFIG_KEY_NEEDED', `${key}: expected ${what}, got nothing`, { key });
}

/** The secret key in a file, as `sidereal keys` writes it. */
function readSecretKey(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const reason =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (cause as Error).message;
    throw keyFileInvalid(path, reason, cause);
  }
  if (!isHex(text, 32)) throw keyFileInvalid(path, 'expected 0x and 64 lower-case hex digits', undefined);
  return fromHex(text);
}

function keyFileInvalid(path: string, reason: string, cause: unknown): CodedError {
  return new CodedError(
    'KEY_FILE_INVALID',
    `${path}: ${reason}; make one with \`npx sidereal keys --out ${path}\``,
    { path },
    { cause },
  );
}

function checkKey({ node }: Config, genesis: Genesis, self: ValidatorIndex, secretKey: Uint8Array): void {
  const { name, publicKey } = genesis.validators.at(self);
  const found = toHex(ed25519.publicKeyOf(secretKey));
  if (found === publicKey) return;
  throw new CodedError(
    'NODE_KEY_OTHER',
    `${node.keyFile} holds the key of ${found}, but ${name} is ${publicKey}: correct node.key_file or node.name`,
    { name, publicKey, found },
  );
}

/** What events call validators and accounts. */
export function namesOf({ ledger }: Config, { validators }: Genesis) {
  const labels = new Map<string, string>();
  for (const { name, publicKey } of validators.validators) labels.set(publicKey, name);
  for (const { address, label } of ledger.accounts) labels.set(address, label);
  return {
    nameOf: (index: ValidatorIndex) => validators.at(index).name,
    labelOf: (address: string) => labels.get(address),
  };
}
