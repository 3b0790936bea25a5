import { describe, expect, it } from 'vitest';
import { createBlock } from '../../../../consensus/block.ts';
import {
  decodeSyncResponse,
  encodeSyncResponse,
  encodeVotes,
  type SyncResponse,
} from '../../../../node/core/messages.ts';
import type { Output } from '../../../../node/core/types.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { LoneCore } from '../../../helpers/loneCore.ts';
import { hashOf, nullifyIn, Signatory } from '../../../helpers/signatory.ts';

const scenario = scenarioOf(`
name: sync
duration: 300s
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 6 }, borrow: { asset: UM, amount: 1000 } }
`);

type Asked = Extract<Output, { readonly type: 'request' }>;

/** node-3 comes back after blocks it missed; its first question, and node-0's true answer. */
function returning() {
  const network = new CoreNetwork(scenario);
  network.run(3_000);
  network.stop(3);
  network.run(17_000);
  network.start(3);
  const asked = network.outputs.flatMap(({ node, output }) =>
    node === 3 && output.type === 'request' && output.peer === 0 ? [output] : [],
  );
  const question = asked.at(-1);
  if (question === undefined) throw new Error('nothing was asked');
  const { requestId, bytes } = question;
  const { nowMs } = network;
  const answers = network.nodes[0]?.core.handle({
    type: 'request',
    nowMs,
    requestId,
    from: 3,
    protocol: 'sync',
    bytes,
  });
  const answer = answers?.find((output) => output.type === 'respond');
  const decoded = decodeSyncResponse(answer?.bytes ?? new Uint8Array());
  if (!decoded.ok) throw new Error('no answer');
  const respond = (response: SyncResponse, from = question.peer) =>
    network.nodes[3]?.core.handle({
      type: 'response',
      nowMs,
      requestId,
      from,
      bytes: encodeSyncResponse(response),
    }) ?? [];
  const heightOf = () => network.nodes[3]?.core.status().finalizedHeight;
  return {
    network,
    answer: decoded.value,
    respond,
    heightOf,
    keys: new Signatory(network.parts, network.crypto),
  };
}

function requests(outputs: readonly Output[]): Asked[] {
  return outputs.filter((output): output is Asked => output.type === 'request');
}

describe('answers to a node that comes back', () => {
  it('bring it to the height of the others', () => {
    const { answer, respond, heightOf } = returning();
    const before = heightOf() ?? 0;
    expect(answer.finalized.length).toBeGreaterThan(3);
    respond(answer);
    expect(heightOf()).toBe(before + answer.finalized.length);
  });

  const lies: [string, (truth: SyncResponse, keys: Signatory) => Partial<SyncResponse>][] = [
    [
      'bodies that the headers do not name',
      ({ finalized }) => ({
        finalized: finalized.map(({ header }) =>
          createBlock(header, { transactions: [new Uint8Array([1])], evidence: [] }),
        ),
      }),
    ],
    ['no certificate', () => ({ certificate: undefined })],
    [
      'a certificate of too few',
      ({ certificate }, keys) => ({ certificate: certificate && keys.certificate(certificate, [0, 1]) }),
    ],
    [
      'a forged certificate',
      ({ certificate }) => ({
        certificate: certificate && {
          ...certificate,
          signatures: certificate.signatures.map((bytes) => bytes.map((byte) => byte ^ 1)),
        },
      }),
    ],
    [
      'a certificate for another block',
      ({ certificate }, keys) => ({
        certificate: certificate && keys.certificate({ ...certificate, blockHash: hashOf('ab') }),
      }),
    ],
    ['a block left out', ({ finalized }) => ({ finalized: finalized.slice(1) })],
  ];
  it.each(lies)('change nothing with %s', (_, lie) => {
    const { answer, respond, heightOf, keys } = returning();
    const before = heightOf();
    respond({ ...answer, openCertificates: [], openBlocks: [], ...lie(answer, keys) });
    expect(heightOf()).toBe(before);
    respond(answer);
  });

  it('are refused from a peer that was not asked, and a second time', () => {
    const { answer, respond, heightOf } = returning();
    const before = heightOf();
    expect(respond(answer, 1)).toContainEqual({ type: 'verdict', verdict: 'ignore', code: 'SYNC_UNASKED' });
    expect(heightOf()).toBe(before);
    respond(answer);
    expect(respond(answer)).toContainEqual({ type: 'verdict', verdict: 'ignore', code: 'SYNC_UNASKED' });
  });
});

describe('a node that is far behind', () => {
  it('learns of it from one signed vote, and asks the voter', () => {
    const network = new CoreNetwork(scenario);
    const keys = new Signatory(network.parts, network.crypto);
    const node = new LoneCore(network.createCore(3), {
      nowMs: -2000,
      peers: [0, 1, 2],
      settlement: [network.chain.genesis],
    });
    const message = (view: number, isForged: boolean) => {
      const vote = keys.vote(2, nullifyIn(view));
      const signature = isForged ? vote.signature.map((byte) => byte ^ 1) : vote.signature;
      return encodeVotes({ resend: 0, votes: [{ ...vote, signature }], certificate: undefined });
    };
    expect(node.message('votes', message(500, true))).toMatchObject({ code: 'VOTE_SIGNATURE_INVALID' });
    expect(requests(node.outputs)).toEqual([]);
    expect(node.message('votes', message(500, false))).toMatchObject({ code: 'VOTE_TOO_FAR_AHEAD' });
    expect(requests(node.outputs).map(({ peer }) => peer)).toEqual([2]);
  });

  it('fetches more blocks than fit one answer, and votes again', () => {
    const network = new CoreNetwork(scenario, { node: { historyBlocks: 512 } });
    network.run(3_000);
    network.stop(3);
    network.run(171_000);
    network.start(3);
    // Two round trips, while nobody gossips.
    network.run(171_170);
    const [first, , , last] = network.nodes.map(({ core }) => core.status());
    expect(first?.finalizedHeight).toBeGreaterThan(70);
    expect(last?.finalizedHeight).toBe(first?.finalizedHeight);
    expect(last?.stateRoot).toBe(first?.stateRoot);
    const from = network.sent.length;
    network.run(180_000);
    expect(network.sent.slice(from).some((message) => message.from === 3 && message.topic === 'votes')).toBe(
      true,
    );
  });
});
