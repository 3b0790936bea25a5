/**
 * `sidereal send atomic_batch FILE`: signs the batch of a JSON file with funded accounts of a running devnet and hands it to
 * a node. The file has the requests of `POST /atomic-batches`; what a user would have to look up may be left out.
 */
import type { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { Transaction } from '../../settlement/execution/transaction.ts';
import { type AtomicBatchBody, findBodyProblem, readAtomicBatchBody } from '../api/atomicBatchBody.ts';
import { type Json, postJson } from '../devnet/apiClient.ts';
import type { DevnetDescription } from '../devnet/description.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import {
  accountOf,
  chooseNode,
  type FundedAccount,
  type SendOptions,
  waitForStatus,
} from './devnetTarget.ts';
import type { CliIo } from './io.ts';
import {
  BLANK_SIGNATURE,
  drawId,
  type FileKind,
  invalidFile,
  isObject,
  type JsonObject,
  pathOf,
  readObjectFile,
  readStanding,
  resolveAccount,
  type Standing,
  signatures,
  transactionIn,
} from './sendFile.ts';

/** Blocks until a batch that says nothing expires: below the default of what a batch may wait. */
const EXPIRES_AFTER_BLOCKS = 12;
const batchFile: FileKind = {
  holds: 'atomic batch',
  code: 'BATCH_FILE_INVALID',
  keys: ['batch_id', 'expires_after_blocks', 'requests', 'signers'],
  example: '{ "requests": [...] }',
};

/** @param words - Behind `atomic_batch`: the file. @returns The exit code. */
export async function sendBatch(
  words: readonly string[],
  devnet: DevnetDescription,
  options: SendOptions,
  io: CliIo,
): Promise<ExitCode> {
  const path = pathOf(words, 'atomic_batch');
  const file = readObjectFile(path, batchFile);
  const sender = accountOf(devnet, options.account);
  const node = await chooseNode(devnet, options.node);
  const standing = await readStanding(node.api, sender.address);
  const body = signBatch(bodyOf(file, path, devnet, sender, standing), standing.chainId, path, devnet);
  const accepted = await postJson(node.api, '/atomic-batches', body);
  const outcome = await waitFor(node.api, accepted, options, io);
  report({ ...outcome, node: node.name, from: sender.address }, options, io);
  return outcome.status === 'failed' ? exitCodes.failed : exitCodes.ok;
}

/** A body whose signatures are still to be made. */
type UnsignedBody = Omit<AtomicBatchBody, 'signature' | 'signers'> & { readonly signers: readonly string[] };

/** The body with what the file leaves out: ids drawn at random, payers, last height, sender and nonce. */
function bodyOf(
  file: JsonObject,
  path: string,
  devnet: DevnetDescription,
  sender: FundedAccount,
  { nonce, finalizedHeight }: Standing,
): UnsignedBody {
  const { batch_id = drawId(), expires_after_blocks = EXPIRES_AFTER_BLOCKS, requests, signers = [] } = file;
  if (!Array.isArray(requests)) throw invalid(path, 'requests: expected a list');
  if (!Array.isArray(signers)) throw invalid(path, 'signers: expected a list of accounts');
  if (!Number.isSafeInteger(expires_after_blocks))
    throw invalid(path, 'expires_after_blocks: expected a number of blocks');
  const addressOf = (party: unknown): unknown => resolveAccount(party, devnet);
  const full = requests.map((request: unknown, index) => {
    if (!isObject(request)) throw invalid(path, `requests[${index}]: expected an object`);
    const { settlement_id = drawId(), from = sender.address, to, ...rest } = request;
    return { ...rest, settlement_id, from: addressOf(from), to: addressOf(to) };
  });
  return {
    batch_id: batch_id as Hash,
    expires_at_height: Math.max(0, finalizedHeight + (expires_after_blocks as number)),
    requests: full as AtomicBatchBody['requests'],
    sender: sender.address,
    nonce,
    signers: signers.map(addressOf) as string[],
  };
}

/** Every payer whose key the devnet has given away signs, and whoever the file names. */
function signBatch(
  { signers, ...body }: UnsignedBody,
  chainId: Hash,
  path: string,
  devnet: DevnetDescription,
): AtomicBatchBody {
  const names = new Set([...signers, ...body.requests.map(({ from }) => from)]);
  const { accounts } = devnet;
  const cosigners = accounts.filter(({ address }) => names.has(address) && address !== body.sender);
  const unsigned = {
    ...body,
    signature: BLANK_SIGNATURE,
    signers: cosigners.map(({ address }) => ({ address, signature: BLANK_SIGNATURE })),
  };
  return { ...unsigned, ...signatures(readTransaction(unsigned, chainId, path), devnet) };
}

function readTransaction(body: AtomicBatchBody, chainId: Hash, path: string): Transaction {
  return transactionIn(path, batchFile, findBodyProblem(body), () => readAtomicBatchBody(body, chainId));
}

function waitFor(api: string, accepted: Json, options: SendOptions, io: CliIo): Promise<Json> {
  const ended = ['completed', 'failed'];
  if (options.wait === 'accepted') return Promise.resolve(accepted);
  const id = String(accepted.id);
  const enough = options.wait === 'included' ? ['executing', ...ended] : ended;
  return waitForStatus({ api, path: `/atomic-batches/${id}`, what: `batch ${id}` }, enough, options, io);
}

function report(outcome: Json, { json }: SendOptions, io: CliIo): void {
  if (json === true) {
    io.out(`${JSON.stringify(outcome)}\n`);
    return;
  }
  const { id, status, height, failure, receipts, node } = outcome;
  const where = height === undefined ? '' : ` at height ${String(height)}`;
  const why = isObject(failure) ? ` [${String(failure.error)} at request ${String(failure.failed_at)}]` : '';
  io.out(`${String(status)}${where}${why}  ${String(id)}  (${String(node)})\n`);
  for (const receipt of Array.isArray(receipts) ? receipts : []) {
    const { from, to, net, fee, asset } = receipt as Json;
    io.out(`  ${String(from)} -> ${String(to)}  ${String(net)} ${String(asset)}, fee ${String(fee)}\n`);
  }
}

function invalid(path: string, reason: string): CodedError {
  return invalidFile(path, batchFile, reason);
}
