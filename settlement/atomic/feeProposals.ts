/**
 * Governance of the network fee: a validator proposes one, validators vote with their stake, and what passes is in force from
 * the first block whose timestamp has reached its time. Everything about time is judged at the start of a block, before its
 * transactions, so one block knows one fee.
 */
import { accept, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Amount, Hash, Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';
import {
  FEE_PROPOSALS_OPEN_MAX,
  feeGovernanceTable,
  feeProposalsTable,
  GOVERNANCE_ROW_KEY,
} from './feeProposalTables.ts';
import type {
  FeeGovernanceRow,
  FeeGovernanceRules,
  FeeProposal,
  FeeProposalFact,
  FeeProposalOperation,
  FeeProposeOperation,
  FeeVoteOperation,
  Tally,
} from './feeProposalTypes.ts';

/** The whole, in basis points: the highest network fee. */
const BPS = 10_000;

/** Bonded stake as it is when asked for; that of who is jailed or tombstoned does not count. */
export interface Electorate {
  readonly stakeOf: (validator: ValidatorIndex) => Amount;
  /** Of all who count. */
  readonly stakes: () => ReadonlyMap<ValidatorIndex, Amount>;
}

/** The block, the rules of the chain, and whose word weighs what. */
export interface FeeGovernanceContext {
  readonly rules: FeeGovernanceRules;
  readonly height: Height;
  readonly timestampMs: TimeMs;
  readonly electorate: Electorate;
}

/** The proposal of that id, however it ended, or undefined. */
export function feeProposalOf(state: State, proposalId: Hash): FeeProposal | undefined {
  return state.get(feeProposalsTable, proposalId);
}

/** The fee that governance brought into force, and what it has before it. */
export function feeGovernanceOf(state: State): FeeGovernanceRow {
  return state.get(feeGovernanceTable, GOVERNANCE_ROW_KEY) ?? { networkFeeBps: undefined, open: [] };
}

/**
 * Takes in a proposal, or a vote, which replaces an earlier one of the same validator. All checks come before the first write;
 * that the validator sent it was checked before.
 */
export function applyFeeProposalOperation(
  state: State,
  context: FeeGovernanceContext,
  operation: FeeProposalOperation,
): Verdict<FeeProposalFact, AtomicCode> {
  return operation.type === 'fee_propose' ? propose(state, context, operation) : vote(state, operation);
}

/** At the start of a block: counts votes whose time is over, then brings into force what passed and has waited enough. */
export function advanceFeeProposals(state: State, context: FeeGovernanceContext): readonly FeeProposalFact[] {
  const { open } = feeGovernanceOf(state);
  const facts: FeeProposalFact[] = [];
  for (const { proposalId } of open) {
    const proposal = feeProposalOf(state, proposalId);
    if (proposal === undefined) continue;
    const counted = countIfOver(state, context, proposalId, proposal, facts);
    if (counted.status === 'passed' && counted.activatesAtMs <= context.timestampMs) {
      activate(state, proposalId, counted, facts);
    }
  }
  return facts;
}

function propose(
  state: State,
  { rules, height, timestampMs, electorate }: FeeGovernanceContext,
  { validator, proposalId, networkFeeBps }: FeeProposeOperation,
): Verdict<FeeProposalFact, AtomicCode> {
  if (networkFeeBps > BPS) return refuseAtomic('FEE_PROPOSAL_TOO_HIGH', { networkFeeBps, max: BPS });
  if (feeProposalOf(state, proposalId) !== undefined) {
    return refuseAtomic('FEE_PROPOSAL_EXISTS', { proposalId });
  }
  if (electorate.stakeOf(validator) === 0n) return refuseAtomic('FEE_PROPOSER_NOT_BONDED', { validator });
  const governance = feeGovernanceOf(state);
  const own = governance.open.filter(({ proposer }) => proposer === validator).length;
  if (own >= FEE_PROPOSALS_OPEN_MAX) {
    return refuseAtomic('FEE_PROPOSALS_TOO_MANY', { open: own, max: FEE_PROPOSALS_OPEN_MAX });
  }
  const votingEndsAtMs = timestampMs + rules.votingPeriodMs;
  const activatesAtMs = votingEndsAtMs + rules.activationDelayMs;
  state.set(feeProposalsTable, proposalId, {
    proposer: validator,
    networkFeeBps,
    proposedAtHeight: height,
    votingEndsAtMs,
    activatesAtMs,
    votes: [],
    status: 'voting',
    tally: undefined,
  });
  state.set(feeGovernanceTable, GOVERNANCE_ROW_KEY, {
    ...governance,
    open: [...governance.open, { proposalId, proposer: validator }],
  });
  const times = { votingEndsAtMs, activatesAtMs };
  return accept({ type: 'proposal_opened', proposalId, networkFeeBps, validator, ...times });
}

function vote(
  state: State,
  { validator, proposalId, networkFeeBps, vote: given }: FeeVoteOperation,
): Verdict<FeeProposalFact, AtomicCode> {
  const proposal = feeProposalOf(state, proposalId);
  if (proposal === undefined) return refuseAtomic('FEE_PROPOSAL_UNKNOWN', { proposalId });
  const { status, votingEndsAtMs } = proposal;
  if (status !== 'voting') return refuseAtomic('FEE_PROPOSAL_ENDED', { proposalId, status, votingEndsAtMs });
  if (proposal.networkFeeBps !== networkFeeBps) {
    const proposed = proposal.networkFeeBps;
    return refuseAtomic('FEE_PROPOSAL_OTHER', { proposalId, networkFeeBps: proposed, given: networkFeeBps });
  }
  const others = proposal.votes.filter((one) => one.validator !== validator);
  const votes = [...others, { validator, vote: given }].sort((a, b) => a.validator - b.validator);
  state.set(feeProposalsTable, proposalId, { ...proposal, votes });
  return accept({ type: 'proposal_voted', proposalId, validator, vote: given });
}

/** @returns The proposal as it is now. */
function countIfOver(
  state: State,
  context: FeeGovernanceContext,
  proposalId: Hash,
  proposal: FeeProposal,
  facts: FeeProposalFact[],
): FeeProposal {
  const { status, votingEndsAtMs, networkFeeBps, activatesAtMs } = proposal;
  if (status !== 'voting' || votingEndsAtMs > context.timestampMs) return proposal;
  const tally = tallyOf(proposal, context.electorate.stakes());
  const reason = findLack(tally, context.rules);
  const counted: FeeProposal = { ...proposal, status: reason === undefined ? 'passed' : 'rejected', tally };
  state.set(feeProposalsTable, proposalId, counted);
  if (reason === undefined) {
    facts.push({ type: 'proposal_passed', proposalId, networkFeeBps, ...tally, activatesAtMs });
  } else {
    close(state, proposalId);
    facts.push({ type: 'proposal_rejected', proposalId, networkFeeBps, reason, ...tally });
  }
  return counted;
}

/** Stake as it is now: what was slashed since the vote is gone, and who is jailed or tombstoned now does not count. */
function tallyOf({ votes }: FeeProposal, stakes: ReadonlyMap<ValidatorIndex, Amount>): Tally {
  const sums = { yes: 0n, no: 0n };
  for (const { validator, vote: given } of votes) sums[given] += stakes.get(validator) ?? 0n;
  let bonded = 0n;
  for (const stake of stakes.values()) bonded += stake;
  return { ...sums, bonded };
}

function findLack({ yes, no, bonded }: Tally, rules: FeeGovernanceRules): 'quorum' | 'majority' | undefined {
  const voted = yes + no;
  const [whole, quorum] = [BigInt(BPS), BigInt(rules.quorumBps)];
  if (voted === 0n || voted * whole < bonded * quorum) return 'quorum';
  return yes * whole > voted * BigInt(rules.passThresholdBps) ? undefined : 'majority';
}

function activate(state: State, proposalId: Hash, proposal: FeeProposal, facts: FeeProposalFact[]): void {
  const { networkFeeBps } = proposal;
  const activated: FeeProposal = { ...proposal, status: 'activated' };
  state.set(feeProposalsTable, proposalId, activated);
  close(state, proposalId, networkFeeBps);
  facts.push({ type: 'proposal_activated', proposalId, networkFeeBps });
}

/** @param inForce - The fee from now on, where it changes. */
function close(state: State, proposalId: Hash, inForce?: number): void {
  const { networkFeeBps, open } = feeGovernanceOf(state);
  state.set(feeGovernanceTable, GOVERNANCE_ROW_KEY, {
    networkFeeBps: inForce ?? networkFeeBps,
    open: open.filter((one) => one.proposalId !== proposalId),
  });
}
