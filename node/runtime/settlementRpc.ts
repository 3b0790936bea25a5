/**
 * The mock settlement chain as JSON-RPC 2.0: requests in, responses out. What carries them is somebody else's business.
 *
 * | method | params | result |
 * |---|---|---|
 * | `settlement_info` | | chain id, genesis hash and instant, interval, head |
 * | `settlement_submit` | transaction | `accepted`, or `refused` with a code |
 * | `settlement_standing` | proposer, seq, attempt, hash | settled, reverted, waiting or unknown |
 * | `settlement_post` | bytes | `accepted` with the hash of the post, or `refused` with a code |
 * | `settlement_posted` | hash | included (and where), waiting or unknown; height, and base fee of the next block |
 * | `settlement_block` | height | the block's bytes, or null |
 * | `settlement_blocks` | known, from_height, wait_ms | bytes of the blocks that follow, waiting for one |
 * | `settlement_conflicts` | known, wait_ms | pairs of transactions by which proposers contradicted themselves, one each |
 * | `admin_deposit` | from, to, asset, amount, timeout_blocks | null; with the admin token only: this chain keeps no keys of its users |
 * | `admin_fault` | fault, on | null; with the admin token only |
 */
import { z } from 'zod';
import { isAddress } from '../../consensus/primitives/address.ts';
import { fromHex, isHex, toHex } from '../../consensus/primitives/bytes.ts';
import { AMOUNT_MAX, type Hash } from '../../consensus/primitives/flavor.ts';
import { CROSS_CHAIN_TIMEOUT_BLOCKS_MAX } from '../../settlement/bridge/send.ts';
import { POSTED_INPUT_BYTES_MAX } from '../../settlement/net/postedInput.ts';
import { encodeSettlementBlock } from '../../settlement/net/settlementBlock.ts';
import type { SettlementChainFault } from '../scenario/types.ts';
import type { SettlementHost } from './settlementHost.ts';
import type { SystemClock } from './systemClock.ts';

/** Longest wait for a block, or a conflict, in one request, in ms: below what proxies on the way tolerate. */
export const WAIT_MS_MAX = 25_000;
/** Blocks that one request may say it knows. */
const KNOWN_MAX = 64;
/** Proposers that one request may say it knows: more than any chain has validators. */
const PROPOSERS_MAX = 1024;

/** As in a batch: symbols of ASCII have as many bytes. */
const ASSET_LENGTH_MAX = 16;

/** Codes of the specification, and one of our own: a fault of a scenario made the call fail. */
const rpcErrors = {
  parse: -32_700,
  request: -32_600,
  method: -32_601,
  params: -32_602,
  failed: -32_000,
} as const;

export type RpcResponse =
  | { readonly jsonrpc: '2.0'; readonly id: RpcId; readonly result: unknown }
  | {
      readonly jsonrpc: '2.0';
      readonly id: RpcId;
      readonly error: { readonly code: number; readonly message: string };
    };

type RpcId = string | number | null;

const request = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
});

const hash = z.string().refine((text) => isHex(text, 32), 'a hash of 32 bytes as 0x hex');
const address = z.string().refine(isAddress, 'an address of 32 or 20 bytes as lower-case 0x hex');
const hexBytes = z.string().regex(/^0x(?:[0-9a-f]{2})*$/, 'bytes as lower-case 0x hex');
const index = z.int().nonnegative();
const probability = z.number().min(0).max(1);
const typed = { type: z.literal('settlement_chain').default('settlement_chain') };

const fault = z.discriminatedUnion('kind', [
  z.object({ ...typed, kind: z.enum(['stall', 'full', 'transfer_timeout']) }),
  z.object({ ...typed, kind: z.literal('slow'), factor: z.number().min(1).max(1000) }),
  z.object({ ...typed, kind: z.literal('censor'), node: z.string() }),
  z.object({ ...typed, kind: z.literal('reorg'), depth: z.int().min(1) }),
  z.object({
    ...typed,
    kind: z.enum(['lose_receipts', 'rpc_errors', 'rpc_timeouts', 'duplicate_delivery']),
    probability,
  }),
  z.object({ ...typed, kind: z.literal('slippage'), asset: z.string(), bps: index }),
  z.object({ ...typed, kind: z.literal('base_fee'), factor: z.number().positive() }),
]);

const params = {
  submit: z.object({ transaction: hexBytes }),
  standing: z.object({ proposer: index, seq: index, attempt: index, hash }),
  post: z.object({ bytes: hexBytes.max(2 + 2 * POSTED_INPUT_BYTES_MAX + 2) }),
  posted: z.object({ hash }),
  block: z.object({ height: index }),
  blocks: z.object({
    known: z
      .array(z.tuple([index, hash]))
      .max(KNOWN_MAX)
      .default([]),
    from_height: index,
    wait_ms: index.max(WAIT_MS_MAX).default(0),
  }),
  conflicts: z.object({
    known: z.array(index).max(PROPOSERS_MAX).default([]),
    wait_ms: index.max(WAIT_MS_MAX).default(0),
  }),
  fault: z.object({ fault, on: z.boolean() }),
  deposit: z.object({
    from: address,
    to: address,
    asset: z.string().min(1).max(ASSET_LENGTH_MAX),
    amount: z
      .string()
      .regex(/^[1-9][0-9]{0,38}$/, 'a decimal amount above zero')
      .transform(BigInt)
      .refine((amount) => amount <= AMOUNT_MAX, 'an amount of 128 bits'),
    timeout_blocks: z.int().min(1).max(CROSS_CHAIN_TIMEOUT_BLOCKS_MAX),
  }),
};

export interface SettlementRpcOptions {
  readonly chainId: Hash;
  /** Knows the genesis instant. */
  readonly clock: Pick<SystemClock, 'genesisMs'>;
  readonly blockTimeMs: number;
}

/** A response, or nothing: whoever asked is to wait in vain, as a fault of a scenario has it. */
export type RpcOutcome = RpcResponse | undefined;

export class SettlementRpc {
  readonly #options: SettlementRpcOptions;
  readonly #host: SettlementHost;

  constructor(options: SettlementRpcOptions, host: SettlementHost) {
    this.#options = options;
    this.#host = host;
  }

  /**
   * Answers one request; never throws for anything a caller sent.
   * @param text - The body as it came.
   * @param isAdmin - The caller has shown the admin token.
   */
  async handle(text: string, isAdmin: boolean): Promise<RpcOutcome> {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return errorOf(null, rpcErrors.parse, 'the body is not JSON');
    }
    const parsed = request.safeParse(body);
    if (!parsed.success) return errorOf(null, rpcErrors.request, 'not a JSON-RPC 2.0 request');
    const { id, method } = parsed.data;
    try {
      const result = await this.#call(method, parsed.data.params, isAdmin);
      if (result === lost) return undefined;
      return { jsonrpc: '2.0', id, result };
    } catch (error) {
      if (error instanceof z.ZodError) return errorOf(id, rpcErrors.params, z.prettifyError(error));
      if (error instanceof RpcError) return errorOf(id, error.code, error.message);
      throw error;
    }
  }

  async #call(method: string, given: unknown, isAdmin: boolean): Promise<unknown> {
    const host = this.#host;
    switch (method) {
      case 'settlement_info':
        return this.#info();
      case 'settlement_submit': {
        const { transaction } = params.submit.parse(given);
        return resultOf(await host.submit(fromHex(transaction)));
      }
      case 'settlement_standing':
        return resultOf(await host.ask(params.standing.parse(given)));
      case 'settlement_post':
        return resultOf(await host.post(fromHex(params.post.parse(given).bytes)));
      case 'settlement_posted': {
        const answer = resultOf(await host.askPosted(params.posted.parse(given).hash));
        if (answer === lost) return lost;
        return {
          standing: answer.standing,
          settlement_height: answer.settlementHeight ?? null,
          head_height: answer.headHeight,
          next_base_fee: answer.nextBaseFee.toString(),
        };
      }
      case 'settlement_block': {
        const block = host.blockAt(params.block.parse(given).height);
        return block === undefined ? null : toHex(encodeSettlementBlock(block));
      }
      case 'settlement_blocks': {
        const { known, from_height: fromHeight, wait_ms: waitMs } = params.blocks.parse(given);
        const had = known.map(([height, knownHash]) => ({ height, hash: knownHash }));
        const blocks = await host.blocksAfter(had, fromHeight, waitMs);
        return blocks.map((block) => toHex(encodeSettlementBlock(block)));
      }
      case 'settlement_conflicts': {
        const { known, wait_ms: waitMs } = params.conflicts.parse(given);
        const conflicts = await host.conflictsBeside(known, waitMs);
        return conflicts.map(({ first, second }) => [toHex(first), toHex(second)]);
      }
      case 'admin_deposit': {
        if (!isAdmin) break;
        const { timeout_blocks: timeoutBlocks, ...deposit } = params.deposit.parse(given);
        const verdict = await host.deposit({ ...deposit, timeoutBlocks });
        if (!verdict.ok) throw new RpcError(rpcErrors.failed, `${verdict.message} [${verdict.code}]`);
        return null;
      }
      case 'admin_fault': {
        if (!isAdmin) break;
        const { fault: wanted, on } = params.fault.parse(given);
        await this.#setFault(wanted, on);
        return null;
      }
    }
    throw new RpcError(rpcErrors.method, `there is no method ${method}, or not for this caller`);
  }

  #info(): unknown {
    const { chain } = this.#host;
    const { chainId, clock, blockTimeMs } = this.#options;
    return {
      chain_id: chainId,
      genesis_hash: chain.genesis.hash,
      genesis_ms: clock.genesisMs,
      block_time_ms: blockTimeMs,
      height: chain.head.height,
      hash: chain.head.hash,
      base_fee: chain.head.baseFee.toString(),
      next_base_fee: chain.nextBaseFee.toString(),
      last_settled_seq: chain.lastSettledSeq,
      waiting: chain.mempoolCount,
    };
  }

  async #setFault(wanted: SettlementChainFault, on: boolean): Promise<void> {
    if (!this.#host.canPlay(wanted)) {
      throw new RpcError(rpcErrors.params, 'the fault names a validator or asset that is not there');
    }
    await this.#host.setFault(wanted, on);
  }
}

/** What stands for an answer that never comes. */
const lost: unique symbol = Symbol('lost');

function resultOf<Answer extends { readonly type: string }>(
  answer: Answer,
): Exclude<Answer, { type: 'failed' | 'timed_out' }> | typeof lost {
  if (answer.type === 'timed_out') return lost;
  if (answer.type === 'failed') throw new RpcError(rpcErrors.failed, 'the call failed');
  return answer as Exclude<Answer, { type: 'failed' | 'timed_out' }>;
}

class RpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

function errorOf(id: RpcId, code: number, message: string): RpcResponse {
  return { jsonrpc: '2.0', id, error: { code, message } };
}
