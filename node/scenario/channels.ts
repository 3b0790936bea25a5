/** Micropayment channels of a scenario as the transactions that carry them; vouchers are signed here, by whom it names. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { ChannelOperation, SignedVoucher } from '../../settlement/atomic/channelTypes.ts';
import { signVoucher } from '../../settlement/atomic/voucher.ts';
import { expiryOf, type ScenarioSetting, scenarioIdOf } from './atomicBatch.ts';
import type { ScenarioTransaction, ScenarioVoucher } from './types.ts';

/** What a scenario says of a channel. */
export type ScenarioChannelOperation = Extract<
  ScenarioTransaction['operation'],
  { readonly type: ChannelOperation['type'] }
>;

export function channelOperationOf(
  operation: ScenarioChannelOperation,
  setting: ScenarioSetting,
): ChannelOperation {
  const { sender, baseHeight, addressOf } = setting;
  const channelId = scenarioIdOf('channel', operation.id);
  switch (operation.type) {
    case 'channel_open': {
      const { to, asset, amount, expiresAfterBlocks: blocks } = operation;
      const expiresAtHeight = blocks === undefined ? 0 : expiryOf(baseHeight, blocks);
      return { type: 'channel_open', channelId, payee: addressOf(to), asset, amount, expiresAtHeight };
    }
    case 'channel_close': {
      const signers = operation.signers.map(addressOf).filter((signer) => signer !== sender);
      return { type: 'channel_close', channelId, amount: operation.amount, signers: signers.sort() };
    }
    case 'channel_unilateral_close': {
      const { type, voucher } = operation;
      return { type, channelId, voucher: voucher && signedBy(setting, channelId, voucher) };
    }
    case 'channel_dispute':
      return {
        type: 'channel_dispute',
        channelId,
        voucher: signedBy(setting, channelId, operation.voucher),
      };
    case 'channel_settle':
      return { type: 'channel_settle', channelId };
  }
}

function signedBy(
  { chainId, secretKeyOf }: ScenarioSetting,
  channelId: Hash,
  { payer, amount, nonce }: ScenarioVoucher,
): SignedVoucher {
  return signVoucher(secretKeyOf(payer), { chainId, channelId }, { amount, nonce });
}
