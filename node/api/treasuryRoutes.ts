/** `GET /treasury`, `/treasury/withdrawals/:id`, `/fee-proposals`, `/fee-proposals/:id`: what keepers and validators decide. */
import { type Static, Type } from '@sinclair/typebox';
import { atomicCodes } from '../../settlement/atomic/codes.ts';
import { feeGovernanceOf, feeProposalOf } from '../../settlement/atomic/feeProposals.ts';
import type { FeeProposal } from '../../settlement/atomic/feeProposalTypes.ts';
import { gatheredFees } from '../../settlement/atomic/fees.ts';
import { openWithdrawals, withdrawalOf } from '../../settlement/atomic/treasury.ts';
import type { Withdrawal } from '../../settlement/atomic/treasuryTypes.ts';
import { treasuryOf } from '../../settlement/ledger/accounts.ts';
import { tallyFields } from '../core/eventFields.ts';
import {
  addressExample,
  addressField,
  amountField,
  amountsField,
  closed,
  countField,
  hashExample,
  hashField,
  heightField,
  nameField,
  nullable,
  timeField,
} from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { defineRoute, ok, type Route, refusal } from './route.ts';

const withdrawalSchema = Type.Object(
  {
    id: hashField,
    asset: Type.String(),
    amount: amountField,
    to: addressField,
    expires_at_height: heightField,
    approvals: Type.Array(addressField, { description: 'keepers, each once; the first proposed it' }),
    paid_at_height: nullable(heightField),
  },
  closed,
);

const treasurySchema = Type.Object(
  {
    balances: amountsField,
    gathered_fees: Type.Record(Type.String(), amountField, {
      description: 'by asset; they go to the treasury at the next flush',
    }),
    next_flush_height: heightField,
    keepers: Type.Array(addressField),
    threshold: countField,
    withdrawals: Type.Array(withdrawalSchema, {
      description: 'neither paid nor expired, in the order of proposal',
    }),
  },
  closed,
);

const statuses = ['voting', 'rejected', 'passed', 'activated'] as const;

const proposalSchema = Type.Object(
  {
    id: hashField,
    proposer: nameField,
    network_fee_bps: countField,
    status: Type.Union(statuses.map((status) => Type.Literal(status))),
    proposed_at_height: heightField,
    voting_ends_at_ms: timeField,
    activates_at_ms: timeField,
    votes: Type.Record(Type.String(), Type.Union([Type.Literal('yes'), Type.Literal('no')]), {
      description: 'by validator',
    }),
    tally: nullable(
      Type.Object(
        { yes: amountField, no: amountField, bonded: amountField },
        { ...closed, description: 'stake when the votes were counted' },
      ),
    ),
  },
  closed,
);

const feeProposalsSchema = Type.Object(
  {
    network_fee_bps: Type.Integer({ minimum: 0, description: 'in force' }),
    open: Type.Array(proposalSchema, {
      description: 'voted on, or passed and not yet in force, in the order of proposal',
    }),
  },
  closed,
);

const idParams = Type.Object({ id: hashField }, closed);

const withdrawalExample: Static<typeof withdrawalSchema> = {
  id: hashExample,
  asset: 'TNZO',
  amount: '1000000000000000000',
  to: addressExample,
  expires_at_height: 5000,
  approvals: [addressExample],
  paid_at_height: null,
};
const proposalExample: Static<typeof proposalSchema> = {
  id: hashExample,
  proposer: 'node-0',
  network_fee_bps: 30,
  status: 'voting',
  proposed_at_height: 6,
  voting_ends_at_ms: 259_210_000,
  activates_at_ms: 864_010_000,
  votes: { 'node-0': 'yes' },
  tally: null,
};

export function treasuryRoutes(node: NodeView): Route[] {
  const state = () => node.reader().finalizedState();
  return [
    defineRoute({
      method: 'GET',
      path: '/treasury',
      summary: 'What the treasury holds, its keepers, and withdrawals on their way',
      tag: 'chain',
      codes: [],
      answers: [
        {
          status: 200,
          description: 'as of the newest final block',
          schema: treasurySchema,
          example: {
            balances: { TNZO: '2000000000000000000' },
            gathered_fees: { TNZO: '5000000000000000' },
            next_flush_height: 100,
            keepers: [addressExample],
            threshold: 1,
            withdrawals: [withdrawalExample],
          },
        },
      ],
      handle: () => ok(showTreasury(node)),
    }),
    defineRoute({
      method: 'GET',
      path: '/treasury/withdrawals/:id',
      summary: 'A withdrawal from the treasury, open or paid',
      tag: 'chain',
      codes: ['TREASURY_WITHDRAWAL_UNKNOWN'],
      params: idParams,
      answers: [
        {
          status: 200,
          description: 'who approved it, and whether it was paid',
          schema: withdrawalSchema,
          example: withdrawalExample,
        },
      ],
      handle: ({ params: { id } }) => {
        const withdrawal = withdrawalOf(state(), id);
        if (withdrawal !== undefined) return ok(showWithdrawal(id, withdrawal));
        return refusal('TREASURY_WITHDRAWAL_UNKNOWN', atomicCodes.TREASURY_WITHDRAWAL_UNKNOWN, { id });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/fee-proposals',
      summary: 'The network fee in force, and proposals to change it',
      tag: 'chain',
      codes: [],
      answers: [
        {
          status: 200,
          description: 'as of the newest final block',
          schema: feeProposalsSchema,
          example: { network_fee_bps: 50, open: [proposalExample] },
        },
      ],
      handle: () => ok(showFeeProposals(node)),
    }),
    defineRoute({
      method: 'GET',
      path: '/fee-proposals/:id',
      summary: 'A proposal to change the network fee, open or ended',
      tag: 'chain',
      codes: ['FEE_PROPOSAL_UNKNOWN'],
      params: idParams,
      answers: [
        {
          status: 200,
          description: 'its votes, and how they were counted',
          schema: proposalSchema,
          example: proposalExample,
        },
      ],
      handle: ({ params: { id } }) => {
        const proposal = feeProposalOf(state(), id);
        if (proposal !== undefined) return ok(showProposal(node, id, proposal));
        return refusal('FEE_PROPOSAL_UNKNOWN', atomicCodes.FEE_PROPOSAL_UNKNOWN, { id });
      },
    }),
  ];
}

function showTreasury(node: NodeView): Static<typeof treasurySchema> {
  const reader = node.reader();
  const state = reader.finalizedState();
  const { ledger, atomic } = reader.genesis;
  const { keepers, threshold } = atomic.treasury;
  const byAsset = (amountOf: (asset: string) => bigint): Record<string, string> =>
    Object.fromEntries(
      ledger.assets.flatMap(({ symbol }) => {
        const amount = amountOf(symbol);
        return amount === 0n ? [] : [[symbol, String(amount)]];
      }),
    );
  const { finalizedHeight } = reader.status();
  return {
    balances: byAsset((asset) => treasuryOf(state, asset)),
    gathered_fees: byAsset((asset) => gatheredFees(state, asset)),
    next_flush_height:
      finalizedHeight + atomic.flushIntervalBlocks - (finalizedHeight % atomic.flushIntervalBlocks),
    keepers: [...keepers],
    threshold,
    withdrawals: openWithdrawals(state).flatMap((id) => {
      const withdrawal = withdrawalOf(state, id);
      return withdrawal === undefined ? [] : [showWithdrawal(id, withdrawal)];
    }),
  };
}

function showWithdrawal(id: string, withdrawal: Withdrawal): Static<typeof withdrawalSchema> {
  const { asset, amount, to, expiresAtHeight, approvals, paidAtHeight } = withdrawal;
  return {
    id,
    asset,
    amount: String(amount),
    to,
    expires_at_height: expiresAtHeight,
    approvals: [...approvals],
    paid_at_height: paidAtHeight ?? null,
  };
}

function showFeeProposals(node: NodeView): Static<typeof feeProposalsSchema> {
  const reader = node.reader();
  const state = reader.finalizedState();
  const { networkFeeBps, open } = feeGovernanceOf(state);
  return {
    network_fee_bps: networkFeeBps ?? reader.genesis.atomic.networkFeeBps,
    open: open.flatMap(({ proposalId }) => {
      const proposal = feeProposalOf(state, proposalId);
      return proposal === undefined ? [] : [showProposal(node, proposalId, proposal)];
    }),
  };
}

function showProposal(node: NodeView, id: string, proposal: FeeProposal): Static<typeof proposalSchema> {
  const { validators } = node.reader().genesis;
  const { tally, votes } = proposal;
  return {
    id,
    proposer: validators.at(proposal.proposer).name,
    network_fee_bps: proposal.networkFeeBps,
    status: proposal.status,
    proposed_at_height: proposal.proposedAtHeight,
    voting_ends_at_ms: proposal.votingEndsAtMs,
    activates_at_ms: proposal.activatesAtMs,
    votes: Object.fromEntries(votes.map(({ validator, vote }) => [validators.at(validator).name, vote])),
    tally: tally === undefined ? null : tallyFields(tally),
  };
}
