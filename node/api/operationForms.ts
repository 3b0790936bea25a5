/** The JSON form of each ledger operation that has a door of its own: its fields, and the transaction body it stands for. */
import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { Address } from '../../consensus/primitives/flavor.ts';
import { CHANNEL_SIGNERS_MAX } from '../../settlement/atomic/channelCodec.ts';
import type { SignedVoucher } from '../../settlement/atomic/channelTypes.ts';
import { ESCROW_PARTIES_MAX } from '../../settlement/atomic/codec.ts';
import { VOUCHER_NONCE_MAX } from '../../settlement/atomic/voucher.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import { addressExample, closed, hashExample, heightField } from './fields.ts';
import {
  accountField,
  assetField,
  givenAmountField,
  idField,
  readAmount,
  readSignature,
  signatureField,
  sortAccounts,
} from './signedBody.ts';

/** Where a body has its operation, for refusals. */
const AT = '/operation';
const U16_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;

interface OperationForm {
  readonly schema: TSchema;
  readonly example: object;
  /** Most who sign beside the sender. */
  readonly signersMax: number;
  /** @throws {BodyError} Wrong beyond what the schema says. */
  readonly read: (json: unknown, signers: readonly Address[]) => TransactionBody;
}

const expiryField = (description: string) => Type.Integer({ ...heightField, description });
const u16Field = (description: string) => Type.Integer({ minimum: 0, maximum: U16_MAX, description });
const voucherField = Type.Object(
  {
    payer: accountField('of the channel'),
    amount: givenAmountField,
    nonce: Type.Integer({ minimum: 1, maximum: VOUCHER_NONCE_MAX }),
    signature: signatureField('of the payer over chain, channel, amount and nonce (docs/protocol.md)'),
  },
  { ...closed, description: 'everything the payee is owed since the channel was opened' },
);
const voucherExample = {
  payer: addressExample,
  amount: '250000000000000000',
  nonce: 25,
  signature: `0x${'00'.repeat(65)}`,
};
const money = { asset: assetField, amount: givenAmountField };
const moneyExample = { asset: 'TNZO', amount: '1000000000000000000' };
const channelId = { channel_id: idField('of the channel') };
const terms = { ...money, to: accountField('who gets it') };
const termsExample = { withdrawal_id: hashExample, ...moneyExample, to: addressExample };
const feeFields = {
  validator: u16Field('place of the sender among GET /validators, from 0'),
  proposal_id: idField('drawn at random by whoever proposes'),
  network_fee_bps: u16Field('basis points'),
};
const feeExample = { validator: 0, proposal_id: hashExample, network_fee_bps: 40 };

export const operationForms = {
  escrow_open: form(
    'escrow_open',
    {
      escrow_id: idField('drawn at random'),
      ...money,
      parties: Type.Array(accountField('may release together with others'), {
        maxItems: ESCROW_PARTIES_MAX,
        description: 'who may release without the payer, in any order',
      }),
      threshold: Type.Integer({
        minimum: 0,
        maximum: ESCROW_PARTIES_MAX,
        description: 'so many parties together; 0 when there are none',
      }),
      expires_at_height: expiryField('last height at which it may be released from'),
    },
    {
      escrow_id: hashExample,
      ...moneyExample,
      parties: [addressExample],
      threshold: 1,
      expires_at_height: 20,
    },
    (json) => ({
      type: 'escrow_open',
      escrowId: json.escrow_id.toLowerCase(),
      asset: json.asset,
      amount: readAmount(json.amount, `${AT}/amount`),
      parties: readParties(json.parties),
      threshold: json.threshold,
      expiresAtHeight: json.expires_at_height,
    }),
  ),
  escrow_refund: form(
    'escrow_refund',
    { escrow_id: idField('of an escrow whose time is over') },
    { escrow_id: hashExample },
    (json) => ({ type: 'escrow_refund', escrowId: json.escrow_id.toLowerCase() }),
  ),
  channel_open: form(
    'channel_open',
    {
      channel_id: idField('drawn at random; stands for one channel on a chain'),
      payee: accountField('who is paid'),
      ...money,
      expires_at_height: Type.Optional(
        expiryField('last height at which a close without the other side may begin; 0 or left out: none'),
      ),
    },
    { channel_id: hashExample, payee: `0x${'11'.repeat(20)}`, ...moneyExample },
    (json) => ({
      type: 'channel_open',
      channelId: json.channel_id.toLowerCase(),
      payee: json.payee.toLowerCase(),
      asset: json.asset,
      amount: readAmount(json.amount, `${AT}/amount`),
      expiresAtHeight: json.expires_at_height ?? 0,
    }),
  ),
  channel_close: form(
    'channel_close',
    { ...channelId, amount: givenAmountField },
    { channel_id: hashExample, amount: '250000000000000000' },
    (json, signers) => ({
      type: 'channel_close',
      channelId: json.channel_id.toLowerCase(),
      amount: readAmount(json.amount, `${AT}/amount`),
      signers,
    }),
    CHANNEL_SIGNERS_MAX,
  ),
  channel_unilateral_close: form(
    'channel_unilateral_close',
    { ...channelId, voucher: Type.Optional(voucherField) },
    { channel_id: hashExample, voucher: voucherExample },
    (json) => ({
      type: 'channel_unilateral_close',
      channelId: json.channel_id.toLowerCase(),
      voucher: json.voucher === undefined ? undefined : readVoucher(json.voucher),
    }),
  ),
  channel_dispute: form(
    'channel_dispute',
    { ...channelId, voucher: voucherField },
    { channel_id: hashExample, voucher: voucherExample },
    (json) => ({
      type: 'channel_dispute',
      channelId: json.channel_id.toLowerCase(),
      voucher: readVoucher(json.voucher),
    }),
  ),
  channel_settle: form('channel_settle', channelId, { channel_id: hashExample }, (json) => ({
    type: 'channel_settle',
    channelId: json.channel_id.toLowerCase(),
  })),
  treasury_propose: form(
    'treasury_propose',
    {
      withdrawal_id: idField('drawn at random; stands for one withdrawal on a chain'),
      ...terms,
      expires_at_height: expiryField('last height at which it may be approved and paid'),
    },
    { ...termsExample, expires_at_height: 20 },
    (json) => ({
      type: 'treasury_propose',
      withdrawalId: json.withdrawal_id.toLowerCase(),
      ...readTerms(json),
      expiresAtHeight: json.expires_at_height,
    }),
  ),
  treasury_approve: form(
    'treasury_approve',
    { withdrawal_id: idField('of the withdrawal'), ...terms },
    termsExample,
    (json) => ({
      type: 'treasury_approve',
      withdrawalId: json.withdrawal_id.toLowerCase(),
      ...readTerms(json),
    }),
  ),
  fee_propose: form('fee_propose', feeFields, feeExample, (json) => ({
    type: 'fee_propose',
    validator: json.validator,
    proposalId: json.proposal_id.toLowerCase(),
    networkFeeBps: json.network_fee_bps,
  })),
  fee_vote: form(
    'fee_vote',
    { ...feeFields, vote: Type.Union([Type.Literal('yes'), Type.Literal('no')]) },
    { ...feeExample, vote: 'yes' },
    (json) => ({
      type: 'fee_vote',
      validator: json.validator,
      proposalId: json.proposal_id.toLowerCase(),
      networkFeeBps: json.network_fee_bps,
      vote: json.vote,
    }),
  ),
  cross_chain_send: form(
    'cross_chain_send',
    {
      transfer_id: idField('drawn at random; stands for one transfer on a chain'),
      ...money,
      to: accountField('on the settlement chain'),
      timeout_blocks: Type.Integer({
        minimum: 0,
        maximum: U32_MAX,
        description: 'settlement-chain blocks within which the amount must lie locked there',
      }),
    },
    { transfer_id: hashExample, ...moneyExample, to: addressExample, timeout_blocks: 100 },
    (json) => ({
      type: 'cross_chain_send',
      transferId: json.transfer_id.toLowerCase(),
      ...readTerms(json),
      timeoutBlocks: json.timeout_blocks,
    }),
  ),
} as const satisfies Readonly<Partial<Record<TransactionBody['type'], OperationForm>>>;

export type OperationType = keyof typeof operationForms;

/** The form of a type. */
export function formOf(type: OperationType): OperationForm {
  return operationForms[type];
}

/** Types a form's reader by its fields. */
function form<Fields extends TProperties>(
  type: TransactionBody['type'],
  fields: Fields,
  example: object,
  read: (json: Static<TObject<Fields>>, signers: readonly Address[]) => TransactionBody,
  signersMax = 0,
): OperationForm {
  const whole = { type, ...example };
  const schema = Type.Object({ type: Type.Literal(type), ...fields }, { ...closed, examples: [whole] });
  // Whoever reads an operation has held it against this very schema.
  return { schema, example: whole, signersMax, read: read as OperationForm['read'] };
}

function readParties(given: readonly string[]): Address[] {
  const parties = given.map((address) => ({ address: address.toLowerCase() }));
  const pathOf = (index: number): string => `${AT}/parties/${index}`;
  return sortAccounts(parties, pathOf, 'party').map(({ address }) => address);
}

function readVoucher({ payer: given, amount, nonce, signature }: Static<typeof voucherField>): SignedVoucher {
  const payer = given.toLowerCase();
  return {
    payer,
    amount: readAmount(amount, `${AT}/voucher/amount`),
    nonce,
    signature: readSignature(payer, signature, `${AT}/voucher/signature`),
  };
}

function readTerms({ asset, amount, to }: { asset: string; amount: string | number; to: string }) {
  return { asset, amount: readAmount(amount, `${AT}/amount`), to: to.toLowerCase() };
}
