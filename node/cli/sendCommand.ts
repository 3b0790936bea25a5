/** `sidereal send`: signs a ledger transaction with a funded account of a running devnet and hands it to a node. */
import { isAddress } from '../../consensus/primitives/address.ts';
import { fromHex, toHex, utf8ByteCount } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX } from '../../consensus/primitives/flavor.ts';
import { ORDER_REFERENCE_BYTES_MAX } from '../../settlement/atomic/order.ts';
import { encodeTransaction, signTransactionAsEvmAccount } from '../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import { isAssetSymbol } from '../../settlement/ledger/assets.ts';
import { postJson } from '../devnet/apiClient.ts';
import { type DevnetDescription, readDescription } from '../devnet/description.ts';
import type { CliCode, ExitCode } from './codes.ts';
import { accountOf, chooseNode, type SendOptions } from './devnetTarget.ts';
import type { CliIo } from './io.ts';
import { sendBatch } from './sendBatch.ts';
import { readStanding } from './sendFile.ts';
import { sendOperation } from './sendOperation.ts';
import { type OrderWish, sendOrder } from './sendOrder.ts';
import { tellOutcome } from './transactionOutcome.ts';

/** An unsent transaction is void after that many blocks, so that whoever waits gets an answer. */
const VALID_BLOCKS = 100;
const USAGE: CliCode = 'CLI_USAGE';

/** @param words - `borrow UM 1000`, `transfer 0x… UM 10`: operation and arguments. @returns The exit code. */
export async function send(words: readonly string[], options: SendOptions, io: CliIo): Promise<ExitCode> {
  const devnet = readDescription(options.dataDir);
  if (words[0] !== 'order' && options.lastHeight !== undefined)
    throw new CodedError(USAGE, '--last-height is for an order');
  if (words[0] === 'atomic_batch') return sendBatch(words.slice(1), devnet, options, io);
  if (words[0] === 'operation') return sendOperation(words.slice(1), devnet, VALID_BLOCKS, options, io);
  if (words[0] === 'order') return sendOrder(parseOrder(words, devnet), devnet, options, io);
  const body = parseOperation(words, devnet);
  const account = accountOf(devnet, options.account);
  const node = await chooseNode(devnet, options.node);
  const { chainId, nonce, finalizedHeight } = await readStanding(node.api, account.address);
  const transaction = signTransactionAsEvmAccount(
    {
      chainId,
      from: account.address,
      nonce,
      expiresAtHeight: finalizedHeight + VALID_BLOCKS,
      onlyAtHeight: 0,
      body,
    },
    fromHex(account.private_key),
  );
  const accepted = await postJson(node.api, '/transactions', {
    transaction: toHex(encodeTransaction(transaction)),
  });
  return tellOutcome(accepted, { node, from: account.address }, options, io);
}

function parseOperation(words: readonly string[], devnet: DevnetDescription): TransactionBody {
  const [type = '', ...rest] = words;
  switch (type) {
    case 'borrow':
    case 'repay':
    case 'deposit':
    case 'withdraw': {
      const [asset, amount] = expectWords(words, 2);
      return { type, asset: parseAsset(asset), amount: parseAmount(amount) };
    }
    case 'transfer': {
      const [to = '', asset, amount] = expectWords(words, 3);
      return { type, to: parsePayee(to, devnet), asset: parseAsset(asset), amount: parseAmount(amount) };
    }
    default:
      throw new CodedError(
        USAGE,
        `unknown operation ${JSON.stringify([type, ...rest].join(' '))}; known: borrow, repay, deposit, withdraw ASSET AMOUNT, transfer TO ASSET AMOUNT, order TO ASSET AMOUNT REFERENCE, atomic_batch FILE, operation FILE`,
      );
  }
}

function parseOrder(words: readonly string[], devnet: DevnetDescription): OrderWish {
  const [to = '', asset, amount, reference = ''] = expectWords(words, 4);
  const bytes = utf8ByteCount(reference);
  if (bytes === 0 || bytes > ORDER_REFERENCE_BYTES_MAX) {
    const expected = `expected a reference of 1 to ${ORDER_REFERENCE_BYTES_MAX} bytes`;
    throw new CodedError(USAGE, `${expected}, got ${bytes}`);
  }
  return { to: parsePayee(to, devnet), asset: parseAsset(asset), amount: parseAmount(amount), reference };
}

/** What stands behind operations of so many words. */
const shapes: Readonly<Record<number, string>> = {
  2: 'ASSET AMOUNT',
  3: 'TO ASSET AMOUNT',
  4: 'TO ASSET AMOUNT REFERENCE',
};

function expectWords([type, ...rest]: readonly string[], count: number): readonly string[] {
  if (rest.length === count) return rest;
  const shape = shapes[count] ?? '';
  throw new CodedError(USAGE, `expected ${type} ${shape}, got ${rest.length} words behind ${type}`);
}

/** An address, or that of a funded account by its number. */
function parsePayee(text: string, devnet: DevnetDescription): string {
  const address = /^[0-9]{1,3}$/.test(text) ? accountOf(devnet, Number(text)).address : text.toLowerCase();
  if (isAddress(address)) return address;
  throw new CodedError(USAGE, `expected an address or the number of a funded account, got ${text}`);
}

function parseAsset(text = ''): string {
  if (isAssetSymbol(text)) return text;
  throw new CodedError(USAGE, `expected an asset such as UM, got ${JSON.stringify(text)}`);
}

function parseAmount(text = ''): bigint {
  if (/^[0-9]{1,39}$/.test(text)) {
    const amount = BigInt(text);
    if (amount > 0n && amount <= AMOUNT_MAX) return amount;
  }
  throw new CodedError(
    USAGE,
    `expected an amount of whole smallest units above 0, got ${JSON.stringify(text)}`,
  );
}
