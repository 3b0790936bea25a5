/** `sidereal send`: signs a ledger transaction with a funded account of a running devnet and hands it to a node. */
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX } from '../../consensus/primitives/flavor.ts';
import { encodeTransaction, signTransactionAsEvmAccount } from '../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import { isAssetSymbol } from '../../settlement/ledger/assets.ts';
import { getJson, type Json, postJson } from '../devnet/apiClient.ts';
import { type DevnetDescription, readDescription } from '../devnet/description.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import { accountOf, chooseNode, type SendOptions, waitForStatus } from './devnetTarget.ts';
import type { CliIo } from './io.ts';
import { sendBatch } from './sendBatch.ts';

/** An unsent transaction is void after that many blocks, so that whoever waits gets an answer. */
const VALID_BLOCKS = 100;
const USAGE: CliCode = 'CLI_USAGE';

/** @param words - `borrow UM 1000`, `transfer 0x… UM 10`: operation and arguments. @returns The exit code. */
export async function send(words: readonly string[], options: SendOptions, io: CliIo): Promise<ExitCode> {
  const devnet = readDescription(options.dataDir);
  if (words[0] === 'atomic_batch') return sendBatch(words.slice(1), devnet, options, io);
  const body = parseOperation(words, devnet);
  const account = accountOf(devnet, options.account);
  const node = await chooseNode(devnet, options.node);
  const [status, state] = [
    await getJson(node.api, '/status'),
    await getJson(node.api, `/accounts/${account.address}`),
  ];
  const transaction = signTransactionAsEvmAccount(
    {
      chainId: String(status.chain_id),
      from: account.address,
      nonce: Number(state.next_nonce),
      expiresAtHeight: Number(status.finalized_height) + VALID_BLOCKS,
      onlyAtHeight: 0,
      body,
    },
    fromHex(account.private_key),
  );
  const accepted = await postJson(node.api, '/transactions', {
    transaction: toHex(encodeTransaction(transaction)),
  });
  const id = String(accepted.id);
  const outcome = options.wait === 'accepted' ? accepted : await waitFor(node.api, id, options, io);
  report({ ...outcome, id, node: node.name, from: account.address }, options, io);
  return outcome.status === 'failed' ? exitCodes.failed : exitCodes.ok;
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
      const target = /^[0-9]{1,3}$/.test(to) ? accountOf(devnet, Number(to)).address : to.toLowerCase();
      if (!/^0x(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(target)) {
        throw new CodedError(USAGE, `expected an address or the number of a funded account, got ${to}`);
      }
      return { type, to: target, asset: parseAsset(asset), amount: parseAmount(amount) };
    }
    default:
      throw new CodedError(
        USAGE,
        `unknown operation ${JSON.stringify([type, ...rest].join(' '))}; known: borrow, repay, deposit, withdraw ASSET AMOUNT, transfer TO ASSET AMOUNT, atomic_batch FILE`,
      );
  }
}

function expectWords([type, ...rest]: readonly string[], count: number): readonly string[] {
  if (rest.length === count) return rest;
  const shape = count === 3 ? 'TO ASSET AMOUNT' : 'ASSET AMOUNT';
  throw new CodedError(USAGE, `expected ${type} ${shape}, got ${rest.length} words behind ${type}`);
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

function waitFor(api: string, id: string, options: SendOptions, io: CliIo): Promise<Json> {
  const enough = options.wait === 'included' ? ['included', 'final', 'failed'] : ['final', 'failed'];
  return waitForStatus({ api, path: `/transactions/${id}`, what: `transaction ${id}` }, enough, options, io);
}

function report(outcome: Json, options: SendOptions, io: CliIo): void {
  if (options.json === true) {
    io.out(`${JSON.stringify(outcome)}\n`);
    return;
  }
  const { id, status, height, code, node } = outcome;
  const where = height === undefined ? '' : ` at height ${String(height)}`;
  const why = code === undefined ? '' : ` [${String(code)}]`;
  io.out(`${String(status)}${where}${why}  ${String(id)}  (${String(node)})\n`);
}
