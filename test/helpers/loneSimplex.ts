/** One Simplex node that a test talks to by hand, of four equal validators, with a host that writes everything down. */
import { type Block, createBlock, createGenesisBlock } from '../../consensus/block.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { type Hash, ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import type { SimplexMemory, SimplexTimer } from '../../consensus/simplex/host.ts';
import { Simplex } from '../../consensus/simplex/simplex.ts';
import { ValidatorSet } from '../../consensus/validators.ts';
import { type Certificate, type Vote, type VoteSubject, voteSigningBytes } from '../../consensus/vote.ts';
import { LeaderSchedule } from '../../consensus/weightedRotation.ts';

export const CHAIN_ID: Hash = `0x${'c1'.repeat(32)}`;
const BLOCK_TIME_MS = 2000;
export const DELTA_MS = 500;

export const crypto = createCrypto('modelled');
export const signers: readonly Signer[] = [0, 1, 2, 3].map((index) =>
  crypto.createSigner(deriveSecretKey(1, `validator/${index}`)),
);
export const validators = new ValidatorSet(
  signers.map(({ publicKey }, index) => ({ name: `node-${index}`, publicKey, power: 1 })),
);

export const genesisBlock: Block = createGenesisBlock({
  chainId: CHAIN_ID,
  blockTimeMs: BLOCK_TIME_MS,
  stateRoot: ZERO_HASH,
  settlementGenesisHash: ZERO_HASH,
});

export function signVote(voter: number, { kind, view, blockHash }: VoteSubject, chainId = CHAIN_ID): Vote {
  const subject = { kind, view, blockHash };
  const signature = (signers[voter] as Signer).sign(voteSigningBytes(chainId, subject));
  return { ...subject, voter, signature };
}

export function certify(
  { kind, view, blockHash }: VoteSubject,
  voters: readonly number[] = [0, 1, 2],
): Certificate {
  const subject = { kind, view, blockHash };
  return {
    ...subject,
    signers: voters,
    signatures: voters.map((voter) => signVote(voter, subject).signature),
  };
}

/** An empty block of the leader of `view`: they lead in rotation. */
export function blockOn(parent: Block, view: number, salt: Hash = ZERO_HASH): Block {
  return createBlock(
    {
      chainId: CHAIN_ID,
      height: parent.header.height + 1,
      view,
      parentHash: parent.hash,
      timestampMs: parent.header.timestampMs + BLOCK_TIME_MS,
      leader: (view - 1) % 4,
      origin: parent.header.origin,
      transactionsRoot: salt,
      receiptsRoot: ZERO_HASH,
      stateRoot: ZERO_HASH,
      batchCommitment: ZERO_HASH,
    },
    { transactions: [], evidence: [] },
  );
}

export class LoneSimplex {
  readonly simplex: Simplex;
  readonly cast: Vote[] = [];
  readonly kept: (Certificate | undefined)[] = [];
  readonly timers = new Map<SimplexTimer, number>();
  readonly asked: (number | undefined)[] = [];
  readonly finals: Block[] = [];
  readonly accused: (readonly [Vote, Vote])[] = [];
  readonly repeated: (Certificate | undefined)[] = [];
  /** Blocks whose body the host says is not theirs. */
  readonly damaged = new Set<Block>();

  constructor(self = 3, memory: SimplexMemory = { votes: [], proposals: [], certificates: [] }) {
    this.simplex = new Simplex(
      {
        chainId: CHAIN_ID,
        validators,
        self,
        blockTimeMs: BLOCK_TIME_MS,
        deltaMs: DELTA_MS,
        inactiveViews: 8,
      },
      {
        signer: signers[self] as Signer,
        verifier: crypto,
        leaders: new LeaderSchedule(validators),
        host: {
          castVote: (vote) => this.cast.push(vote),
          keep: ({ notarization, nullification }) => this.kept.push(notarization ?? nullification),
          setTimer: (timer, at) => this.timers.set(timer, at),
          clearTimer: (timer) => this.timers.delete(timer),
          rebroadcast: (_, certificate) => this.repeated.push(certificate),
          requestMissing: (peer) => this.asked.push(peer),
          propose: (parent, view) => blockOn(parent, view),
          validate: () => 'valid',
          isBodyValid: (block) => !this.damaged.has(block),
          notarized: () => undefined,
          nullified: () => undefined,
          canFinalize: () => true,
          finalized: (blocks) => this.finals.push(...blocks),
          equivocation: (first, second) => this.accused.push([first, second]),
        },
      },
      { block: genesisBlock, view: 0 },
    );
    this.simplex.start(memory, 0);
  }
}
