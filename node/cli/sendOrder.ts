/** `sidereal send order TO ASSET AMOUNT REFERENCE`: an order, signed by a funded account of a running devnet. */
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { orderIdOf, signOrderAsEvmAccount } from '../../settlement/atomic/order.ts';
import type { AutoBatchCode } from '../autobatch/codes.ts';
import { getJson, type Json, postJson } from '../devnet/apiClient.ts';
import type { DevnetDescription } from '../devnet/description.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import { accountOf, chooseNode, type SendOptions, waitFor } from './devnetTarget.ts';
import type { CliIo } from './io.ts';

export interface OrderWish {
  readonly to: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly reference: string;
}

/**
 * @returns The exit code: `failed` for an order that failed.
 * @throws {CodedError} `WAIT_TIMED_OUT`, and what the node refuses it with.
 */
export async function sendOrder(
  wish: OrderWish,
  devnet: DevnetDescription,
  options: SendOptions,
  io: CliIo,
): Promise<ExitCode> {
  const { address: from, private_key: privateKey } = accountOf(devnet, options.account);
  const { api } = await chooseNode(devnet, options.node);
  const chainId = String((await getJson(api, '/status')).chain_id);
  const { lastHeight } = options;
  const id = orderIdOf(chainId, { ...wish, from, lastHeight });
  const signature = toHex(signOrderAsEvmAccount(fromHex(privateKey), id));
  const terms = { ...wish, amount: String(wish.amount) };
  const taken = await hand(api, { ...terms, last_height: lastHeight, from, signature }, options);
  const order =
    options.wait === 'accepted'
      ? taken.order
      : await waitFor(
          {
            api: taken.api,
            path: `/orders/${String(taken.order.id)}`,
            what: `order ${String(taken.order.id)}`,
          },
          ({ outcome }) => outcome !== 'pending',
          options,
          io,
        );
  report(taken.order.repeat === true ? { ...order, repeat: true } : order, options, io);
  return order.outcome === 'failed' ? exitCodes.failed : exitCodes.ok;
}

/** Hands the order to the node, or to the one that the node names in its place, unless the user chose. */
async function hand(
  api: string,
  body: Json,
  { node }: SendOptions,
): Promise<{ readonly api: string; readonly order: Json }> {
  try {
    return { api, order: await postJson(api, '/orders', body) };
  } catch (error) {
    const elsewhere: AutoBatchCode = 'AUTO_BATCH_ELSEWHERE';
    const url = error instanceof CodedError && error.code === elsewhere ? error.details.url : undefined;
    if (typeof url !== 'string' || node !== undefined) throw error;
    return { api: url, order: await postJson(url, '/orders', body) };
  }
}

function report(order: Json, { json }: SendOptions, io: CliIo): void {
  if (json === true) {
    io.out(`${JSON.stringify(order)}\n`);
    return;
  }
  const { id, outcome, failure, receipt, repeat } = order;
  const height = (receipt as Json | undefined)?.height;
  const where = height === undefined ? '' : ` at height ${String(height)}`;
  const why = failure === undefined ? '' : ` [${String(failure)}]`;
  const again = repeat === true ? ' (the first order of this reference)' : '';
  io.out(`${String(outcome)}${where}${why}  ${String(id)}${again}\n`);
}
