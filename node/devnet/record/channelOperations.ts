/** What a transaction of a real chain does with a channel, as a scenario writes it. */
import type { Address, Height } from '../../../consensus/primitives/flavor.ts';
import type { ChannelOperation, SignedVoucher } from '../../../settlement/atomic/channelTypes.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { assetIndexOf } from '../../../settlement/ledger/assets.ts';
import { EXPIRY_BLOCKS_MAX } from '../../scenario/atomicBatchReader.ts';
import type { ScenarioChannelOperation } from '../../scenario/channels.ts';
import type { ScenarioVoucher } from '../../scenario/types.ts';
import type { AccountLabels } from './labels.ts';

/** @returns Undefined for what a scenario cannot say, which is refused whatever the state. */
export function channelOperationOf(
  from: Address,
  operation: ChannelOperation,
  height: Height,
  { ledger }: Genesis,
  labels: AccountLabels,
): ScenarioChannelOperation | undefined {
  const id = operation.channelId;
  const voucherOf = ({ payer, amount, nonce }: SignedVoucher): ScenarioVoucher => ({
    payer: labels.of(payer),
    amount,
    nonce,
  });
  switch (operation.type) {
    case 'channel_open': {
      const { payee, asset, amount, expiresAtHeight } = operation;
      if (assetIndexOf(ledger, asset) < 0 || amount <= 0n || payee === from) return undefined;
      if (expiresAtHeight !== 0 && expiresAtHeight <= height) return undefined;
      const blocks = expiresAtHeight - height;
      // No recording lasts as long as a scenario can count: beyond that none is the same.
      const expiresAfterBlocks = blocks <= 0 || blocks > EXPIRY_BLOCKS_MAX ? undefined : blocks;
      return { type: 'channel_open', id, to: labels.of(payee), asset, amount, expiresAfterBlocks };
    }
    case 'channel_close': {
      const signers = operation.signers.map((signer) => labels.of(signer));
      return { type: 'channel_close', id, amount: operation.amount, signers };
    }
    case 'channel_unilateral_close': {
      const { voucher } = operation;
      return { type: 'channel_unilateral_close', id, voucher: voucher && voucherOf(voucher) };
    }
    case 'channel_dispute':
      return { type: 'channel_dispute', id, voucher: voucherOf(operation.voucher) };
    case 'channel_settle':
      return { type: 'channel_settle', id };
  }
}
