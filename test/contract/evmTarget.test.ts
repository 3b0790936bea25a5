import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Hex, verifyMessage } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EvmAdapterOptions } from '../../node/batcher/adapters/evm/evmAdapterOptions.ts';
import { decodeInboxCalldata } from '../../node/batcher/adapters/evm/inboxCalldata.ts';
import { isInputSigned } from '../../node/batcher/input/inputSignature.ts';
import { requestIdOf } from '../../settlement/input/requestId.ts';
import { signedTextOf } from '../../settlement/input/signedText.ts';
import { AnvilChain } from '../helpers/anvilChain.ts';
import { EvmTarget, INBOX, ONE_ETHER, type StoredBatch, userInput } from '../helpers/evmTarget.ts';

const GWEI = 10n ** 9n;
const users = (count: number, from = 0) =>
  Array.from({ length: count }, (_, number) => userInput(from + number));
const unreachable = { code: 'BATCHER_TARGET_UNREACHABLE', blame: 'infrastructure' };
const undone = { code: 'BATCHER_BATCH_REVERTED', blame: 'input' };

interface ChainTransaction {
  readonly input: string;
  readonly nonce: string;
  readonly to: string;
  readonly maxFeePerGas: string;
  readonly maxPriorityFeePerGas: string;
}

/** A contract that undoes what comes with longer calldata, in the machine's own words. */
const undoAbove = (byteCount: number): string => {
  const pushByteCount = `61${byteCount.toString(16).padStart(4, '0')}`;
  const isLonger = '3611';
  const jumpIfSo = '600957';
  return `0x${pushByteCount}${isLonger}${jumpIfSo}005b5f5ffd`;
};

describe('evm target', () => {
  let chain: AnvilChain;
  let target: EvmTarget;
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    chain = await AnvilChain.start();
  });
  afterAll(() => chain.end());
  beforeEach(async () => {
    await chain.request('anvil_setNextBlockBaseFeePerGas', `0x${GWEI.toString(16)}`);
    await chain.mine();
    await openTarget();
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await chain.request('anvil_setCode', INBOX, '0x');
    await chain.request('anvil_dropAllTransactions');
  });

  const openTarget = async (changes: Partial<EvmAdapterOptions> = {}): Promise<EvmTarget> => {
    const opened = await EvmTarget.open(chain, changes);
    closers.push(() => opened.close());
    target = opened;
    return opened;
  };
  const transactionOf = (hash: string) => chain.request<ChainTransaction>('eth_getTransactionByHash', hash);
  const used = () => chain.transactionCount(target.payer.address);
  const landsOnce = async (batch: StoredBatch): Promise<string> => {
    await chain.mine();
    const receipt = await batch.wait();
    expect(batch.transactionHashes).toContain(receipt.transactionHash);
    expect(receipt.landed).toEqual(
      batch.inputs.map(({ requestId }) => ({
        requestId,
        transactionHash: receipt.transactionHash,
        ok: true,
      })),
    );
    expect(await used()).toBe(1);
    return receipt.transactionHash;
  };

  describe('a batch', () => {
    it('is on the chain in one transaction, in which anybody finds each input and who signed it', async () => {
      const inputs = users(12);
      const batch = await target.open(inputs);
      await batch.submit();
      const hash = await landsOnce(batch);
      const { input: calldata, to } = await transactionOf(hash);
      expect(to).toBe(INBOX);
      const posted = decodeInboxCalldata(calldata);
      if (!posted.ok) throw new Error(posted.message);
      expect(posted.value.inputs).toEqual(inputs);
      for (const [index, input] of posted.value.inputs.entries()) {
        const text = signedTextOf(input, posted.value.namespace);
        const { address, addressType, signature } = input;
        const isSigned =
          addressType === 0
            ? await verifyMessage({ address: address as Hex, message: text, signature: signature as Hex })
            : isInputSigned(input, text);
        expect(isSigned).toBe(true);
        expect(requestIdOf(addressType, address, text)).toBe(batch.inputs[index]?.requestId);
      }
    });

    it('lands on a chain that makes blocks by itself, as deep as is asked for', async () => {
      const mining = await AnvilChain.start(['--block-time', '1']);
      closers.push(() => mining.end());
      const opened = await EvmTarget.open(mining, { confirmations: 2 });
      closers.push(() => opened.close());
      const batch = await opened.open(users(3));
      await batch.submit();
      const { blockNumber } = await batch.wait();
      expect(Number(await mining.request('eth_blockNumber'))).toBeGreaterThan(blockNumber);
    });

    it('holds as many inputs as fit by bytes, and the rest come next', async () => {
      await openTarget({ batchBytesMax: 1024 });
      const inputs = users(20);
      const first = await target.open(inputs);
      expect(first.inputs.length).toBeGreaterThan(2);
      expect(first.inputs.length).toBeLessThan(20);
      expect((JSON.parse(first.data).calldata.length - 2) / 2).toBeLessThanOrEqual(1024);
      expect(first.inputs.map(({ data }) => data)).toEqual(inputs.slice(0, first.inputs.length));
    });

    it('may hold the largest input that the target lets in, and no node refuses its size', async () => {
      const size = target.adapter.inputBytesMax;
      const batch = await target.open([userInput(1, `a|${'b'.repeat(size - 2)}`), userInput(2)]);
      expect(batch.inputs).toHaveLength(1);
      await batch.submit();
      await landsOnce(batch);
    });

    it('takes fewer inputs where the gas of all is too much, and refuses one that is too much alone', async () => {
      await openTarget({ gasMax: 100_000 });
      const some = await target.open(users(30));
      expect(some.inputs.length).toBeGreaterThan(1);
      expect(some.inputs.length).toBeLessThan(30);
      const tooMuch = await target.open([userInput(1, `a|${'b'.repeat(8000)}`)]);
      await expect(tooMuch.submit()).rejects.toMatchObject(undone);
    });
  });

  describe('fees', () => {
    it('are estimated above what is paid, and far below the cap', async () => {
      const batch = await target.open(users(5));
      const fee = await target.adapter.estimateBatchFee(batch.data);
      await batch.submit();
      const hash = await landsOnce(batch);
      const receipt = await chain.request<Record<'gasUsed' | 'effectiveGasPrice', string>>(
        'eth_getTransactionReceipt',
        hash,
      );
      const paid = BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice);
      expect(fee).toBeGreaterThanOrEqual(paid);
      expect(fee).toBeLessThan(paid * 4n);
    });

    it('above the cap send nothing, blame no input, and all goes on when they fall', async () => {
      await openTarget({ feePerGasMax: 50n * GWEI });
      const batch = await target.open(users(2));
      await chain.request('anvil_setNextBlockBaseFeePerGas', `0x${(60n * GWEI).toString(16)}`);
      await chain.mine();
      await expect(target.adapter.estimateBatchFee(batch.data)).rejects.toMatchObject(unreachable);
      await expect(batch.submit()).rejects.toMatchObject(unreachable);
      expect(batch.transactionHashes).toEqual([]);
      await chain.request('anvil_setNextBlockBaseFeePerGas', `0x${GWEI.toString(16)}`);
      await chain.mine();
      await batch.submit();
      await landsOnce(batch);
    });

    it('rise by an eighth when a batch waits for too long, under the same nonce, and one of the two lands', async () => {
      const batch = await target.open(users(2));
      const first = await batch.submit();
      expect(await batch.look()).toEqual({ state: 'waiting' });
      target.passTime(60_000);
      expect(await batch.look()).toEqual({ state: 'absent' });
      const second = await batch.submit(async (hash) => {
        // It is noted before any node has it.
        expect(await transactionOf(hash)).toBeNull();
      });
      expect(batch.transactionHashes).toEqual([first, second]);
      const { nonce, maxFeePerGas, maxPriorityFeePerGas } = await transactionOf(second);
      expect(Number(nonce)).toBe(0);
      // It replaced the other one in the pool.
      expect(await transactionOf(first)).toBeNull();
      expect(BigInt(maxPriorityFeePerGas) * 8n).toBeGreaterThanOrEqual(9n * GWEI);
      expect(BigInt(maxFeePerGas)).toBeGreaterThan(2n * GWEI);
      expect(await batch.look()).toEqual({ state: 'waiting' });
      expect(await landsOnce(batch)).toBe(second);
    });

    it('follow a base fee that rose above them', async () => {
      const batch = await target.open(users(2));
      await batch.submit();
      await chain.request('anvil_setNextBlockBaseFeePerGas', `0x${(30n * GWEI).toString(16)}`);
      await chain.mine();
      target.passTime(60_000);
      await expect(batch.wait()).rejects.toMatchObject({
        code: 'BATCHER_RECEIPT_TIMEOUT',
        blame: 'infrastructure',
      });
      const second = await batch.submit();
      expect(await landsOnce(batch)).toBe(second);
    });

    it('are left as they are where the cap allows no more, and the transaction is waited for', async () => {
      await openTarget({ feePerGasMax: (31n * GWEI) / 10n });
      const batch = await target.open(users(2));
      const first = await batch.submit();
      target.passTime(60_000);
      expect(await batch.look()).toEqual({ state: 'waiting' });
      expect(await batch.submit()).toBe(first);
      expect(await landsOnce(batch)).toBe(first);
    });

    it('outbid another transaction of the same nonce that a pool holds', async () => {
      const batch = await target.open(users(2));
      const other = await target.sendElsewhere(0, 7);
      const last = await batch.submit();
      expect(batch.transactionHashes.length).toBeGreaterThan(2);
      expect(await landsOnce(batch)).toBe(last);
      expect(await chain.request('eth_getTransactionReceipt', other)).toBeNull();
    });

    it('that the account cannot pay blame no input, and the batch lands once it can', async () => {
      const batch = await target.open(users(2));
      await target.fund(1n);
      await expect(batch.submit()).rejects.toMatchObject(unreachable);
      expect(await batch.look()).toEqual({ state: 'absent' });
      await target.fund(ONE_ETHER);
      await batch.submit();
      await landsOnce(batch);
    });
  });

  describe('nonces', () => {
    it('follow each other, behind what else waits of the account', async () => {
      await target.sendElsewhere(0);
      const batch = await target.open(users(2));
      await batch.submit();
      await chain.mine();
      await batch.wait();
      const next = await target.open(users(2, 2));
      await next.submit();
      await chain.mine();
      const { transactionHash } = await next.wait();
      expect(Number((await transactionOf(transactionHash)).nonce)).toBe(2);
    });

    it('that are used by something else give a batch up, but only as deep as is asked for', async () => {
      await openTarget({ confirmations: 3 });
      const batch = await target.open(users(2));
      await target.sendElsewhere(0);
      await chain.mine();
      await expect(batch.submit()).rejects.toMatchObject(unreachable);
      expect(await batch.look()).toEqual({ state: 'waiting' });
      await chain.mine(2);
      expect(await batch.look()).toEqual({ state: 'lost' });
      await expect(batch.wait()).rejects.toMatchObject({ code: 'BATCHER_RECEIPT_TIMEOUT' });
      const again = await target.open(users(2));
      await again.submit();
      await chain.mine(3);
      expect((await again.wait()).landed).toHaveLength(2);
    });

    it('that an earlier batch of the same inputs used after all have these count as landed, and the rest wait', async () => {
      const given = await target.open(users(2));
      const hash = await given.submit();
      const raw = await chain.request('eth_getRawTransactionByHash', hash);
      await chain.request('anvil_dropTransaction', hash);
      await target.restart();
      // Its inputs went into another batch, since nobody knew of it any more.
      const batch = await target.open(users(3));
      expect(batch.inputs).toHaveLength(3);
      await chain.request('eth_sendRawTransaction', raw);
      await chain.mine(3);
      const landed = given.inputs.map(({ requestId }) => ({ requestId, transactionHash: hash, ok: true }));
      expect(await batch.look()).toMatchObject({
        state: 'landed',
        receipt: { transactionHash: hash, landed },
      });
      const other = await target.open(users(1, 5));
      await target.sendElsewhere(1);
      await chain.mine();
      expect(await other.look()).toEqual({ state: 'lost' });
    });

    it('that a reorganisation left unused are used again, with what was sent before', async () => {
      const first = await target.open(users(1));
      await first.submit();
      await chain.mine();
      await first.wait();
      const next = await target.open(users(1, 2));
      await chain.request('anvil_reorg', 1, []);
      expect(await used()).toBe(0);
      await next.submit();
      await chain.mine();
      await next.wait();
      expect(await first.look()).toMatchObject({ state: 'landed' });
      expect(await used()).toBe(2);
    });

    it('that a reorganisation left unused are filled by another process too', async () => {
      const first = await target.open(users(1));
      await first.submit();
      await chain.mine();
      const next = await target.open(users(1, 2));
      await chain.request('anvil_reorg', 1, []);
      await target.restart();
      await next.submit();
      await chain.mine();
      expect((await next.wait()).landed).toHaveLength(1);
    });
  });

  describe('a reorganisation', () => {
    it('sends a batch back to wait, and it lands again by itself', async () => {
      await openTarget({ confirmations: 3 });
      const batch = await target.open(users(2));
      await batch.submit();
      await chain.mine(2);
      expect(await batch.look()).toEqual({ state: 'waiting' });
      await chain.request('anvil_reorg', 2, []);
      expect(await used()).toBe(0);
      expect(await batch.look()).toEqual({ state: 'waiting' });
      await chain.mine(3);
      expect(await landsOnce(batch)).toBe(batch.transactionHashes[0]);
    });

    it('is survived by a process that never sent the batch', async () => {
      await openTarget({ confirmations: 3 });
      const batch = await target.open(users(2));
      await batch.submit();
      await chain.mine(2);
      await target.restart();
      await chain.request('anvil_reorg', 2, []);
      expect(await batch.look()).toEqual({ state: 'absent' });
      await batch.submit();
      await chain.mine(3);
      await landsOnce(batch);
    });
  });

  describe('a contract that undoes', () => {
    it('an input has the ones before it go on, and is to blame alone', async () => {
      const poison = userInput(3, `a|${'b'.repeat(900)}`);
      await chain.request('anvil_setCode', INBOX, undoAbove(900));
      const batch = await target.open([...users(3), poison, ...users(3, 4)]);
      expect(batch.inputs).toHaveLength(3);
      await batch.submit();
      await landsOnce(batch);
      const next = await target.open([poison, ...users(3, 4)]);
      expect(next.inputs.map(({ data }) => data)).toEqual([poison]);
      await expect(target.adapter.estimateBatchFee(next.data)).rejects.toMatchObject(undone);
      await expect(next.submit()).rejects.toMatchObject(undone);
      expect(next.transactionHashes).toEqual([]);
      expect(await used()).toBe(1);
    });

    it('a batch that was sent has its inputs charged, and not before it is certain', async () => {
      await openTarget({ confirmations: 2 });
      const batch = await target.open(users(2));
      const hash = await batch.submit();
      await chain.request('anvil_setCode', INBOX, '0x5f5ffd');
      await chain.mine();
      expect(await batch.look()).toEqual({ state: 'waiting' });
      await chain.mine();
      expect(await batch.look()).toEqual({ state: 'reverted', transactionHash: hash });
      await expect(batch.wait()).rejects.toMatchObject(undone);
    });
  });

  describe('a process that ends', () => {
    class Ended extends Error {}
    const end = async (): Promise<never> => {
      throw new Ended();
    };

    it('between any two steps leaves the next one all it needs: the batch lands once', async () => {
      const batch = await target.open(users(3));
      await target.restart();
      // Built, and not sent.
      expect(await batch.look()).toEqual({ state: 'absent' });
      await expect(batch.submit(end)).rejects.toThrow(Ended);
      await target.restart();
      // Noted, and not sent.
      expect(batch.transactionHashes).toHaveLength(1);
      expect(await batch.look()).toEqual({ state: 'absent' });
      const sent = await batch.submit();
      await target.restart();
      // Sent, and nobody told.
      expect(await batch.look()).toEqual({ state: 'waiting' });
      target.passTime(60_000);
      expect(await batch.look()).toEqual({ state: 'absent' });
      await expect(batch.submit(end)).rejects.toThrow(Ended);
      await target.restart();
      // Higher fees noted, and not sent.
      expect(await batch.look()).toEqual({ state: 'waiting' });
      await chain.mine();
      await target.restart();
      // In a block, and nobody told.
      expect(await batch.look()).toMatchObject({ state: 'landed', receipt: { transactionHash: sent } });
      expect(await landsOnce(batch)).toBe(sent);
    });

    it('and comes back with another account resends nothing of the old one, and says so', async () => {
      const batch = await target.open(users(2));
      const other = join(target.secretKeyFile, '..', 'other.key');
      writeFileSync(other, `0x${'42'.repeat(32)}`);
      await target.restart({ secretKeyFile: other });
      // Nothing of it ever left: it is built anew.
      expect(await batch.look()).toEqual({ state: 'lost' });
      await target.restart();
      await batch.submit(end).catch(() => undefined);
      await target.restart({ secretKeyFile: other });
      await expect(batch.look()).rejects.toMatchObject(unreachable);
      await expect(batch.submit()).rejects.toMatchObject(unreachable);
      await target.restart();
      await batch.submit();
      await target.restart({ secretKeyFile: other });
      await chain.mine();
      expect(await batch.look()).toMatchObject({ state: 'landed' });
    });
  });
});
