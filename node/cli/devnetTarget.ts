/** Whom the commands that talk to a devnet mean: accounts, nodes, and how long they wait for them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { getJson, type Json } from '../devnet/apiClient.ts';
import type { DevnetCode } from '../devnet/codes.ts';
import type { DescribedNode, DevnetDescription } from '../devnet/description.ts';
import type { CliIo } from './io.ts';

export type FundedAccount = DevnetDescription['accounts'][number];

/** Options of `sidereal send`. */
export interface SendOptions {
  readonly dataDir: string;
  readonly account: number;
  readonly node?: string | undefined;
  readonly wait: 'accepted' | 'included' | 'final';
  /** Longest wait, in ms. */
  readonly timeout: number;
  /** Of an order: no block above it may pay it. */
  readonly lastHeight?: number | undefined;
  readonly json?: boolean | undefined;
}

/** Pause between two looks at what was sent, in ms. */
const POLL_MS = 200;

/** The funded account of that number. */
export function accountOf({ accounts }: DevnetDescription, index: number): FundedAccount {
  const account = accounts[index];
  if (account !== undefined) return account;
  const code: DevnetCode = 'ACCOUNT_NOT_FUNDED';
  throw new CodedError(code, `account ${index}: the devnet has accounts 0 to ${accounts.length - 1}`);
}

/** The named node, or the first that answers. */
export async function chooseNode(
  { nodes }: DevnetDescription,
  name: string | undefined,
): Promise<DescribedNode> {
  if (name !== undefined) return findNode(nodes, name);
  let failure: unknown;
  for (const node of nodes) {
    try {
      await getJson(node.api, '/health/live');
      return node;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** The node of that name. */
export function findNode(nodes: readonly DescribedNode[], name: string): DescribedNode {
  const node = nodes.find((one) => one.name === name);
  if (node !== undefined) return node;
  const code: DevnetCode = 'NODE_UNKNOWN';
  throw new CodedError(code, `no node ${name}; there are ${nodes.map((one) => one.name).join(', ')}`);
}

/** What was sent: where to ask for it, and what it is in words. */
export interface SentThing {
  readonly api: string;
  readonly path: string;
  readonly what: string;
}

/**
 * Asks a node for what was sent until its status is one of these.
 * @throws {CodedError} `WAIT_TIMED_OUT`.
 */
export function waitForStatus(
  sent: SentThing,
  enough: readonly string[],
  options: SendOptions,
  io: CliIo,
): Promise<Json> {
  return waitFor(sent, ({ status }) => enough.includes(String(status)), options, io);
}

/**
 * Asks a node for what was sent until it is as far as that.
 * @throws {CodedError} `WAIT_TIMED_OUT`.
 */
export async function waitFor(
  { api, path, what }: SentThing,
  isEnough: (standing: Json) => boolean,
  { wait, timeout }: SendOptions,
  io: CliIo,
): Promise<Json> {
  const giveUpAt = io.clock() + timeout;
  while (io.clock() < giveUpAt) {
    const standing = await getJson(api, path);
    if (isEnough(standing)) return standing;
    await sleep(POLL_MS);
  }
  const code: DevnetCode = 'WAIT_TIMED_OUT';
  throw new CodedError(code, `${what} is not ${wait} yet; ask ${api}${path}`);
}
