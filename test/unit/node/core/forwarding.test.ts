import { describe, expect, it } from 'vitest';
import type { Block } from '../../../../consensus/block.ts';
import type { Certificate, Vote } from '../../../../consensus/vote.ts';
import { decodeProposal, encodeProposal, encodeVotes } from '../../../../node/core/messages.ts';
import type { Topic } from '../../../../node/core/types.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { LoneCore } from '../../../helpers/loneCore.ts';
import { nullifyIn, Signatory } from '../../../helpers/signatory.ts';

const network = new CoreNetwork(scenarioOf('name: forwarding\nduration: 30s\n'));
const keys = new Signatory(network.parts, network.crypto);
network.run(10);

/** The block that node-0 proposes in view 1. */
const honest = ((): Block => {
  const message = network.sent.find(({ topic }) => topic === 'blocks');
  const decoded = message === undefined ? undefined : decodeProposal(message.bytes);
  if (decoded?.ok !== true) throw new Error('no proposal was sent');
  return decoded.value.block;
})();

function node(): LoneCore {
  return new LoneCore(network.createCore(2), { nowMs: 0, settlement: [network.chain.genesis] });
}

function votes(list: readonly Vote[], certificate?: Certificate): Uint8Array {
  return encodeVotes({ resend: 1, votes: list, certificate });
}

const damaged = (signature: Uint8Array): Uint8Array => signature.map((byte) => byte ^ 1);
const forgedVote = (vote: Vote): Vote => ({ ...vote, signature: damaged(vote.signature) });
const forgedCertificate = (certificate: Certificate): Certificate => ({
  ...certificate,
  signatures: certificate.signatures.map(damaged),
});

const first = keys.vote(1, nullifyIn(1));
const second = keys.vote(3, nullifyIn(1));
const certificate = keys.certificate(nullifyIn(1));

interface Case {
  readonly what: string;
  /** What the node knows before. */
  readonly known: readonly (readonly [Topic, Uint8Array])[];
  readonly genuine: readonly [Topic, Uint8Array];
  readonly forged: readonly [Topic, Uint8Array];
}

const cases: readonly Case[] = [
  {
    what: 'a vote that it knows, beside one that is news',
    known: [['votes', votes([first])]],
    genuine: ['votes', votes([first, second])],
    forged: ['votes', votes([forgedVote(first), second])],
  },
  {
    what: 'a vote of a view that is over, beside a certificate that is news',
    known: [['votes', votes([], certificate)]],
    genuine: ['votes', votes([first], keys.certificate(nullifyIn(2)))],
    forged: ['votes', votes([forgedVote(first)], keys.certificate(nullifyIn(2)))],
  },
  {
    what: 'a certificate that it has, beside a vote that is news',
    known: [['votes', votes([], certificate)]],
    genuine: ['votes', votes([keys.vote(1, nullifyIn(2))], certificate)],
    forged: ['votes', votes([keys.vote(1, nullifyIn(2))], forgedCertificate(certificate))],
  },
  {
    what: 'a block whose leader’s vote came before it',
    known: [['votes', votes([keys.proposalVote(honest)])]],
    genuine: ['blocks', keys.proposal(honest)],
    forged: ['blocks', encodeProposal({ block: honest, vote: forgedVote(keys.proposalVote(honest)) })],
  },
];

describe('a node hands on only what nobody can blame it for', () => {
  it.each(cases)('$what', ({ known, genuine, forged }) => {
    const informed = (): LoneCore => {
      const one = node();
      for (const [topic, bytes] of known) expect(one.message(topic, bytes)?.verdict).toBe('accept');
      return one;
    };
    expect(informed().message(...genuine)).toMatchObject({ verdict: 'accept' });
    expect(node().message(...genuine)).toMatchObject({ verdict: 'accept' });
    // Whoever knows nothing yet rejects the forgery, and with it whoever brought it.
    expect(node().message(...forged)).toMatchObject({ verdict: 'reject' });
    expect(informed().message(...forged)).toMatchObject({ verdict: 'reject' });
  });
});
