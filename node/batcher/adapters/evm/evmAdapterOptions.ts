/** What an operator says about the `evm` target, what is taken where nothing is said, and what is refused. */
import { CodedError } from '../../../../consensus/primitives/codedError.ts';
import type { Amount } from '../../../../consensus/primitives/flavor.ts';
import type { BatcherOptionCode } from '../../criteria/codes.ts';

/** What has no default. */
export interface EvmPlace {
  /** `http:` or `https:` addresses of nodes of one chain, one at least; where one fails, the next one is asked. */
  readonly urls: readonly string[];
  /** EIP-155. A node of another chain is never used. */
  readonly chainId: number;
  /** Where calldata is posted: `0x` and 40 hex digits, an account nobody has the key of, or a contract that takes `postInputs(bytes)`. */
  readonly inboxAddress: string;
  /** File with the secret key of the account that pays: `0x` and 64 hex digits. Nobody else may use that account. */
  readonly secretKeyFile: string;
}

export interface EvmLimits {
  /** Most that a unit of gas may cost, in wei, tip included; above it the target waits. */
  readonly feePerGasMax: Amount;
  /** Most gas of one batch. */
  readonly gasMax: number;
  /** Most bytes of the calldata of one batch. */
  readonly batchBytesMax: number;
  /** Blocks that must hold a batch or follow the one that does, itself included. */
  readonly confirmations: number;
  /** Between two looks for a receipt, in ms. */
  readonly pollIntervalMs: number;
  /** A transaction that is in no block by then is sent again with higher fees, in ms. */
  readonly bumpAfterMs: number;
  /** Longest wait for one answer of a node, in ms. */
  readonly requestTimeoutMs: number;
}

type LeftOut<Options> = { readonly [Name in keyof Options]?: Options[Name] | undefined };

export interface EvmAdapterOptions extends EvmPlace, LeftOut<EvmLimits> {
  /** `batcher.namespace`: part of what users sign, so it is posted too. */
  readonly namespace: string;
}

/** What was checked, with nothing left out. */
export type EvmTargetSettings = EvmPlace & EvmLimits & Pick<EvmAdapterOptions, 'namespace'>;

export const evmLimitDefaults: EvmLimits = {
  // 200 gwei: above what the busiest days of public chains ask for, far below a slip of the pen.
  feePerGasMax: 200_000_000_000n,
  // EIP-7825: the most that a transaction may have.
  gasMax: 16_777_216,
  // Common nodes take transactions of at most 131,072 bytes; 3 KiB are left for everything but calldata.
  batchBytesMax: 128_000,
  confirmations: 1,
  pollIntervalMs: 1000,
  // Five blocks of the slowest public chain.
  bumpAfterMs: 60_000,
  requestTimeoutMs: 10_000,
};

/** Smallest batch that may be asked for: one input of the longest text that commands need, with room. */
const BATCH_BYTES_MIN = 1024;
const CALLDATA_BYTES_MAX = 130_000;
const GAS_MIN = 100_000;
/** Nodes that are no archives know counts of accounts 128 blocks back. */
const CONFIRMATIONS_MAX = 100;
const DAY_MS = 86_400_000;

/**
 * Fills in what was left out.
 * @throws {CodedError} `BATCHER_OPTION_INVALID`, naming all that is wrong.
 */
export function checkEvmOptions(options: EvmAdapterOptions): EvmTargetSettings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const all = { ...evmLimitDefaults, ...Object.fromEntries(given) } as EvmTargetSettings;
  const problems = [
    ...(all.urls.length > 0 && all.urls.every(isNodeUrl)
      ? []
      : ['urls: expected one or more http: or https: addresses']),
    ...(/^0x[0-9a-fA-F]{40}$/.test(all.inboxAddress) ? [] : ['inboxAddress: expected 0x and 40 hex digits']),
    ...(all.feePerGasMax > 0n ? [] : ['feePerGasMax: expected wei above 0']),
    ...outOfRange('chainId', all.chainId, 1, Number.MAX_SAFE_INTEGER),
    ...outOfRange('gasMax', all.gasMax, GAS_MIN, Number.MAX_SAFE_INTEGER),
    ...outOfRange('batchBytesMax', all.batchBytesMax, BATCH_BYTES_MIN, CALLDATA_BYTES_MAX),
    ...outOfRange('confirmations', all.confirmations, 1, CONFIRMATIONS_MAX),
    ...outOfRange('pollIntervalMs', all.pollIntervalMs, 1, DAY_MS),
    ...outOfRange('bumpAfterMs', all.bumpAfterMs, 1, DAY_MS),
    ...outOfRange('requestTimeoutMs', all.requestTimeoutMs, 1, DAY_MS),
  ];
  if (problems.length === 0) return all;
  const code: BatcherOptionCode = 'BATCHER_OPTION_INVALID';
  throw new CodedError(code, `options of the evm target: ${problems.join('; ')}`, { problems });
}

function isNodeUrl(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
}

function outOfRange(name: string, value: number, min: number, max: number): readonly string[] {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return [];
  return [`${name}: expected a whole number from ${min} to ${max}, got ${value}`];
}
