/**
 * `sidereal send atomic_batch FILE`: signs the batch of a JSON file with funded accounts of a running devnet and hands it to
 * a node. The file has the requests of `POST /atomic-batches`; what a user would have to look up may be left out.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { signAsEvmAccount } from '../../consensus/primitives/accountSignature.ts';
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { assert, CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height } from '../../consensus/primitives/flavor.ts';
import {
  cosigningBytes,
  decodeTransaction,
  signTransactionAsEvmAccount,
  type Transaction,
} from '../../settlement/execution/transaction.ts';
import { type AtomicBatchBody, findBodyProblem, readAtomicBatchBody } from '../api/atomicBatchBody.ts';
import { getJson, type Json, postJson } from '../devnet/apiClient.ts';
import type { DevnetDescription } from '../devnet/description.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import {
  accountOf,
  chooseNode,
  type FundedAccount,
  type SendOptions,
  waitForStatus,
} from './devnetTarget.ts';
import type { CliIo } from './io.ts';

/** Blocks until a batch that says nothing expires: below the default of what a batch may wait. */
const EXPIRES_AFTER_BLOCKS = 12;
const FILE_KEYS: readonly string[] = ['batch_id', 'expires_after_blocks', 'requests', 'signers'];

/** @param words - Behind `atomic_batch`: the file. @returns The exit code. */
export async function sendBatch(
  words: readonly string[],
  devnet: DevnetDescription,
  options: SendOptions,
  io: CliIo,
): Promise<ExitCode> {
  const [path] = words;
  if (path === undefined || words.length > 1) {
    const code: CliCode = 'CLI_USAGE';
    throw new CodedError(code, `expected atomic_batch FILE, got ${words.length} words behind atomic_batch`);
  }
  const file = readBatchFile(path);
  const sender = accountOf(devnet, options.account);
  const node = await chooseNode(devnet, options.node);
  const status = await getJson(node.api, '/status');
  const { next_nonce } = await getJson(node.api, `/accounts/${sender.address}`);
  const body = signBatch(
    bodyOf(file, path, devnet, sender, {
      nonce: Number(next_nonce),
      finalizedHeight: Number(status.finalized_height),
    }),
    String(status.chain_id),
    path,
    devnet,
  );
  const accepted = await postJson(node.api, '/atomic-batches', body);
  const outcome = await waitFor(node.api, accepted, options, io);
  report({ ...outcome, node: node.name, from: sender.address }, options, io);
  return outcome.status === 'failed' ? exitCodes.failed : exitCodes.ok;
}

type BatchFile = Readonly<Record<string, unknown>>;
/** A body whose signatures are still to be made. */
type UnsignedBody = Omit<AtomicBatchBody, 'signature' | 'signers'> & { readonly signers: readonly string[] };

function readBatchFile(path: string): BatchFile {
  let file: unknown;
  try {
    file = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw invalid(path, (cause as Error).message, cause);
  }
  if (!isObject(file)) throw invalid(path, 'expected an object such as { "requests": [...] }');
  const unknown = Object.keys(file).find((key) => !FILE_KEYS.includes(key));
  if (unknown !== undefined) throw invalid(path, `unknown key ${unknown}; known: ${FILE_KEYS.join(', ')}`);
  return file;
}

/** The body with what the file leaves out: ids drawn at random, payers, last height, sender and nonce. */
function bodyOf(
  file: BatchFile,
  path: string,
  devnet: DevnetDescription,
  sender: FundedAccount,
  { nonce, finalizedHeight }: { readonly nonce: number; readonly finalizedHeight: Height },
): UnsignedBody {
  const { batch_id = drawId(), expires_after_blocks = EXPIRES_AFTER_BLOCKS, requests, signers = [] } = file;
  if (!Array.isArray(requests)) throw invalid(path, 'requests: expected a list');
  if (!Array.isArray(signers)) throw invalid(path, 'signers: expected a list of accounts');
  if (!Number.isSafeInteger(expires_after_blocks))
    throw invalid(path, 'expires_after_blocks: expected a number of blocks');
  const addressOf = (party: unknown): unknown =>
    isIndex(party) ? accountOf(devnet, Number(party)).address : party;
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
  { accounts }: DevnetDescription,
): AtomicBatchBody {
  const names = new Set([...signers, ...body.requests.map(({ from }) => from)]);
  const cosigners = accounts.filter(({ address }) => names.has(address) && address !== body.sender);
  const blank = toHex(new Uint8Array(65));
  const unsigned = {
    ...body,
    signature: blank,
    signers: cosigners.map(({ address }) => ({ address, signature: blank })),
  };
  const transaction = readTransaction(unsigned, chainId, path);
  const message = cosigningBytes(chainId, transaction.body);
  const keyOf = (owner: string): Uint8Array =>
    fromHex(accounts.find(({ address }) => address === owner)?.private_key ?? '0x');
  return {
    ...unsigned,
    signature: toHex(signTransactionAsEvmAccount(transaction, keyOf(body.sender)).auth.signature),
    signers: cosigners.map(({ address }) => ({
      address,
      signature: toHex(signAsEvmAccount(keyOf(address), message)),
    })),
  };
}

/** What the node will read out of the body is what is signed. */
function readTransaction(body: AtomicBatchBody, chainId: Hash, path: string): Transaction {
  const problem = findBodyProblem(body);
  if (problem !== undefined) throw invalid(path, `${problem.path}: ${problem.message}`);
  const read = readAtomicBatchBody(body, chainId);
  if (!read.ok) throw invalid(path, JSON.stringify(read.details?.problems ?? read.message));
  const decoded = decodeTransaction(read.value);
  assert(decoded.ok, 'what was just encoded decodes');
  return decoded.value.transaction;
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

function drawId(): Hash {
  return toHex(randomBytes(32));
}

/** The number of a funded account. */
function isIndex(party: unknown): boolean {
  return /^[0-9]{1,3}$/.test(String(party));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(path: string, reason: string, cause?: unknown): CodedError {
  const code: CliCode = 'BATCH_FILE_INVALID';
  return new CodedError(code, `${path} holds no atomic batch: ${reason}`, { path }, { cause });
}
