import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Amount, ValidatorIndex } from '../../../../consensus/primitives/flavor.ts';
import {
  advanceFeeProposals,
  applyFeeProposalOperation,
  feeGovernanceOf,
  feeProposalOf,
} from '../../../../settlement/atomic/feeProposals.ts';
import {
  FEE_PROPOSALS_OPEN_MAX,
  feeGovernanceTable,
  feeProposalsTable,
} from '../../../../settlement/atomic/feeProposalTables.ts';
import type {
  FeeGovernanceRules,
  FeeProposalFact,
  Vote,
} from '../../../../settlement/atomic/feeProposalTypes.ts';
import { State } from '../../../../settlement/state.ts';
import { expectRoundTrip, idOf } from './atomicFixture.ts';

const rules: FeeGovernanceRules = {
  votingPeriodMs: 1000,
  activationDelayMs: 5000,
  quorumBps: 6667,
  passThresholdBps: 5000,
};
const proposalId = idOf(0xfee);

/** Four validators of stake 100; block after block of 100 ms. */
class Governance {
  readonly state = new State([]);
  readonly stakes = new Map<ValidatorIndex, Amount>([0, 1, 2, 3].map((index) => [index, 100n]));
  readonly #rules: FeeGovernanceRules;
  timestampMs = 0;

  constructor(changed: Partial<FeeGovernanceRules> = {}) {
    this.#rules = { ...rules, ...changed };
  }

  /** The block of that time begins. */
  at(timestampMs: number): readonly FeeProposalFact[] {
    this.timestampMs = timestampMs;
    return advanceFeeProposals(this.state, this.#context());
  }

  propose(validator = 0, networkFeeBps = 30, id = proposalId): string {
    return this.#apply({ type: 'fee_propose', validator, proposalId: id, networkFeeBps });
  }

  vote(validator: number, vote: Vote, networkFeeBps = 30, id = proposalId): string {
    return this.#apply({ type: 'fee_vote', validator, proposalId: id, networkFeeBps, vote });
  }

  get fee(): number | undefined {
    return feeGovernanceOf(this.state).networkFeeBps;
  }

  rows(): unknown {
    return [this.state.entries(feeProposalsTable), this.state.entries(feeGovernanceTable)];
  }

  #apply(operation: Parameters<typeof applyFeeProposalOperation>[2]): string {
    const verdict = applyFeeProposalOperation(this.state, this.#context(), operation);
    return verdict.ok ? verdict.value.type : verdict.code;
  }

  #context() {
    const { timestampMs } = this;
    const electorate = {
      stakeOf: (validator: ValidatorIndex) => this.stakes.get(validator) ?? 0n,
      stakes: () => this.stakes,
    };
    return { rules: this.#rules, height: 1 + timestampMs / 100, timestampMs, electorate };
  }
}

/** A proposal on which these voted, counted at its time. */
function counted(votes: readonly (Vote | undefined)[], changed?: Partial<FeeGovernanceRules>): Governance {
  const governance = new Governance(changed);
  governance.propose();
  for (const [validator, vote] of votes.entries()) {
    if (vote !== undefined) expect(governance.vote(validator, vote)).toBe('proposal_voted');
  }
  governance.at(1000);
  return governance;
}

describe('a proposed network fee', () => {
  it('passes at the end of the votes and is in force from the first block at its time', () => {
    const governance = new Governance();
    expect(governance.propose()).toBe('proposal_opened');
    for (const validator of [0, 1, 2]) governance.vote(validator, 'yes');
    expect(governance.at(999)).toEqual([]);
    expect(governance.at(1001)).toEqual([
      {
        type: 'proposal_passed',
        proposalId,
        networkFeeBps: 30,
        yes: 300n,
        no: 0n,
        bonded: 400n,
        activatesAtMs: 6000,
      },
    ]);
    expect(governance.at(5999)).toEqual([]);
    expect(governance.fee).toBeUndefined();
    // No block has just this timestamp, so the next one it is.
    expect(governance.at(6001)).toEqual([{ type: 'proposal_activated', proposalId, networkFeeBps: 30 }]);
    expect(governance.fee).toBe(30);
    expect(feeGovernanceOf(governance.state).open).toEqual([]);
    expect(feeProposalOf(governance.state, proposalId)?.status).toBe('activated');
    expect(governance.at(6101)).toEqual([]);
  });

  it('is in force at its very time', () => {
    const governance = counted(['yes', 'yes', 'yes', undefined]);
    expect(governance.at(6000)).toHaveLength(1);
    expect(governance.fee).toBe(30);
  });

  it.each([
    ['nobody voted', [], 'quorum'],
    ['half of the stake voted', ['yes', 'yes'], 'quorum'],
    ['three of four voted, two in favour', ['yes', 'yes', 'no'], undefined],
    ['all voted and were divided', ['yes', 'yes', 'no', 'no'], 'majority'],
    ['more were against it', ['yes', 'no', 'no'], 'majority'],
  ] as const)('when %s', (_, votes, reason) => {
    const governance = counted(votes);
    const { status, tally } = feeProposalOf(governance.state, proposalId) ?? {};
    expect(status).toBe(reason === undefined ? 'passed' : 'rejected');
    expect(tally?.bonded).toBe(400n);
    const facts = governance.at(6000);
    expect(facts.map(({ type }) => type)).toEqual(reason === undefined ? ['proposal_activated'] : []);
    expect(governance.fee).toBe(reason === undefined ? 30 : undefined);
  });

  it('is weighed by the stake there is when votes are counted, not when they were given', () => {
    const slashed = new Governance();
    slashed.propose();
    for (const [validator, vote] of (['yes', 'yes', 'no'] as const).entries()) slashed.vote(validator, vote);
    slashed.stakes.set(0, 40n).set(1, 50n).set(3, 50n);
    expect(slashed.at(1000)).toMatchObject([
      { type: 'proposal_rejected', reason: 'majority', yes: 90n, no: 100n, bonded: 240n },
    ]);
    // Who is jailed or tombstoned then has no word, neither among the votes nor in the whole.
    const jailed = new Governance();
    jailed.propose();
    for (const [validator, vote] of (['yes', 'no', 'no'] as const).entries()) jailed.vote(validator, vote);
    jailed.stakes.delete(1);
    jailed.stakes.delete(2);
    expect(jailed.at(1000)).toMatchObject([{ reason: 'quorum', yes: 100n, no: 0n, bonded: 200n }]);
  });

  it('has one vote of each validator, the latest', () => {
    const governance = counted(['yes', 'yes', 'no']);
    const changed = new Governance();
    changed.propose();
    for (const vote of ['no', 'yes', 'no'] as const) changed.vote(0, vote);
    expect(feeProposalOf(changed.state, proposalId)?.votes).toEqual([{ validator: 0, vote: 'no' }]);
    expect(feeProposalOf(governance.state, proposalId)?.tally).toEqual({ yes: 200n, no: 100n, bonded: 400n });
  });

  it('takes no vote once they were counted, for another fee, or under an id that is none', () => {
    const governance = new Governance();
    governance.propose();
    const before = governance.rows();
    expect(governance.vote(1, 'yes', 31)).toBe('FEE_PROPOSAL_OTHER');
    expect(governance.vote(1, 'yes', 30, idOf(1))).toBe('FEE_PROPOSAL_UNKNOWN');
    expect(governance.rows()).toEqual(before);
    governance.at(1000);
    const ended = governance.rows();
    expect(governance.vote(1, 'yes')).toBe('FEE_PROPOSAL_ENDED');
    expect(governance.propose()).toBe('FEE_PROPOSAL_EXISTS');
    expect(governance.rows()).toEqual(ended);
  });

  it('is at most the whole, and proposed by who has something to lose', () => {
    const governance = new Governance();
    expect(governance.propose(0, 10_001)).toBe('FEE_PROPOSAL_TOO_HIGH');
    governance.stakes.delete(1);
    governance.stakes.set(2, 0n);
    expect([1, 2].map((validator) => governance.propose(validator))).toEqual([
      'FEE_PROPOSER_NOT_BONDED',
      'FEE_PROPOSER_NOT_BONDED',
    ]);
    expect(governance.propose(0, 10_000)).toBe('proposal_opened');
  });

  it('leaves room for the proposals of others, and its place when it ends', () => {
    const governance = new Governance();
    for (let number = 0; number < FEE_PROPOSALS_OPEN_MAX; number += 1) governance.propose(0, 1, idOf(number));
    expect(governance.propose(0, 1, idOf(50))).toBe('FEE_PROPOSALS_TOO_MANY');
    expect(governance.propose(1, 1, idOf(51))).toBe('proposal_opened');
    governance.at(1000);
    expect(governance.propose(0, 1, idOf(50))).toBe('proposal_opened');
  });

  it('takes over from one that passed before it, in the order of proposal', () => {
    const governance = new Governance({ activationDelayMs: 0 });
    for (const [id, bps] of [
      [1, 20],
      [2, 70],
    ] as const) {
      governance.propose(0, bps, idOf(id));
      for (const validator of [0, 1, 2]) governance.vote(validator, 'yes', bps, idOf(id));
    }
    const types = governance.at(1000).map(({ type, proposalId: id }) => [type, id]);
    expect(types).toEqual([
      ['proposal_passed', idOf(1)],
      ['proposal_activated', idOf(1)],
      ['proposal_passed', idOf(2)],
      ['proposal_activated', idOf(2)],
    ]);
    expect(governance.fee).toBe(70);
  });

  it('passes just when quorum and majority hold, whatever the stakes, and its rows survive their encoding', () => {
    const voter = fc.record({
      stake: fc.bigInt({ min: 0n, max: 1000n }),
      vote: fc.constantFrom<Vote | undefined>('yes', 'no', undefined),
    });
    const share = fc.integer({ min: 1, max: 9999 });
    let passed = 0;
    fc.assert(
      fc.property(
        fc.array(voter, { minLength: 4, maxLength: 4 }),
        share,
        share,
        (voters, quorumBps, threshold) => {
          const governance = new Governance({ quorumBps, passThresholdBps: threshold });
          governance.propose();
          const sums = { yes: 0n, no: 0n, none: 0n };
          for (const [index, { stake, vote }] of voters.entries()) {
            if (vote !== undefined) governance.vote(index, vote);
            governance.stakes.set(index, stake);
            sums[vote ?? 'none'] += stake;
          }
          governance.at(1000);
          const voted = Number(sums.yes + sums.no);
          const quorum = voted > 0 && voted / (voted + Number(sums.none)) >= quorumBps / 10_000;
          const majority = Number(sums.yes) / voted > threshold / 10_000;
          const expected = quorum && majority ? 'passed' : 'rejected';
          expect(feeProposalOf(governance.state, proposalId)?.status).toBe(expected);
          if (expected === 'passed') passed += 1;
          expectRoundTrip(governance.state, [feeProposalsTable, feeGovernanceTable]);
        },
      ),
    );
    expect(passed).toBeGreaterThan(5);
  });
});
