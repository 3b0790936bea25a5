import { describe, expect, it, vi } from 'vitest';
import {
  type Completion,
  completionSigningBytes,
  decodeCompletion,
  encodeCompletion,
  judgeCompletion,
  signAndEncodeCompletion,
  type UnsignedCompletion,
} from '../../../../node/core/completion.ts';
import { SharedGoodItems, SharedMessages } from '../../../../node/simulation/sharedCaches.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { LoneCore } from '../../../helpers/loneCore.ts';
import { hashOf, Signatory, withWrongSignature } from '../../../helpers/signatory.ts';

const network = new CoreNetwork(
  scenarioOf(`
name: completion
duration: 60s
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }
`),
  { settles: true },
);
network.run(30_000);
const keys = new Signatory(network.parts, network.crypto);

const published = network.sent.filter(({ topic }) => topic === 'settlements');
const completion = ((): Completion => {
  const decoded = decodeCompletion(published[0]?.bytes ?? new Uint8Array());
  if (!decoded.ok) throw new Error('no completion was published');
  return decoded.value;
})();
const settling = network.chain.blockAt(completion.settlementHeight);

function sign(unsigned: UnsignedCompletion): Uint8Array {
  const { chainId } = network.genesis;
  const signature = keys.signer(unsigned.proposer).sign(completionSigningBytes(chainId, unsigned));
  return encodeCompletion({ ...unsigned, signature });
}

/** node-2, which knows the settlement chain up to `height`. */
function receiver(
  height = network.chain.head.height,
  shared?: Parameters<CoreNetwork['createCore']>[1],
): LoneCore {
  const settlement: SettlementBlock[] = [];
  for (let at = 0; at <= height; at += 1) {
    const block = network.chain.blockAt(at);
    if (block !== undefined) settlement.push(block);
  }
  return new LoneCore(network.createCore(2, shared), { nowMs: network.nowMs, settlement });
}

describe('completion gossip', () => {
  it('comes once, from the proposer alone, after the block that holds its settlement', () => {
    expect(published).toHaveLength(1);
    expect(published[0]?.from).toBe(completion.proposer);
    const event = settling?.events.find(({ type }) => type === 'batch_settled');
    expect(event).toMatchObject({
      seq: completion.seq,
      proposer: completion.proposer,
      transactionHash: completion.transactionHash,
      net: completion.net,
    });
    const order = network.outputs.flatMap(({ output }) =>
      output.type === 'emit' && ['batch_included', 'completion_gossiped'].includes(output.event.type)
        ? [output.event.type]
        : [],
    );
    expect(order).toEqual(['batch_included', 'completion_gossiped']);
  });

  it('is signed and encoded at once as it is apart', () => {
    const { signature: _, ...unsigned } = completion;
    const signer = keys.signer(unsigned.proposer);
    const signed = signAndEncodeCompletion(network.genesis.chainId, unsigned, signer);
    expect(signed).toEqual({ completion, bytes: sign(unsigned) });
    expect(signed.bytes).toEqual(published[0]?.bytes);
  });

  it('is told once its block has as many blocks above it as an origin needs', () => {
    const confirmations = 2;
    const told = new CoreNetwork(
      scenarioOf(`
name: completion
duration: 90s
config: { settlement: { origin_confirmations: ${confirmations} } }
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }
`),
      { settles: true },
    );
    const included = () => told.chain.lastSettledSeq > 0;
    while (!included()) told.run(told.nowMs + 100);
    const { height } = told.chain.head;
    const news = () => told.sent.filter(({ topic }) => topic === 'settlements');
    while (told.chain.head.height < height + confirmations) {
      expect(news()).toEqual([]);
      told.run(told.nowMs + 100);
    }
    told.run(told.nowMs + 100);
    expect(news()).toHaveLength(1);
  });

  it('is accepted where the own settlement chain says the same', () => {
    expect(receiver().message('settlements', sign(completion))).toMatchObject({ verdict: 'accept' });
  });

  it('is checked once by nodes that share what they read, a wrong signature by each', () => {
    const shared = { messages: new SharedMessages(4), goodItems: new SharedGoodItems(4) };
    const checks = vi.spyOn(network.crypto, 'verify');
    const verdictsOf = (bytes: Uint8Array) =>
      [1, 2].map(() => receiver(undefined, shared).message('settlements', bytes));
    expect(verdictsOf(sign(completion))).toMatchObject([{ verdict: 'accept' }, { verdict: 'accept' }]);
    expect(checks).toHaveBeenCalledTimes(1);
    const wrong = { verdict: 'reject', code: 'COMPLETION_SIGNATURE_INVALID' };
    expect(verdictsOf(withWrongSignature(sign(completion)))).toMatchObject([wrong, wrong]);
    expect(checks).toHaveBeenCalledTimes(3);
    checks.mockRestore();
  });

  const proposer = (completion.proposer + 1) % 4;
  it.each([
    ['reject', 'COMPLETION_SIGNATURE_INVALID', withWrongSignature(sign(completion))],
    ['reject', 'COMPLETION_SIGNATURE_INVALID', encodeCompletion({ ...completion, proposer })],
    ['reject', 'COMPLETION_PROPOSER_UNKNOWN', encodeCompletion({ ...completion, proposer: 99 })],
    ['reject', 'COMPLETION_CONTRADICTS_CHAIN', sign({ ...completion, proposer })],
    ['reject', 'COMPLETION_CONTRADICTS_CHAIN', sign({ ...completion, transactionHash: hashOf('ab') })],
    ['reject', 'ENCODING_INVALID', sign(completion).slice(1)],
  ] as const)('gets %s, %s', (verdict, code, bytes) => {
    expect(receiver().message('settlements', bytes)).toMatchObject({ verdict, code });
  });

  it('is ignored where that settlement block is not known yet', () => {
    const node = receiver(completion.settlementHeight - 1);
    expect(node.message('settlements', sign(completion))).toMatchObject({
      verdict: 'ignore',
      code: 'COMPLETION_UNKNOWN',
    });
  });

  it.each([
    { seq: 2 },
    { fromHeight: completion.fromHeight + 1 },
    { toHeight: completion.toHeight + 1 },
    { proposer },
    { transactionHash: hashOf('ab') },
    { net: [] },
    { net: completion.net.map(({ asset, amount }) => ({ asset, amount: amount + 1n })) },
    { net: completion.net.map(({ amount }) => ({ asset: 'DAI', amount })) },
  ])('contradicts the chain with %o', (changes) => {
    expect(judgeCompletion(completion, settling)).toBe('consistent');
    expect(judgeCompletion({ ...completion, ...changes }, settling)).toBe('contradicting');
  });
});
