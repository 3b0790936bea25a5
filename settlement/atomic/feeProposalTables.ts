/** Rows and transactions of proposals to change the network fee: table ids 39 and 40. */
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { VALIDATOR_COUNT_MAX } from '../../consensus/validators.ts';
import type { Table } from '../state.ts';
import type {
  FeeGovernanceRow,
  FeeProposal,
  FeeProposalStatus,
  FeeProposeOperation,
  FeeVoteOperation,
  Tally,
  Vote,
} from './feeProposalTypes.ts';

/** Proposals of one validator that are voted on or wait for their time, so that nobody can keep the others out. */
export const FEE_PROPOSALS_OPEN_MAX = 4;

/** The position is the tag: append, never reorder. */
const votes: readonly Vote[] = ['no', 'yes'];
const statuses: readonly FeeProposalStatus[] = ['voting', 'rejected', 'passed', 'activated'];

/** Key: proposal id. */
export const feeProposalsTable: Table<FeeProposal> = {
  id: 39,
  name: 'fee_proposals',
  write(writer, proposal) {
    const { tally } = proposal;
    writer.u16(proposal.proposer).u16(proposal.networkFeeBps).u64(proposal.proposedAtHeight);
    writer.i64(proposal.votingEndsAtMs).i64(proposal.activatesAtMs);
    writer.list(proposal.votes, VALIDATOR_COUNT_MAX, (to, { validator, vote }) => {
      to.u16(validator).u8(votes.indexOf(vote));
    });
    writer.u8(statuses.indexOf(proposal.status)).boolean(tally !== undefined);
    if (tally !== undefined) writer.amount(tally.yes).amount(tally.no).amount(tally.bonded);
  },
  read: (reader) => ({
    proposer: reader.u16(),
    networkFeeBps: reader.u16(),
    proposedAtHeight: reader.u64(),
    votingEndsAtMs: reader.i64(),
    activatesAtMs: reader.i64(),
    votes: reader.list(VALIDATOR_COUNT_MAX, (from) => ({ validator: from.u16(), vote: readVote(from) })),
    status: readOf(reader, statuses, 'status'),
    tally: reader.boolean() ? readTally(reader) : undefined,
  }),
};

/** The key of the one row of `feeGovernanceTable`. */
export const GOVERNANCE_ROW_KEY = '';

export const feeGovernanceTable: Table<FeeGovernanceRow> = {
  id: 40,
  name: 'fee_governance',
  write(writer, { networkFeeBps, open }) {
    writer.boolean(networkFeeBps !== undefined);
    if (networkFeeBps !== undefined) writer.u16(networkFeeBps);
    writer.list(open, VALIDATOR_COUNT_MAX * FEE_PROPOSALS_OPEN_MAX, (to, { proposalId, proposer }) => {
      to.hash(proposalId).u16(proposer);
    });
  },
  read: (reader) => ({
    networkFeeBps: reader.boolean() ? reader.u16() : undefined,
    open: reader.list(VALIDATOR_COUNT_MAX * FEE_PROPOSALS_OPEN_MAX, (from) => ({
      proposalId: from.hash(),
      proposer: from.u16(),
    })),
  }),
};

export function writeFeeProposal(writer: Writer, operation: FeeProposeOperation): void {
  writer.u16(operation.validator).hash(operation.proposalId).u16(operation.networkFeeBps);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readFeeProposal(reader: Reader): FeeProposeOperation {
  const [validator, proposalId] = [reader.u16(), reader.hash()];
  return { type: 'fee_propose', validator, proposalId, networkFeeBps: reader.u16() };
}

export function writeFeeVote(writer: Writer, operation: FeeVoteOperation): void {
  writer.u16(operation.validator).hash(operation.proposalId).u16(operation.networkFeeBps);
  writer.u8(votes.indexOf(operation.vote));
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readFeeVote(reader: Reader): FeeVoteOperation {
  const [validator, proposalId, networkFeeBps] = [reader.u16(), reader.hash(), reader.u16()];
  return { type: 'fee_vote', validator, proposalId, networkFeeBps, vote: readVote(reader) };
}

function readVote(reader: Reader): Vote {
  return readOf(reader, votes, 'vote');
}

function readTally(reader: Reader): Tally {
  return { yes: reader.amount(), no: reader.amount(), bonded: reader.amount() };
}

function readOf<Value>(reader: Reader, values: readonly Value[], what: string): Value {
  const tag = reader.u8();
  const value = values[tag];
  if (value === undefined) throw new DecodeError(`unknown ${what} ${tag}`);
  return value;
}
