/**
 * A network of real processes under load whose processes are killed with SIGKILL at random moments, one after the other,
 * and what must hold all the same: no validator ever votes twice, what was acknowledged is final once, every batch settles
 * once, and who was killed is back at the head within a bound counted in blocks.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { Random } from '../../consensus/primitives/random.ts';
import type { Vote } from '../../consensus/vote.ts';
import { decodeProposal, decodeVotes } from '../../node/core/messages.ts';
import { getJson, postJson } from '../../node/devnet/apiClient.ts';
import { deriveFundedAccounts } from '../../node/devnet/fundedAccounts.ts';
import { FileSource } from '../../node/replay/frames.ts';
import { INPUT_FOLDER, listLives } from '../../node/replay/inputFolder.ts';
import { readNodeLog } from '../../node/replay/nodeLog.ts';
import { chainIdOf } from '../../settlement/execution/genesisState.ts';
import { encodeTransaction, signTransactionAsEvmAccount } from '../../settlement/execution/transaction.ts';
import { decodeSettlementBlock } from '../../settlement/net/settlementBlock.ts';
import { ProcessNetwork } from './processNetwork.ts';
import { waitUntil } from './waitUntil.ts';

/** Longest random wait between being back at the head and the next kill, in ms. */
const MOMENT_MS_MAX = 1200;
/** Pause of a sender between two transactions, in ms. */
const SEND_PAUSE_MS = 25;
/** For what hangs, in ms. */
const LIMIT_MS = 120_000;

export interface KillRunOptions {
  readonly dataDir: string;
  /** Draws who is killed, and when. */
  readonly seed: number;
  /** Kills of nodes, and of the settlement chain, shuffled. */
  readonly nodeKills: number;
  readonly chainKills: number;
}

export interface KillRunResult {
  /** Of each kill of a node: blocks that the network made from its return until it was at the head. */
  readonly catchUpBlocks: readonly number[];
  readonly acknowledged: number;
  /** Transactions that were acknowledged and are not final once. */
  readonly lost: readonly string[];
  /** Votes or settlements by which a validator contradicted itself, in words. */
  readonly contradictions: readonly string[];
  readonly votesSeen: number;
  /** Batches in the order in which the settlement chain settled them. */
  readonly settled: readonly number[];
  readonly disagreements: readonly number[];
  readonly slashed: readonly number[];
  readonly height: number;
}

/** Runs a network of 4 nodes through the kills, lets it settle down, and looks at everything it left. */
export async function runKills(options: KillRunOptions): Promise<KillRunResult> {
  const accounts = deriveFundedAccounts(4);
  const network = await ProcessNetwork.open(options.dataDir, scenarioText(accounts), { recordInputs: true });
  const random = new Random(options.seed);
  const stop = new AbortController();
  try {
    await network.start();
    const senders = accounts.map((account, index) => new Sender(network, index, account));
    const sending = senders.map((sender) => sender.run(stop.signal));
    const catchUpBlocks: number[] = [];
    for (const name of drawVictims(options, random)) {
      await sleep(random.below(MOMENT_MS_MAX));
      await network.network.kill(name);
      await network.network.startProcess(name);
      if (name === 'settlement') continue;
      const index = Number(name.slice('node-'.length));
      const from = network.highest;
      await waitUntil(
        () => network.heightOf(index) >= network.highest - 1 && network.heightOf(index) > from,
        LIMIT_MS,
      );
      catchUpBlocks.push(network.highest - from);
    }
    stop.abort();
    await Promise.all(sending);
    const acknowledged = senders.flatMap(({ ids }) => ids);
    const lost = await findLost(network, acknowledged);
    await waitUntil(() => network.sealed.every((seq) => network.confirmed.includes(seq)), LIMIT_MS);
    const settled = await readSettled(network);
    await network.close();
    const { contradictions, votesSeen } = findContradictions(options.dataDir, network);
    return {
      catchUpBlocks,
      acknowledged: acknowledged.length,
      lost,
      contradictions,
      votesSeen,
      settled,
      disagreements: network.disagreements,
      slashed: network.slashed,
      height: network.highest,
    };
  } finally {
    stop.abort();
    await network.close();
  }
}

function scenarioText(accounts: ReturnType<typeof deriveFundedAccounts>): string {
  const whole = { UM: '1000000000000', USDC: '1000000000000' };
  const funded = accounts.map(({ address }) => ({ address, balances: whole, deposits: whole }));
  return `
seed: 5
duration: 60s
config:
  chain: { block_time_ms: 200 }
  consensus: { delta_ms: 300 }
  settlement: { batch_size: 5 }
  settlement_chain: { block_time_ms: 500 }
  ledger: { accounts: ${JSON.stringify(funded)} }
`;
}

function drawVictims({ nodeKills, chainKills }: KillRunOptions, random: Random): readonly string[] {
  const victims = [
    ...Array.from({ length: nodeKills }, () => `node-${random.below(4)}`),
    ...Array.from({ length: chainKills }, () => 'settlement'),
  ];
  for (let last = victims.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    [victims[last], victims[other]] = [victims[other] ?? '', victims[last] ?? ''];
  }
  return victims;
}

/** Sends one transaction after the other to one node; a transaction without an answer is sent again, as it is. */
class Sender {
  /** Acknowledged. */
  readonly ids: string[] = [];
  readonly #network: ProcessNetwork;
  readonly #index: number;
  readonly #account: ReturnType<typeof deriveFundedAccounts>[number];

  constructor(
    network: ProcessNetwork,
    index: number,
    account: ReturnType<typeof deriveFundedAccounts>[number],
  ) {
    this.#network = network;
    this.#index = index;
    this.#account = account;
  }

  async run(stop: AbortSignal): Promise<void> {
    const api = this.#network.network.description.nodes[this.#index]?.api ?? '';
    const { address, secretKey } = this.#account;
    for (let nonce = 0; !stop.aborted; nonce += 1) {
      const type = nonce % 3 === 2 ? 'repay' : 'borrow';
      const transaction = signTransactionAsEvmAccount(
        {
          chainId: chainIdOf('sidereal'),
          from: address,
          nonce,
          expiresAtHeight: 0,
          onlyAtHeight: 0,
          body: { type, asset: 'UM', amount: BigInt(10 + (nonce % 7)) },
        },
        secretKey,
      );
      const body = { transaction: toHex(encodeTransaction(transaction)) };
      for (let isTaken = false; !isTaken && !stop.aborted; ) {
        const answer = await postJson(api, '/transactions', body).catch(() => undefined);
        isTaken = answer !== undefined;
        if (answer !== undefined) this.ids.push(String(answer.id));
        await sleep(SEND_PAUSE_MS);
      }
    }
  }
}

/** Asks every node for every transaction until it is final or can never be. */
async function findLost(network: ProcessNetwork, ids: readonly string[]): Promise<readonly string[]> {
  const { nodes } = network.network.description;
  const lost: string[] = [];
  for (const [index, id] of ids.entries()) {
    // One node a transaction, in turn: they agree on the state root, which is asserted beside.
    const api = nodes[index % nodes.length]?.api ?? '';
    const isFinal = await becomesFinal(api, id);
    if (!isFinal) lost.push(id);
  }
  return lost;
}

async function becomesFinal(api: string, id: string): Promise<boolean> {
  const endMs = performance.now() + LIMIT_MS;
  while (performance.now() < endMs) {
    const standing = await getJson(api, `/transactions/${id}`).catch(() => undefined);
    if (standing?.status === 'final') return true;
    if (standing?.status === 'failed') return false;
    await sleep(100);
  }
  return false;
}

async function readSettled(network: ProcessNetwork): Promise<readonly number[]> {
  const call = async (method: string, params: object): Promise<unknown> => {
    const answer = await fetch(network.network.settlementUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return ((await answer.json()) as { readonly result: unknown }).result;
  };
  const { height } = (await call('settlement_info', {})) as { readonly height: number };
  const settled: number[] = [];
  for (let at = 1; at <= height; at += 1) {
    const bytes = fromHex(String(await call('settlement_block', { height: at })));
    const block = decodeSettlementBlock(bytes);
    if (!block.ok) throw new Error(`settlement block ${at} does not decode`);
    for (const event of block.value.events) if (event.type === 'batch_settled') settled.push(event.seq);
  }
  return settled;
}

/** Every vote that any node heard of any other, over all lives: no two of one validator may contradict each other. */
function findContradictions(
  dataDir: string,
  network: ProcessNetwork,
): { readonly contradictions: readonly string[]; readonly votesSeen: number } {
  const subjects = new Map<string, string>();
  const contradictions = new Set<string>(
    network.events.flatMap(({ event }) =>
      event.type === 'equivocation_seen' ? [`validator ${event.validator} equivocated`] : [],
    ),
  );
  let votesSeen = 0;
  const note = (vote: Vote): void => {
    votesSeen += 1;
    // A notarize vote is for one block of a view; a view is finalised by a vote or nullified by it, never both.
    const kind = vote.kind === 'notarize' ? 'notarize' : 'end';
    const key = `${vote.voter}/${vote.view}/${kind}`;
    const said = `${vote.kind} ${vote.kind === 'nullify' ? '' : vote.blockHash}`;
    const before = subjects.get(key);
    if (before !== undefined && before !== said) contradictions.add(`${key}: ${before} and ${said}`);
    subjects.set(key, said);
  };
  for (let index = 0; index < 4; index += 1) {
    for (const { path } of listLives(join(dataDir, `node-${index}`, INPUT_FOLDER))) {
      const log = readNodeLog(new FileSource(path));
      for (const { input } of log?.inputs ?? []) {
        if (input.type !== 'message') continue;
        if (input.topic === 'votes') {
          const decoded = decodeVotes(input.bytes);
          if (decoded.ok) decoded.value.votes.forEach(note);
        } else if (input.topic === 'blocks') {
          const decoded = decodeProposal(input.bytes);
          if (decoded.ok) note(decoded.value.vote);
        }
      }
    }
  }
  return { contradictions: [...contradictions], votesSeen };
}
