/** The account that pays, over the part of viem that is used here; loaded when a target is opened. */
import { readFile } from 'node:fs/promises';
import { fromHex } from '../../../../consensus/primitives/bytes.ts';
import { CodedError } from '../../../../consensus/primitives/codedError.ts';
import type { Address, Amount } from '../../../../consensus/primitives/flavor.ts';
import { evmAddressOf } from '../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../consensus/primitives/secp256k1.ts';
import type { EvmTargetCode } from './codes.ts';
import type { EvmFees } from './evmFees.ts';

export interface UnsignedTransaction extends EvmFees {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly gas: Amount;
  readonly calldata: string;
}

export interface SignedTransaction extends UnsignedTransaction {
  readonly hash: string;
  /** What a node is given. */
  readonly raw: string;
}

export interface EvmSigner {
  readonly address: Address;
  /** Equal transactions have equal bytes (RFC 6979). */
  sign(transaction: UnsignedTransaction): Promise<SignedTransaction>;
}

interface ViemAccounts {
  privateKeyToAccount(secretKey: string): {
    signTransaction(transaction: Readonly<Record<string, unknown>>): Promise<string>;
  };
}

interface ViemUtils {
  keccak256(bytes: string): string;
}

interface Viem {
  readonly accounts: ViemAccounts;
  readonly utils: ViemUtils;
}

/**
 * @param load - Another in a test.
 * @throws {CodedError} `EVM_DRIVER_MISSING`, `EVM_KEY_UNREADABLE`.
 */
export async function openSigner(
  secretKeyFile: string,
  load: () => Promise<Viem> = loadViem,
): Promise<EvmSigner> {
  const { accounts, utils } = await load().catch((cause: unknown) => {
    throw failure(
      'EVM_DRIVER_MISSING',
      'the target evm needs a package that is not installed: npm install viem',
      cause,
    );
  });
  const secretKey = await readSecretKey(secretKeyFile);
  const address = addressOf(secretKey, secretKeyFile);
  const account = accounts.privateKeyToAccount(secretKey);
  return {
    address,
    sign: async (transaction) => {
      const { chainId, nonce, to, gas, calldata, feePerGas, tipPerGas } = transaction;
      const fees = { maxFeePerGas: feePerGas, maxPriorityFeePerGas: tipPerGas };
      const fields = { type: 'eip1559', chainId, nonce, to, gas, data: calldata, value: 0n, ...fees };
      const raw = await account.signTransaction(fields);
      return { ...transaction, raw, hash: utils.keccak256(raw) };
    },
  };
}

async function loadViem(): Promise<Viem> {
  const [accounts, utils] = await Promise.all([
    import('viem/accounts' as string),
    import('viem/utils' as string),
  ]);
  return { accounts, utils } as Viem;
}

async function readSecretKey(path: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw failure(
      'EVM_KEY_UNREADABLE',
      `the secret key of the evm target cannot be read from ${path}`,
      cause,
    );
  }
  if (/^0x[0-9a-f]{64}$/.test(text)) return text;
  throw failure('EVM_KEY_UNREADABLE', `${path}: expected 0x and 64 lower-case hex digits`);
}

function addressOf(secretKey: string, path: string): Address {
  try {
    return evmAddressOf(secp256k1.publicKeyOf(fromHex(secretKey)));
  } catch {
    // What the library says of it could show some of it.
    throw failure('EVM_KEY_UNREADABLE', `${path}: the number in it is no secret key of secp256k1`);
  }
}

function failure(code: EvmTargetCode, message: string, cause?: unknown): CodedError {
  return new CodedError(code, message, {}, { cause });
}
