import { describe, expect, it } from 'vitest';
import { type Block, createBlock, type Header } from '../../../../consensus/block.ts';
import { createDoubleVote } from '../../../../consensus/evidence.ts';
import { decodeProposal, encodeProposal, encodeVotes } from '../../../../node/core/messages.ts';
import { encodeEvidence } from '../../../../settlement/execution/evidence.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { LoneCore } from '../../../helpers/loneCore.ts';
import { hashOf, nullifyIn, Signatory, withWrongSignature } from '../../../helpers/signatory.ts';

const network = new CoreNetwork(
  scenarioOf(`
name: proposals
duration: 30s
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }
`),
);
const keys = new Signatory(network.parts, network.crypto);
network.run(10);

/** The block that node-0 proposes in view 1. */
const honest = ((): Block => {
  const message = network.sent.find(({ topic }) => topic === 'blocks');
  const decoded = message === undefined ? undefined : decodeProposal(message.bytes);
  if (decoded?.ok !== true) throw new Error('no proposal was sent');
  return decoded.value.block;
})();

function withHeader(changes: Partial<Header>): Block {
  return createBlock({ ...honest.header, ...changes }, honest.body);
}

/** node-2, in view 1. */
function voter(nowMs = 0): LoneCore {
  return new LoneCore(network.createCore(2), { nowMs, settlement: [network.chain.genesis] });
}

describe('a node that is shown a proposal', () => {
  it('votes for an honest one', () => {
    const node = voter();
    expect(node.message('blocks', keys.proposal(honest))).toMatchObject({ verdict: 'accept' });
    expect(node.hasNotarized(honest)).toBe(true);
  });

  it.each(['stateRoot', 'receiptsRoot', 'batchCommitment'] as const)(
    'does not vote for another %s',
    (root) => {
      const node = voter();
      const block = withHeader({ [root]: hashOf('cd') });
      expect(node.message('blocks', keys.proposal(block))).toMatchObject({ verdict: 'accept' });
      expect(node.votes).toEqual([]);
    },
  );

  it.each([
    ['a millisecond off the grid', 1],
    ['less than a block time after its parent', -2000],
  ])('does not vote for a timestamp %s', (_, timestampMs) => {
    const node = voter(5000);
    node.message('blocks', keys.proposal(withHeader({ timestampMs })));
    expect(node.votes).toEqual([]);
  });

  it('holds one that is more than 500 ms ahead of its clock, and votes when it is not any more', () => {
    const block = withHeader({ timestampMs: 2000 });
    const node = voter(1499);
    node.message('blocks', keys.proposal(block));
    expect(node.votes).toEqual([]);
    expect(node.of('setTimer')).toContainEqual({ type: 'setTimer', id: 'hold', at: 1500 });
    node.fire('hold', 1500);
    expect(node.hasNotarized(block)).toBe(true);
  });

  it('votes at once for one that is 500 ms ahead', () => {
    const block = withHeader({ timestampMs: 2000 });
    const node = voter(1500);
    node.message('blocks', keys.proposal(block));
    expect(node.hasNotarized(block)).toBe(true);
  });

  it('does not vote for an origin of another settlement chain, and waits for one it does not know', () => {
    const other = voter();
    other.message('blocks', keys.proposal(withHeader({ origin: { height: 0, hash: hashOf('ee') } })));
    expect(other.votes).toEqual([]);
    const unknown = voter();
    unknown.message('blocks', keys.proposal(withHeader({ origin: { height: 1, hash: hashOf('ee') } })));
    expect(unknown.votes).toEqual([]);
  });

  it('rejects a body that the header does not name, and still votes for the true one', () => {
    const node = voter();
    const damaged = createBlock(honest.header, {
      ...honest.body,
      transactions: honest.body.transactions.map(withWrongSignature),
    });
    expect(damaged.hash).toBe(honest.hash);
    const vote = keys.proposalVote(honest);
    expect(node.message('blocks', encodeProposal({ block: damaged, vote }))).toMatchObject({
      verdict: 'reject',
      code: 'PROPOSAL_BODY_INVALID',
    });
    expect(node.votes).toEqual([]);
    node.message('blocks', keys.proposal(honest));
    expect(node.hasNotarized(honest)).toBe(true);
  });
});

describe('gossip of transactions', () => {
  const [bytes] = honest.body.transactions;
  if (bytes === undefined) throw new Error('the block holds a transaction');

  it.each([
    ['TRANSACTION_SIGNATURE_INVALID', withWrongSignature(bytes)],
    [
      'TRANSACTION_CHAIN_MISMATCH',
      keys.transaction(
        network.parts.validators[0] ?? keys.account('user'),
        { type: 'settle_now' },
        { chainId: hashOf('0c') },
      ),
    ],
    ['ENCODING_INVALID', bytes.slice(1)],
  ])('is rejected with %s', (code, wrong) => {
    const node = voter();
    expect(node.message('transactions', wrong)).toMatchObject({ verdict: 'reject', code });
    expect(node.core.status().mempoolCount).toBe(0);
  });

  it('is taken into the pool once', () => {
    const node = voter();
    expect(node.message('transactions', bytes)).toMatchObject({ verdict: 'accept' });
    expect(node.message('transactions', bytes)).toMatchObject({
      verdict: 'ignore',
      code: 'MEMPOOL_DUPLICATE',
    });
    expect(node.core.status().mempoolCount).toBe(1);
  });
});

describe('gossip of evidence', () => {
  const evidence = encodeEvidence(keys.evidence(3));
  const votes = createDoubleVote(keys.vote(1, nullifyIn(1)), keys.vote(1, nullifyIn(2)));

  it.each([
    ['EVIDENCE_SIGNATURE_INVALID', withWrongSignature(evidence)],
    ['EVIDENCE_NOT_EQUIVOCATION', encodeEvidence({ type: 'votes', votes })],
  ])('is rejected with %s', (code, wrong) => {
    expect(voter().message('evidence', wrong)).toMatchObject({ verdict: 'reject', code });
  });

  it('is accepted once for a validator', () => {
    const node = voter();
    expect(node.message('evidence', evidence)).toMatchObject({ verdict: 'accept' });
    const again = encodeEvidence(keys.evidence(3, 2));
    expect(node.message('evidence', again)).toMatchObject({ verdict: 'ignore', code: 'EVIDENCE_DUPLICATE' });
  });

  it('is published by whoever sees two votes that contradict each other', () => {
    const node = voter();
    for (const byte of ['aa', 'bb']) {
      const vote = keys.vote(3, { kind: 'notarize', view: 1, blockHash: hashOf(byte) });
      node.message('votes', encodeVotes({ resend: 0, votes: [vote], certificate: undefined }));
    }
    expect(node.events('equivocation_seen')).toMatchObject([
      { type: 'equivocation_seen', validator: 3, view: 1 },
    ]);
    expect(node.of('publish')).toEqual([{ type: 'publish', topic: 'evidence', bytes: evidence }]);
  });
});

describe('a restart', () => {
  it('takes up evidence that this node may be the only one to hold, and puts it into its block', () => {
    const node = voter();
    const evidence = encodeEvidence(keys.evidence(3));
    node.message('evidence', evidence);
    const written = node.of('persist').at(-1);
    expect(written).toMatchObject({ sync: true, writes: [{ key: 'evidence/3', value: evidence }] });
    const rows = [...node.rows].map(([key, value]) => ({ key, value }));
    const settlement = [network.chain.genesis];
    const restarted = new LoneCore(network.createCore(2), { nowMs: 10, rows, settlement });
    for (const view of [1, 2]) {
      const certificate = keys.certificate(nullifyIn(view));
      restarted.message('votes', encodeVotes({ resend: 0, votes: [], certificate }));
    }
    restarted.fire('propose', 4000);
    const [proposal] = restarted.of('publish').filter(({ topic }) => topic === 'blocks');
    const decoded = decodeProposal(proposal?.bytes ?? new Uint8Array());
    expect(decoded.ok && decoded.value.block.body.evidence).toEqual([evidence]);
  });

  it('does not begin on a row of evidence that accuses somebody else', () => {
    const node = voter();
    node.rows.set('evidence/2', encodeEvidence(keys.evidence(3)));
    const rows = [...node.rows].map(([key, value]) => ({ key, value }));
    const start = () => new LoneCore(network.createCore(2), { nowMs: 10, rows, settlement: [] });
    expect(start).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  });

  it('takes up the certificates by which views were left', () => {
    const node = voter();
    const certificate = keys.certificate(nullifyIn(1));
    node.message('votes', encodeVotes({ resend: 0, votes: [], certificate }));
    node.message('blocks', keys.proposal(withHeader({ view: 2, leader: 1 })));
    node.message(
      'votes',
      encodeVotes({
        resend: 0,
        votes: [],
        certificate: keys.certificate({ kind: 'notarize', view: 2, blockHash: hashOf('ab') }),
      }),
    );
    expect(node.core.status().view).toBe(3);
    const rows = [...node.rows]
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const restarted = new LoneCore(network.createCore(2), {
      nowMs: 10,
      rows,
      settlement: [network.chain.genesis],
    });
    expect(restarted.core.status().view).toBe(3);
  });

  it.each(['nullify', 'notarize'] as const)(
    'takes up a %s certificate that no vote of its own followed',
    (kind) => {
      const node = voter();
      const blockHash = kind === 'nullify' ? hashOf('00') : hashOf('ab');
      // Its own nullify vote keeps it from voting to finalize.
      node.fire('view', 1000);
      const before = node.votes.length;
      const certificate = keys.certificate({ kind, view: 1, blockHash });
      node.message('votes', encodeVotes({ resend: 0, votes: [], certificate }));
      expect(node.votes).toHaveLength(before);
      const rows = [...node.rows]
        .map(([key, value]) => ({ key, value }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      const restarted = new LoneCore(network.createCore(2), { nowMs: 1500, rows, settlement: [] });
      expect(restarted.core.status().view).toBe(2);
    },
  );
});
