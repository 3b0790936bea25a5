import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openEvmAdapter } from '../../node/batcher/adapters/evm/evmAdapter.ts';
import type { EvmAdapterOptions } from '../../node/batcher/adapters/evm/evmAdapterOptions.ts';
import { decodeInboxCalldata } from '../../node/batcher/adapters/evm/inboxCalldata.ts';
import { AnvilChain } from '../helpers/anvilChain.ts';
import { EvmTarget, INBOX, type StoredBatch, userInput } from '../helpers/evmTarget.ts';
import { type RpcCall, RpcFront, type RpcHook, rpcError, rpcResult } from '../helpers/rpcFront.ts';
import { TcpProxy } from '../helpers/tcpProxy.ts';

const users = (count: number, from = 0) =>
  Array.from({ length: count }, (_, number) => userInput(from + number));
const unreachable = { code: 'BATCHER_TARGET_UNREACHABLE', blame: 'infrastructure' };

describe('evm target on bad days', () => {
  let chain: AnvilChain;
  let target: EvmTarget;
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    chain = await AnvilChain.start();
  });
  afterAll(() => chain.end());
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await chain.request('anvil_dropAllTransactions');
  });

  const openTarget = async (changes: Partial<EvmAdapterOptions> = {}): Promise<EvmTarget> => {
    const opened = await EvmTarget.open(chain, changes);
    closers.push(() => opened.close());
    target = opened;
    return opened;
  };
  const landsOnce = async (batch: StoredBatch): Promise<void> => {
    await chain.mine();
    const { transactionHash } = await batch.wait();
    expect(batch.transactionHashes).toContain(transactionHash);
    expect(await chain.transactionCount(target.payer.address)).toBe(1);
  };

  describe('an outage', () => {
    it('of a node that takes connections and says nothing ends each wait, and all goes on after it', async () => {
      await openTarget({ requestTimeoutMs: 300 });
      const batch = await target.open(users(2));
      chain.halt();
      try {
        await expect(batch.submit()).rejects.toMatchObject(unreachable);
        await expect(batch.look()).rejects.toMatchObject(unreachable);
        await expect(target.open(users(2))).rejects.toMatchObject(unreachable);
        await expect(openEvmAdapter(target.options).then((adapter) => adapter.start())).rejects.toMatchObject(
          unreachable,
        );
      } finally {
        chain.goOn();
      }
      expect(batch.transactionHashes).toEqual([]);
      await batch.submit();
      await landsOnce(batch);
    });

    it('while a receipt is waited for is waited out', async () => {
      const proxy = await TcpProxy.open(new URL(chain.url));
      closers.push(() => proxy.close());
      await openTarget({ urls: [`http://127.0.0.1:${proxy.port}`] });
      const batch = await target.open(users(2));
      await batch.submit();
      proxy.cut();
      await expect(batch.look()).rejects.toMatchObject(unreachable);
      const waiting = batch.wait();
      await chain.mine();
      proxy.mend();
      expect((await waiting).landed).toHaveLength(2);
    });

    it('of one node has the next one asked, and never one of another chain', async () => {
      const other = await AnvilChain.start(['--no-mining'], 7);
      closers.push(() => other.end());
      const proxy = await TcpProxy.open(new URL(chain.url));
      closers.push(() => proxy.close());
      const first = `http://127.0.0.1:${proxy.port}`;
      await openTarget({ urls: [first, other.url, chain.url] });
      await expect(target.adapter.start()).rejects.toMatchObject({ code: 'EVM_CHAIN_MISMATCH' });
      const batch = await target.open(users(2));
      proxy.cut();
      await batch.submit();
      await landsOnce(batch);
      expect(await other.transactionCount(target.payer.address)).toBe(0);
    });
  });

  describe('a node', () => {
    const openFront = async (): Promise<RpcFront> => {
      const front = await RpcFront.open(chain.url);
      closers.push(() => front.close());
      return front;
    };
    const cutAfterSending: RpcHook = async ({ method, forward, response }) => {
      const answer = await forward();
      if (method !== 'eth_sendRawTransaction') return answer;
      response.destroy();
      return undefined;
    };

    it('that takes a transaction and whose answer is lost has it waited for', async () => {
      const front = await openFront();
      await openTarget({ urls: [front.url] });
      const batch = await target.open(users(2));
      front.hook = cutAfterSending;
      await expect(batch.submit()).rejects.toMatchObject(unreachable);
      expect(await batch.look()).toEqual({ state: 'waiting' });
      await landsOnce(batch);
    });

    it('that takes a transaction and whose answer is lost has the next one say that it is known, noted once', async () => {
      const front = await openFront();
      await openTarget({ urls: [front.url, chain.url] });
      const batch = await target.open(users(2));
      front.hook = cutAfterSending;
      const hash = await batch.submit();
      expect(batch.transactionHashes).toEqual([hash]);
      await landsOnce(batch);
    });

    it('that has lost receipts and transactions gives no batch up while another one has them', async () => {
      const front = await openFront();
      front.hook = async ({ method, forward }) =>
        /Receipt|ByHash/.test(method) ? rpcResult(null) : forward();
      await openTarget({ urls: [front.url, chain.url] });
      const batch = await target.open(users(2));
      await batch.submit();
      await chain.mine();
      expect(await batch.look()).toEqual({ state: 'waiting' });
      front.hook = ({ forward }) => forward();
      expect(await batch.look()).toMatchObject({ state: 'landed' });
    });

    it('whose block comes between two of its answers does not make a batch look overtaken', async () => {
      const front = await openFront();
      await openTarget({ urls: [front.url] });
      for (const mined of ['eth_blockNumber', 'eth_getTransactionReceipt', 'eth_getTransactionCount']) {
        const batch = await target.open(users(1));
        await batch.submit();
        let isMined = false;
        front.hook = async ({ method, forward }) => {
          const answer = await forward();
          if (method === mined && !isMined) await chain.mine();
          if (method === mined) isMined = true;
          return answer;
        };
        expect(await batch.look()).toEqual({ state: 'waiting' });
        expect(isMined).toBe(true);
        front.hook = ({ forward }) => forward();
        expect(await batch.look()).toMatchObject({ state: 'landed' });
      }
    });

    it.each<readonly [string, string | ((response: RpcCall['response']) => unknown)]>([
      ['answers with HTTP 503', (response) => response.writeHead(503).end('unavailable')],
      ['answers with a page', '<html>'],
      ['answers with a list', '[]'],
      ['answers with half an answer', '{"result":'],
      ['answers with nothing in it', '{}'],
      ['answers with something else', rpcResult({ blockNumber: 'soon' })],
      ['answers with a number that is none', rpcResult('0xzz')],
      ['has too much asked of it', rpcError(-32005, 'limit exceeded')],
      ['does not serve that', rpcError(-32601, 'the method does not exist')],
      ['has forgotten old blocks', rpcError(-32000, 'missing trie node')],
      ['sends elsewhere', (response) => response.writeHead(302, { location: chain.url }).end()],
      ['cuts the connection', (response) => response.destroy()],
    ])('that %s has the next one asked', async (_, bad) => {
      const front = await openFront();
      await openTarget();
      const batch = await target.open(users(1));
      const secret = `${front.url.replace('//', '//user:pass@')}/v3/apikey`;
      await target.restart({ urls: [secret] });
      front.hook = async ({ method, forward, response }) => {
        if (method === 'eth_chainId') return forward();
        if (typeof bad === 'string') return bad;
        bad(response);
        return undefined;
      };
      const error = await batch.look().catch((cause: unknown) => cause);
      expect(error).toMatchObject(unreachable);
      expect(String(error)).not.toMatch(/apikey|pass/);
      await target.restart({ urls: [secret, chain.url] });
      expect(await batch.look()).toEqual({ state: 'absent' });
    });

    it('behind whose address another chain appears is not believed', async () => {
      const front = await openFront();
      await openTarget({ urls: [front.url] });
      const batch = await target.open(users(2));
      front.hook = async ({ response }) => {
        response.destroy();
        return undefined;
      };
      await expect(batch.look()).rejects.toMatchObject(unreachable);
      // It has used every nonce.
      front.hook = async ({ method, forward }) =>
        method === 'eth_chainId'
          ? rpcResult('0x7')
          : method.endsWith('Count')
            ? rpcResult('0xff')
            : forward();
      await expect(batch.look()).rejects.toMatchObject(unreachable);
      front.hook = ({ forward }) => forward();
      expect(await batch.look()).toEqual({ state: 'absent' });
    });
  });

  describe('whatever happens in whatever order', () => {
    const CONFIRMATIONS = 3;
    class Ended extends Error {}

    /** All inputs that the chain holds of these users, with repetition. */
    const findPosted = async (): Promise<readonly string[]> => {
      const height = Number(await chain.request('eth_blockNumber'));
      const texts: string[] = [];
      for (let number = 0; number <= height; number += 1) {
        const { transactions } = await chain.request<{
          readonly transactions: readonly {
            readonly to: string;
            readonly from: string;
            readonly input: string;
          }[];
        }>('eth_getBlockByNumber', `0x${number.toString(16)}`, true);
        for (const { to, from, input } of transactions) {
          const posted = decodeInboxCalldata(input);
          if (to === INBOX && from === target.payer.address.toLowerCase() && posted.ok)
            texts.push(...posted.value.inputs.map((one) => one.input));
        }
      }
      return texts;
    };

    /** What the pipeline does in one round, as the standing of its batch asks. @returns Whether all is confirmed. */
    class Rounds {
      #batch: StoredBatch | undefined;
      isDone = false;

      async next(afterNote?: () => Promise<void>): Promise<void> {
        if (this.isDone) return;
        const batch = this.#batch ?? (await target.open(users(2)));
        this.#batch = batch;
        const { state } = await batch.look();
        if (state === 'landed') this.isDone = true;
        if (state === 'lost') this.#batch = undefined;
        if (state === 'absent') await batch.submit(afterNote);
      }
    }

    type Step = (rounds: Rounds) => Promise<unknown>;
    const steps: Readonly<Record<string, Step>> = {
      round: (rounds) => rounds.next(),
      'round, and an end before sending': (rounds) =>
        rounds
          .next(async () => {
            throw new Ended();
          })
          .catch(() => target.restart()),
      restart: () => target.restart(),
      'time passes': async () => target.passTime(60_000),
      block: () => chain.mine(),
      'pool forgets': () => chain.request('anvil_dropAllTransactions'),
      reorganisation: async () => {
        const height = Number(await chain.request('eth_blockNumber'));
        await chain.request('anvil_reorg', Math.min(CONFIRMATIONS - 1, height), []);
      },
      'key used elsewhere': async () =>
        target.sendElsewhere(await chain.transactionCount(target.payer.address), 5).catch(() => undefined),
    };

    it('each input lands, and lands once', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...Object.entries(steps)), { minLength: 5, maxLength: 20 }),
          async (history) => {
            await openTarget({ confirmations: CONFIRMATIONS });
            await chain.mine(CONFIRMATIONS);
            const rounds = new Rounds();
            // What a step does to the target may fail it; the next round goes on.
            for (const [, step] of history) await step(rounds).catch(() => undefined);
            for (let left = 60; left > 0 && !rounds.isDone; left -= 1) {
              await rounds.next().catch(() => undefined);
              await chain.mine();
              if (left % 5 === 0) target.passTime(60_000);
            }
            expect(rounds.isDone).toBe(true);
            expect((await findPosted()).toSorted()).toEqual(users(2).map(({ input }) => input));
          },
        ),
        { numRuns: Number(process.env.SIDEREAL_TEST_EVM_RUNS ?? 12) },
      );
    });
  });
});
