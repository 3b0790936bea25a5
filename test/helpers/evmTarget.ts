/** A target on a chain of a test's own: the adapter, a paying account, users who sign, and what the pipeline would keep of a batch. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { pause } from '../../node/backOff.ts';
import type { OpenBatch, QueuedInput } from '../../node/batcher/adapters/adapter.ts';
import { type EvmAdapter, openEvmAdapter } from '../../node/batcher/adapters/evm/evmAdapter.ts';
import type { EvmAdapterOptions } from '../../node/batcher/adapters/evm/evmAdapterOptions.ts';
import { signInputAsEvmAccount, signInputWithKey } from '../../node/batcher/input/inputSignature.ts';
import { parsePlainInput } from '../../node/batcher/input/plainInput.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import { requestIdOf } from '../../settlement/input/requestId.ts';
import { signedTextOf } from '../../settlement/input/signedText.ts';
import { ANVIL_CHAIN_ID, type AnvilChain } from './anvilChain.ts';

export const INBOX = `0x${'1b'.repeat(20)}`;
export const NAMESPACE = 'evm tests';
export const ONE_ETHER = 10n ** 18n;
export const NEVER = new AbortController().signal;

const TIMESTAMP = 1_700_000_000_000;

export function secretKeyOf(name: string): string {
  return `0x${createHash('sha256').update(name).digest('hex')}`;
}

/** An input of a user of its own; odd ones sign with an ed25519 key. */
export function userInput(number: number, text = `move|${number}`): BatcherInput {
  const unsigned = {
    input: text,
    timestamp: String(TIMESTAMP + number),
    target: number % 3 === 0 ? undefined : 'evm',
  };
  const secretKey = fromHex(secretKeyOf(`user ${number}`));
  return number % 2 === 0
    ? signInputAsEvmAccount(unsigned, secretKey, NAMESPACE)
    : signInputWithKey(unsigned, secretKey, NAMESPACE);
}

export function queued(data: BatcherInput): QueuedInput {
  const requestId = requestIdOf(data.addressType, data.address, signedTextOf(data, NAMESPACE));
  const command = parsePlainInput(data.input);
  return {
    requestId,
    account: data.address.toLowerCase(),
    data,
    command: command.ok ? command.value : undefined,
  };
}

/** Keeps what the pipeline keeps on disk, so that an adapter can be put away and another one go on. */
export class EvmTarget {
  readonly chain: AnvilChain;
  readonly payer: ReturnType<typeof privateKeyToAccount>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sidereal-evm-'));
  readonly #changes: Partial<EvmAdapterOptions>;
  #nowMs = 0;
  #adapter: EvmAdapter | undefined;

  private constructor(chain: AnvilChain, changes: Partial<EvmAdapterOptions>) {
    this.chain = chain;
    this.#changes = changes;
    const secretKey = secretKeyOf(this.#folder);
    this.payer = privateKeyToAccount(secretKey as `0x${string}`);
    writeFileSync(this.secretKeyFile, `${secretKey}\n`, { mode: 0o600 });
  }

  static async open(chain: AnvilChain, changes: Partial<EvmAdapterOptions> = {}): Promise<EvmTarget> {
    const target = new EvmTarget(chain, changes);
    await target.fund(100n * ONE_ETHER);
    await target.restart();
    return target;
  }

  get secretKeyFile(): string {
    return join(this.#folder, 'payer.key');
  }

  get adapter(): EvmAdapter {
    if (this.#adapter === undefined) throw new Error('the target is closed');
    return this.#adapter;
  }

  get options(): EvmAdapterOptions {
    return {
      urls: [this.chain.url],
      chainId: ANVIL_CHAIN_ID,
      inboxAddress: INBOX,
      secretKeyFile: this.secretKeyFile,
      namespace: NAMESPACE,
      pollIntervalMs: 10,
      bumpAfterMs: 60_000,
      requestTimeoutMs: 2_000,
      ...this.#changes,
    };
  }

  /** Another process goes on with what is stored: it remembers nothing. */
  async restart(changes: Partial<EvmAdapterOptions> = {}): Promise<EvmAdapter> {
    await this.#adapter?.stop();
    // Time stands still for fees, and runs for waits.
    this.#adapter = await openEvmAdapter(
      { ...this.options, ...changes },
      { nowMs: () => this.#nowMs + performance.now(), wait: pause },
    );
    return this.#adapter;
  }

  passTime(passedMs: number): void {
    this.#nowMs += passedMs;
  }

  fund(wei: bigint): Promise<unknown> {
    return this.chain.request('anvil_setBalance', this.payer.address, `0x${wei.toString(16)}`);
  }

  async open(inputs: readonly BatcherInput[]): Promise<StoredBatch> {
    const { data, selectedInputs } = await this.adapter.buildBatchData(inputs.map(queued));
    return new StoredBatch(this, data, selectedInputs);
  }

  /** Somebody else uses the payer's key. */
  async sendElsewhere(nonce: number, gwei = 20): Promise<string> {
    const fees = { maxFeePerGas: BigInt(gwei) * 10n ** 9n, maxPriorityFeePerGas: BigInt(gwei) * 10n ** 9n };
    const to = `0x${'0e'.repeat(20)}` as const;
    const fields = { type: 'eip1559', chainId: ANVIL_CHAIN_ID, nonce, gas: 21_000n, to, ...fees } as const;
    return this.chain.request('eth_sendRawTransaction', await this.payer.signTransaction(fields));
  }

  async close(): Promise<void> {
    await this.#adapter?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class StoredBatch implements OpenBatch {
  readonly batchId = '1';
  readonly data: string;
  readonly inputs: readonly QueuedInput[];
  readonly transactionHashes: string[] = [];
  readonly #target: EvmTarget;

  constructor(target: EvmTarget, data: string, inputs: readonly QueuedInput[]) {
    this.#target = target;
    this.data = data;
    this.inputs = inputs;
  }

  /** @param afterNote - What happens once a hash is on disk, such as the end of the process. */
  async submit(
    afterNote: (transactionHash: string) => Promise<void> = async () => undefined,
  ): Promise<string> {
    const { adapter } = this.#target;
    const fee = await adapter.estimateBatchFee(this.data);
    const note = async (transactionHash: string): Promise<void> => {
      this.transactionHashes.push(transactionHash);
      await afterNote(transactionHash);
    };
    const batch = { ...this.#snapshot() };
    return adapter.submitBatch({ batch, fee, note, signal: NEVER });
  }

  look() {
    return this.#target.adapter.findLandedTransaction(this.#snapshot());
  }

  wait(timeoutMs = 20_000) {
    const last = this.transactionHashes.at(-1) ?? '';
    return this.#target.adapter.waitForTransactionReceipt(this.#snapshot(), last, {
      timeoutMs,
      signal: NEVER,
    });
  }

  #snapshot(): OpenBatch {
    const { batchId, data, inputs, transactionHashes } = this;
    return { batchId, data, inputs, transactionHashes: [...transactionHashes] };
  }
}
