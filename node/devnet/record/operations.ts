/** A transaction of a real chain as a scenario writes it. */
import { type Address, accountOfKey, type Height } from '../../../consensus/primitives/flavor.ts';
import { findBatchProblem } from '../../../settlement/atomic/limits.ts';
import { findOrderProblem } from '../../../settlement/atomic/orderExpiry.ts';
import { signersOfProof } from '../../../settlement/atomic/proofPolicy.ts';
import type { SettlementProof } from '../../../settlement/atomic/proofs/types.ts';
import type { AtomicBatchOperation } from '../../../settlement/atomic/types.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import type { Transaction } from '../../../settlement/execution/transaction.ts';
import { assetIndexOf } from '../../../settlement/ledger/assets.ts';
import { ORACLE_ACCOUNT } from '../../scenario/transactions.ts';
import type { ScenarioProof, ScenarioTransaction } from '../../scenario/types.ts';
import { channelOperationOf } from './channelOperations.ts';
import type { AccountLabels } from './labels.ts';

/**
 * @returns Undefined for what a scenario cannot say. All of that is refused by the ledger whatever its state, so leaving
 *   it out changes nothing: an unknown asset, an amount of nothing, a transfer to oneself, a last height or
 *   a fee out of range, the work of oracle, operator or validator by somebody else.
 */
export function scenarioTransactionOf(
  { from, body }: Transaction,
  genesis: Genesis,
  labels: AccountLabels,
  height: Height,
): ScenarioTransaction | undefined {
  const isOperator = genesis.operators.includes(from);
  const isOracle = from === genesis.ledger.oracle;
  const isAsset = (symbol: string): boolean => assetIndexOf(genesis.ledger, symbol) >= 0;
  switch (body.type) {
    case 'settle_now':
    case 'set_batch_size':
      return isOperator ? { account: undefined, operation: body } : undefined;
    case 'unjail': {
      const validator = ownValidator(from, body.validator, genesis);
      return validator === undefined
        ? undefined
        : { account: undefined, operation: { type: 'unjail', validator } };
    }
    case 'price': {
      if (!isOracle || !isAsset(body.asset) || body.price <= 0n) return undefined;
      return { account: ORACLE_ACCOUNT, operation: body };
    }
    case 'transfer': {
      if (!isAsset(body.asset) || body.amount <= 0n || body.to === from) return undefined;
      const { type, asset, amount } = body;
      return { account: labels.of(from), operation: { type, to: labels.of(body.to), asset, amount } };
    }
    case 'liquidate': {
      const { borrower, debtAsset, amount, collateralAsset, exactCollateral } = body;
      const isExact = exactCollateral !== undefined;
      if (!isAsset(debtAsset) || !isAsset(collateralAsset) || amount <= 0n || borrower === from)
        return undefined;
      if (isExact && (!isOracle || exactCollateral <= 0n)) return undefined;
      const operation = { borrower: labels.of(borrower), debtAsset, amount, collateralAsset };
      return {
        account: labels.of(from),
        operation: { type: 'liquidate', ...operation, collateralAmount: exactCollateral },
      };
    }
    case 'atomic_batch':
      return atomicBatchOf(from, body, height, genesis, labels);
    case 'escrow_open': {
      const { escrowId, asset, amount, parties, threshold, expiresAtHeight } = body;
      if (!isAsset(asset) || amount <= 0n || expiresAtHeight <= height) return undefined;
      const names = { id: escrowId, parties: parties.map((party) => labels.of(party)) };
      const fields = { asset, amount, threshold, expiresAfterBlocks: expiresAtHeight - height };
      return { account: labels.of(from), operation: { type: 'escrow_open', ...names, ...fields } };
    }
    case 'escrow_refund':
      return { account: labels.of(from), operation: { type: 'escrow_refund', id: body.escrowId } };
    case 'channel_open':
    case 'channel_close':
    case 'channel_unilateral_close':
    case 'channel_dispute':
    case 'channel_settle': {
      const operation = channelOperationOf(from, body, height, genesis, labels);
      return operation && { account: labels.of(from), operation };
    }
    case 'treasury_propose':
    case 'treasury_approve': {
      if (!isAsset(body.asset) || body.amount <= 0n) return undefined;
      const { withdrawalId: id, asset, amount } = body;
      const terms = { id, asset, amount, to: labels.of(body.to) };
      const account = labels.of(from);
      if (body.type === 'treasury_approve') return { account, operation: { type: body.type, ...terms } };
      const expiresAfterBlocks = body.expiresAtHeight - height;
      const { timeoutBlocks } = genesis.atomic.treasury;
      if (expiresAfterBlocks <= 0 || expiresAfterBlocks > timeoutBlocks) return undefined;
      return { account, operation: { type: body.type, ...terms, expiresAfterBlocks } };
    }
    case 'fee_propose':
    case 'fee_vote': {
      const validator = ownValidator(from, body.validator, genesis);
      if (validator === undefined || body.networkFeeBps > 10_000) return undefined;
      const { proposalId: id, ...rest } = body;
      return { account: undefined, operation: { ...rest, id, validator } };
    }
    case 'cross_chain_send': {
      const { transferId: id, to, asset, amount, timeoutBlocks } = body;
      if (!isAsset(asset) || amount <= 0n) return undefined;
      const fields = { id, to: labels.of(to), asset, amount, timeoutBlocks };
      return { account: labels.of(from), operation: { type: 'cross_chain_send', ...fields } };
    }
    default: {
      const { type, asset, amount } = body;
      if (!isAsset(asset) || amount <= 0n) return undefined;
      return { account: labels.of(from), operation: { type, asset, amount } };
    }
  }
}

/** A batch that no state can let pass leaves no trace; any other is written request by request. */
function atomicBatchOf(
  from: Address,
  operation: AtomicBatchOperation,
  height: Height,
  { atomic, ledger, chainId }: Genesis,
  labels: AccountLabels,
): ScenarioTransaction | undefined {
  if (findBatchProblem(operation, from, atomic, ledger) !== undefined) return undefined;
  const { batchId, expiresAtHeight, requests } = operation.batch;
  const isAnyLate = findOrderProblem(operation.batch, { chainId, height }) !== undefined;
  const payers = new Set(requests.flatMap(({ kind, from: payer }) => (kind === 'immediate' ? [payer] : [])));
  return {
    account: labels.of(from),
    operation: {
      type: 'atomic_batch',
      id: batchId,
      // All heights below that of the block mean the same, and so does the last height of an order, which a scenario does not know.
      expiresAfterBlocks: isAnyLate ? -1 : Math.max(-1, expiresAtHeight - height),
      requests: requests.map(({ settlementId, asset, amount, metadata, proof, ...parties }) => ({
        id: settlementId,
        from: parties.kind === 'immediate' ? labels.of(parties.from) : undefined,
        escrow: parties.kind === 'escrow_release' ? parties.from : undefined,
        channel: parties.kind === 'channel_close' ? parties.from : undefined,
        to: labels.of(parties.to),
        asset,
        amount,
        metadata,
        proof: proof && scenarioProofOf(proof, labels),
      })),
      signers: operation.signers.filter((signer) => !payers.has(signer)).map((signer) => labels.of(signer)),
    },
  };
}

/** The name of the validator of this index, when it is the sender. */
function ownValidator(from: Address, index: number, { validators }: Genesis): string | undefined {
  if (!validators.has(index)) return undefined;
  const { name, publicKey } = validators.at(index);
  return accountOfKey(publicKey) === from ? name : undefined;
}

/** Signatures are made anew with the keys of the labels; other proofs stay what they are, and bind what no longer is. */
function scenarioProofOf(proof: SettlementProof, labels: AccountLabels): ScenarioProof {
  if (proof.kind === 'cryptographic') return { kind: proof.kind, signer: labels.of(proof.signer) };
  if (proof.kind !== 'multi_party') return { kind: 'made', proof };
  const signed = signersOfProof(proof).map((signer) => labels.of(signer));
  const signers = proof.signers.map(({ signer }) => labels.of(signer));
  return { kind: proof.kind, threshold: proof.threshold, signers, signed };
}
