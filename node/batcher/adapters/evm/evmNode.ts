/** One JSON-RPC node of an EVM chain: requests with a limit in time, and two ways to fail that must not be mixed up. */
import type { Address, Amount } from '../../../../consensus/primitives/flavor.ts';
import { reasonOf } from '../../storage/storageError.ts';

/** The node did not answer, or not as a node does: another one may. */
export class NodeFailure extends Error {
  override readonly name = 'NodeFailure';
}

/** The node answered, with an error: another one would say the same. */
export class NodeRefusal extends Error {
  override readonly name = 'NodeRefusal';
  readonly rpcCode: number;

  constructor(rpcCode: number, message: string) {
    super(message);
    this.rpcCode = rpcCode;
  }
}

export interface EvmReceipt {
  readonly blockNumber: number;
  readonly isSuccess: boolean;
}

/** A transaction as a node knows it. */
export interface EvmTransaction {
  /** Undefined: in its pool. */
  readonly blockNumber: number | undefined;
  readonly feePerGas: Amount;
  readonly tipPerGas: Amount;
}

/** A transaction in a block. */
export interface MinedTransaction {
  readonly transactionHash: string;
  /** Undefined: it makes a contract. */
  readonly to: Address | undefined;
  readonly calldata: string;
}

export interface EvmNodeOptions {
  readonly chainId: number;
  readonly requestTimeoutMs: number;
  /** Ends requests under way. */
  readonly signal: AbortSignal;
}

/** Refusals that say something of the node and nothing of the request: too much asked of it, or it does not serve that. */
const RPC_CODES_OF_NODE: readonly number[] = [-32005, -32601, 429];

type Fields = Readonly<Record<string, unknown>>;

/** Answers are checked: what is not of the expected form is a `NodeFailure`. */
export class EvmNode {
  /** Without path and credentials, which may be secrets. */
  readonly name: string;
  readonly #url: string;
  readonly #authorization: Readonly<Record<string, string>>;
  readonly #options: EvmNodeOptions;
  #isRightChain = false;

  constructor(url: string, options: EvmNodeOptions) {
    const parsed = new URL(url);
    const { username, password } = parsed;
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    this.#authorization = username === '' ? {} : { authorization: `Basic ${credentials.toString('base64')}` };
    parsed.username = '';
    parsed.password = '';
    this.#url = parsed.href;
    this.name = parsed.origin;
    this.#options = options;
  }

  /** Asked before its first answer counts, and again after each failure: behind an address another node may have appeared. */
  async checkChain(): Promise<{ readonly isRight: boolean; readonly chainId: number }> {
    const { chainId } = this.#options;
    if (this.#isRightChain) return { isRight: true, chainId };
    const actual = number(await this.#request('eth_chainId', []));
    this.#isRightChain = actual === chainId;
    return { isRight: this.#isRightChain, chainId: actual };
  }

  async height(): Promise<number> {
    return number(await this.#request('eth_blockNumber', []));
  }

  /** @param block - Count as of this one; `pending`: with what waits in the pool. */
  async transactionCount(account: Address, block: number | 'latest' | 'pending'): Promise<number> {
    const tag = typeof block === 'number' ? toQuantity(block) : block;
    return number(await this.#request('eth_getTransactionCount', [account, tag]));
  }

  async market(): Promise<{ readonly baseFee: Amount; readonly tip: Amount }> {
    const block = fields(await this.#request('eth_getBlockByNumber', ['latest', false]));
    const tip = await this.#request('eth_maxPriorityFeePerGas', []);
    return { baseFee: amount(block.baseFeePerGas), tip: amount(tip) };
  }

  async receipt(transactionHash: string): Promise<EvmReceipt | undefined> {
    const answer = await this.#request('eth_getTransactionReceipt', [transactionHash]);
    if (answer === null) return undefined;
    const { blockNumber, status } = fields(answer);
    return { blockNumber: number(blockNumber), isSuccess: number(status) === 1 };
  }

  async transaction(transactionHash: string): Promise<EvmTransaction | undefined> {
    const answer = await this.#request('eth_getTransactionByHash', [transactionHash]);
    if (answer === null) return undefined;
    const { blockNumber, maxFeePerGas, maxPriorityFeePerGas } = fields(answer);
    return {
      blockNumber: typeof blockNumber === 'string' ? number(blockNumber) : undefined,
      feePerGas: amount(maxFeePerGas),
      tipPerGas: amount(maxPriorityFeePerGas),
    };
  }

  /** The transaction of that account and nonce, if it is in that block. */
  async transactionIn(
    height: number,
    account: Address,
    nonce: number,
  ): Promise<MinedTransaction | undefined> {
    const { transactions } = fields(await this.#request('eth_getBlockByNumber', [toQuantity(height), true]));
    if (!Array.isArray(transactions)) throw new NodeFailure('a block has no list of transactions');
    for (const transaction of transactions.map(fields)) {
      if (lowerCase(transaction.from) !== account || number(transaction.nonce) !== nonce) continue;
      const { hash, input } = transaction;
      return {
        transactionHash: lowerCase(hash) ?? '',
        to: lowerCase(transaction.to),
        calldata: lowerCase(input) ?? '',
      };
    }
    return undefined;
  }

  /** @throws {NodeRefusal} It would be undone, or cannot be paid. */
  async estimateGas(call: {
    readonly from: Address;
    readonly to: Address;
    readonly data: string;
  }): Promise<number> {
    return number(await this.#ask('eth_estimateGas', [call]));
  }

  /** @throws {NodeRefusal} */
  async send(raw: string): Promise<void> {
    await this.#ask('eth_sendRawTransaction', [raw]);
  }

  /** Where there is nothing to refuse: a node that does, such as one that has forgotten old blocks, is no use. */
  async #request(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#ask(method, params);
    } catch (cause) {
      throw cause instanceof NodeRefusal ? new NodeFailure(cause.message, { cause }) : cause;
    }
  }

  async #ask(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#post(method, params);
    } catch (cause) {
      if (cause instanceof NodeRefusal) throw cause;
      this.#isRightChain = false;
      throw cause instanceof NodeFailure
        ? cause
        : new NodeFailure(`${method}: ${reasonOf(cause)}`, { cause });
    }
  }

  async #post(method: string, params: readonly unknown[]): Promise<unknown> {
    const { signal, requestTimeoutMs } = this.#options;
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#authorization },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    const text = await response.text();
    const answer = parseFields(text);
    if (answer === undefined) throw new NodeFailure(`${method}: HTTP ${response.status}, and no JSON`);
    const { error, result } = answer;
    if (error !== undefined && error !== null) throw readError(method, fields(error));
    if (!response.ok || result === undefined)
      throw new NodeFailure(`${method}: HTTP ${response.status}, no result`);
    return result;
  }
}

function toQuantity(value: number): string {
  return `0x${value.toString(16)}`;
}

function readError(method: string, { code, message }: Fields): NodeRefusal | NodeFailure {
  const words = `${method}: ${reasonOf(String(message))} (${String(code)})`;
  if (typeof code !== 'number' || RPC_CODES_OF_NODE.includes(code)) return new NodeFailure(words);
  return new NodeRefusal(code, words);
}

function parseFields(text: string): Fields | undefined {
  try {
    return fields(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function fields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new NodeFailure('an answer is no object');
}

function lowerCase(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined;
}

function amount(value: unknown): Amount {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value)) return BigInt(value);
  throw new NodeFailure('a number of an answer is not written as one');
}

function number(value: unknown): number {
  const read = Number(amount(value));
  if (Number.isSafeInteger(read)) return read;
  throw new NodeFailure('a number of an answer is out of range');
}
