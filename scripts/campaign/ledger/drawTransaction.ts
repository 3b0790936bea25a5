/**
 * Draws ledger transactions of every kind for a world, most of them such that they can succeed in it. A kind that is not in
 * the table does not compile, so nothing that moves value escapes the checks that draw from here.
 */
import { fromHex } from '../../../consensus/primitives/bytes.ts';
import type { Address } from '../../../consensus/primitives/flavor.ts';
import { feeProposalsTable } from '../../../settlement/atomic/feeProposalTables.ts';
import { isOrderSettlement, orderIdOf } from '../../../settlement/atomic/order.ts';
import { signStatement } from '../../../settlement/atomic/proofs/signatureProof.ts';
import { settlementStatement } from '../../../settlement/atomic/statement.ts';
import { escrowsTable } from '../../../settlement/atomic/tables.ts';
import { withdrawalsTable } from '../../../settlement/atomic/treasuryTables.ts';
import type { AtomicBatch, SettlementRequest } from '../../../settlement/atomic/types.ts';
import type { TransactionBody } from '../../../settlement/execution/transactionBody.ts';
import { treasuryOf } from '../../../settlement/ledger/accounts.ts';
import { inboundTransferId } from '../../../settlement/net/crossChain.ts';
import { standingTable } from '../../../settlement/net/tables.ts';
import type { State } from '../../../settlement/state.ts';
import {
  closeChannel,
  disputeChannel,
  drawChannelRequest,
  openChannel,
  settleChannel,
  startClosing,
} from './drawChannel.ts';
import {
  type Draw,
  type DrawnTransaction,
  drawAmount,
  drawPair,
  drawPart,
  drawPerson,
  idOf,
  pick,
  type Setting,
  symbols,
} from './drawing.ts';
import { type Choices, type LedgerWorld, people } from './ledgerWorld.ts';

export type TransactionKind = TransactionBody['type'];

/** Ids that requests, batches and escrows are drawn from: few, so that they meet again. */
const ID_COUNT = 400;
const ESCROW_ID_COUNT = 12;
const PROPOSAL_ID_COUNT = 40;
const REQUESTS_MAX = 9;

const draws: Readonly<Record<TransactionKind, Draw>> = {
  transfer: (setting) => {
    const [from, to] = drawPair(setting);
    const asset = pick(setting.choices, symbols);
    return {
      sender: from,
      body: { type: 'transfer', to: to.address, asset, amount: drawAmount(setting, from, asset) },
    };
  },
  deposit: (setting) => drawPoolOperation(setting, 'deposit'),
  withdraw: (setting) => drawPoolOperation(setting, 'withdraw'),
  borrow: (setting) => drawPoolOperation(setting, 'borrow'),
  repay: (setting) => drawPoolOperation(setting, 'repay'),
  liquidate: (setting) => {
    const { world, choices } = setting;
    const isExact = choices.below(2) === 0;
    const [debtAsset, collateralAsset] = pick(choices, [
      ['UM', 'USDC'],
      ['USDC', 'UM'],
    ] as const);
    return {
      sender: world.holder(isExact ? 'oracle' : 'carol'),
      body: {
        type: 'liquidate',
        borrower: world.holder(debtAsset === 'UM' ? 'alice' : 'bob').address,
        debtAsset,
        amount: BigInt(1 + choices.below(60)),
        collateralAsset,
        exactCollateral: isExact ? BigInt(1 + choices.below(60)) : undefined,
      },
    };
  },
  price: ({ world, choices }) => {
    const price = 10n ** BigInt(choices.below(11));
    return { sender: world.holder('oracle'), body: { type: 'price', asset: pick(choices, symbols), price } };
  },
  unjail: ({ world, state, choices }) => {
    const jailed = state.entries(standingTable).find(([, row]) => row.jailedUntilHeight !== undefined);
    const validator = jailed?.[1].index ?? choices.below(4);
    return { sender: world.holder(`validator-${validator}`), body: { type: 'unjail', validator } };
  },
  settle_now: ({ world }) => ({ sender: world.holder('operator'), body: { type: 'settle_now' } }),
  set_batch_size: ({ world, choices }) => ({
    sender: world.holder('operator'),
    body: { type: 'set_batch_size', batchSize: 1 + choices.below(4) },
  }),
  atomic_batch: drawBatch,
  escrow_open: (setting) => {
    const { world, choices } = setting;
    const sender = drawPerson(setting);
    const asset = pick(choices, symbols);
    const parties = people
      .filter(() => choices.below(2) === 0)
      .map((label) => world.holder(label).address)
      .sort();
    return {
      sender,
      body: {
        type: 'escrow_open',
        escrowId: idOf('e', choices.below(ESCROW_ID_COUNT)),
        asset,
        amount: drawAmount(setting, sender, asset),
        parties,
        threshold: parties.length === 0 ? 0 : 1 + choices.below(parties.length),
        expiresAtHeight: world.height + choices.below(14),
      },
    };
  },
  escrow_refund: (setting) => {
    const open = setting.state.entries(escrowsTable);
    const escrowId = open[setting.choices.below(open.length + 1)]?.[0] ?? idOf('e', 0);
    return { sender: drawPerson(setting), body: { type: 'escrow_refund', escrowId } };
  },
  channel_open: openChannel,
  channel_close: closeChannel,
  channel_unilateral_close: startClosing,
  channel_dispute: disputeChannel,
  channel_settle: settleChannel,
  cross_chain_send: (setting) => {
    const { choices } = setting;
    const [from, to] = drawPair(setting);
    const asset = pick(choices, symbols);
    const amount = drawAmount(setting, from, asset);
    const transferId = choices.below(40) === 0 ? inboundTransferId(1) : idOf('c', choices.below(ID_COUNT));
    const terms = { transferId, to: to.address, asset, amount, timeoutBlocks: choices.below(7) };
    return { sender: from, body: { type: 'cross_chain_send', ...terms } };
  },
  treasury_propose: (setting) => {
    const { world, state, choices } = setting;
    const asset = pick(choices, symbols);
    const amount = drawPart(choices, treasuryOf(state, asset));
    const to = drawPerson(setting).address;
    const withdrawalId = idOf('a', choices.below(PROPOSAL_ID_COUNT));
    const expiresAtHeight = world.height + choices.below(12);
    const terms = { withdrawalId, asset, amount, to, expiresAtHeight };
    return { sender: drawPerson(setting), body: { type: 'treasury_propose', ...terms } };
  },
  treasury_approve: (setting) => {
    const { state, choices } = setting;
    const known = state.entries(withdrawalsTable);
    const [withdrawalId, terms] = known[choices.below(known.length + 1)] ?? [idOf('a', 0), undefined];
    const { asset, amount, to } = terms ?? { asset: 'TNZO', amount: 1n, to: drawPerson(setting).address };
    const given = choices.below(12) === 0 ? amount + 1n : amount;
    const body = { type: 'treasury_approve', withdrawalId, asset, amount: given, to } as const;
    return { sender: drawPerson(setting), body };
  },
  fee_propose: (setting) => {
    const { choices } = setting;
    const proposalId = idOf('f', choices.below(PROPOSAL_ID_COUNT));
    const networkFeeBps = choices.below(10_200);
    return asValidator(setting, (validator) => ({
      type: 'fee_propose',
      validator,
      proposalId,
      networkFeeBps,
    }));
  },
  fee_vote: (setting) => {
    const { state, choices } = setting;
    const known = state.entries(feeProposalsTable);
    const [proposalId, proposal] = known[choices.below(known.length + 1)] ?? [idOf('f', 0), undefined];
    const networkFeeBps = choices.below(12) === 0 ? 1 : (proposal?.networkFeeBps ?? 1);
    const vote = choices.below(4) === 0 ? 'no' : 'yes';
    const named = { proposalId, networkFeeBps, vote } as const;
    return asValidator(setting, (validator) => ({ type: 'fee_vote', validator, ...named }));
  },
};

export const transactionKinds = Object.keys(draws) as TransactionKind[];

/** @param kind - Undefined: any, batches more often than others. */
export function drawTransaction(
  world: LedgerWorld,
  state: State,
  choices: Choices,
  kind: TransactionKind = drawKind(choices),
): DrawnTransaction {
  return draws[kind]({ world, state, choices });
}

/** Three of ten move money atomically, who is poor soon gets something again, and channels get as far as a dispute. */
function drawKind(choices: Choices): TransactionKind {
  const draw = choices.below(10);
  if (draw < 3) return 'atomic_batch';
  if (draw === 3) return 'transfer';
  if (draw === 4) return pick(choices, ['channel_open', 'channel_unilateral_close', 'channel_dispute']);
  return pick(choices, transactionKinds);
}

function drawBatch(setting: Setting): DrawnTransaction {
  const { world, choices } = setting;
  const count = 1 + choices.below(REQUESTS_MAX);
  const batchId = idOf('b', choices.below(ID_COUNT));
  const expiresAtHeight = world.height + choices.below(6) - (choices.below(20) === 0 ? 1 : 0);
  const requests = Array.from({ length: count }, () =>
    withProof(setting, { batchId, expiresAtHeight }, drawRequest(setting)),
  );
  const payers = new Set<Address>();
  for (const { from, kind } of requests) if (kind === 'immediate') payers.add(from);
  const isSigned = choices.below(12) !== 0;
  const sender = drawPerson(setting);
  const others = people.filter(() => choices.below(3) === 0).map((label) => world.holder(label).address);
  const signers = new Set([...(isSigned ? payers : []), ...others]);
  signers.delete(sender.address);
  const batch = { batchId, expiresAtHeight, requests };
  return { sender, body: { type: 'atomic_batch', signers: [...signers].sort(), batch } };
}

/** Every fifth request with a proof by the person that pays, or by another; one of ten of those was made for something else. */
function withProof(
  { world, choices }: Setting,
  batch: Pick<AtomicBatch, 'batchId' | 'expiresAtHeight'>,
  request: SettlementRequest,
): SettlementRequest {
  if (choices.below(5) !== 0) return request;
  const holders = people.map((label) => world.holder(label));
  const { address, secretKey } =
    holders.find((holder) => holder.address === request.from) ?? pick(choices, holders);
  const proven = choices.below(10) === 0 ? { ...request, amount: request.amount + 1n } : request;
  const { chainId } = world.genesis;
  const statement = isOrderSettlement(chainId, proven)
    ? fromHex(proven.settlementId)
    : settlementStatement(chainId, batch, proven);
  const signature = signStatement(secretKey, statement);
  return { ...request, proof: { kind: 'cryptographic', signer: address, signature } };
}

function drawRequest(setting: Setting): SettlementRequest {
  const { state, choices } = setting;
  const open = state.entries(escrowsTable);
  const [from, to] = drawPair(setting);
  const settlementId = idOf('d', choices.below(ID_COUNT));
  const metadata = choices.below(4) === 0 ? 'für Äpfel' : '';
  if (open.length > 0 && choices.below(3) === 0) {
    const [escrowId, escrow] = pick(choices, open);
    const amount = drawPart(choices, escrow.amount);
    const { asset } = escrow;
    return {
      settlementId,
      from: escrowId as string,
      to: to.address,
      amount,
      asset,
      kind: 'escrow_release',
      metadata,
    };
  }
  const closing = choices.below(8) === 0 ? drawChannelRequest(setting) : undefined;
  if (closing !== undefined) return { settlementId, metadata, ...closing };
  const asset = pick(choices, symbols);
  const amount = drawAmount(setting, from, asset);
  const payment = { from: from.address, to: to.address, amount, asset, kind: 'immediate' } as const;
  return choices.below(6) === 0 ? drawOrder(setting, payment) : { ...payment, settlementId, metadata };
}

/** An order that has a last height, mostly one to come; one of eight has one that was not part of its id. */
function drawOrder(
  { world, choices }: Setting,
  payment: Pick<SettlementRequest, 'from' | 'to' | 'amount' | 'asset' | 'kind'>,
): SettlementRequest {
  const metadata = `order ${choices.below(ID_COUNT)}`;
  const lastHeight = Math.max(1, world.height + choices.below(10) - 2);
  const signedHeight = choices.below(8) === 0 ? undefined : lastHeight;
  const terms = { ...payment, reference: metadata, lastHeight: signedHeight };
  return { ...payment, settlementId: orderIdOf(world.genesis.chainId, terms), metadata, lastHeight };
}

function drawPoolOperation(
  setting: Setting,
  type: 'deposit' | 'withdraw' | 'borrow' | 'repay',
): DrawnTransaction {
  const sender = drawPerson(setting);
  const asset = pick(setting.choices, symbols);
  const amount = BigInt(1 + setting.choices.below(type === 'deposit' ? 200 : 40));
  return { sender, body: { type, asset, amount } };
}

/** Sent by the validator that it names, but for once in a while. */
function asValidator(
  { world, choices }: Setting,
  bodyOf: (validator: number) => TransactionBody,
): DrawnTransaction {
  const validator = choices.below(4);
  const sender = choices.below(12) === 0 ? choices.below(4) : validator;
  return { sender: world.holder(`validator-${sender}`), body: bodyOf(validator) };
}
