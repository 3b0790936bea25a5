/**
 * A network of real processes that takes signed inputs, whose nodes are killed with SIGKILL at random moments, and whose
 * storage may be cut off or killed too; and what must hold all the same: what was acknowledged is confirmed, once, on the chain;
 * what nobody acknowledged and no node knows is not on it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../consensus/primitives/random.ts';
import { BatcherClient, type FoundInput } from '../../node/batcher/client/batcherClient.ts';
import { type SignedInput, signInput } from '../../node/batcher/client/signedInput.ts';
import { createEvmSigner, type InputSigner } from '../../node/batcher/client/signer.ts';
import { getJson, type Json } from '../../node/devnet/apiClient.ts';
import { deriveFundedAccounts } from '../../node/devnet/fundedAccounts.ts';
import { requestIdOf } from '../../settlement/input/requestId.ts';
import { signedTextOf } from '../../settlement/input/signedText.ts';
import { ProcessNetwork } from './processNetwork.ts';
import { waitUntil } from './waitUntil.ts';

const NODES = 4;
/** Longest random wait between the return of a node and the next trouble, in ms. */
const MOMENT_MS_MAX = 1500;
/** Longest time that a storage stays away, in ms. */
const CUT_MS_MAX = 1500;
/** Pause of a sender between two inputs, in ms. */
const SEND_PAUSE_MS = 30;
/** For what hangs, in ms. */
const LIMIT_MS = 180_000;
/** Of ten inputs that got no answer, how many are never sent again: the node may or may not have them. */
const GIVEN_UP_OF_TEN = 3;
/** Of ten inputs, how many are handed to a second node as well. */
const DOUBLED_OF_TEN = 2;

/** What goes wrong with a storage, and how it is mended. */
export interface StorageTrouble {
  readonly begin: () => void | Promise<void>;
  readonly end: () => void | Promise<void>;
}

export interface InputKillRunOptions {
  readonly dataDir: string;
  /** Draws who is killed, when, and what is sent. */
  readonly seed: number;
  readonly kills: number;
  /** How often the storage is troubled, besides; needs `trouble`. */
  readonly troubles: number;
  readonly trouble?: StorageTrouble | undefined;
  /** `batcher.storage` of the configuration. */
  readonly storage: Readonly<Record<string, unknown>>;
}

export interface InputKillRunResult {
  readonly acknowledged: number;
  /** Inputs without an answer that were never sent again, and how many of them a node had. */
  readonly givenUp: number;
  readonly givenUpAndKept: number;
  readonly confirmed: number;
  /** Acknowledged, and not confirmed in the end, in words. */
  readonly lost: readonly string[];
  /** Inputs that share a transaction with another one, in words. */
  readonly misplaced: readonly string[];
  /** What each account holds on each node, beside what confirmed inputs gave it: no input counts twice, and none was invented. */
  readonly balances: readonly { readonly expected: string; readonly found: string }[];
  readonly disagreements: readonly number[];
}

/** Runs a network of 4 nodes through the kills, lets it settle down, and looks at everything it left. */
export async function runInputKills(options: InputKillRunOptions): Promise<InputKillRunResult> {
  const accounts = deriveFundedAccounts(2 * NODES);
  const network = await ProcessNetwork.open(options.dataDir, scenarioText(options, accounts.slice(0, NODES)));
  const stop = new AbortController();
  const senders = accounts.slice(0, NODES).map(
    ({ secretKey }, index) =>
      new Sender(network, {
        index,
        signer: createEvmSigner(secretKey),
        sink: accounts[NODES + index]?.address ?? '',
        random: new Random(options.seed * NODES + index),
      }),
  );
  try {
    await network.start();
    const sending = Promise.all(senders.map((sender) => sender.run(stop.signal)));
    // A sender that fails ends the run at once.
    await Promise.race([sending, makeTrouble(network, options)]);
    // Nobody is stopped before he has worked.
    const isWorking = (): boolean => senders.every((sender) => sender.acknowledged.length > 0);
    await Promise.race([sending, waitUntil(isWorking, LIMIT_MS)]);
    stop.abort();
    await sending;
    return await look(network, senders);
  } finally {
    stop.abort();
    await network.close();
  }
}

function scenarioText(
  { storage }: InputKillRunOptions,
  accounts: ReturnType<typeof deriveFundedAccounts>,
): string {
  const funded = accounts.map(({ address }) => ({ address, balances: { UM: '1000000000000' } }));
  const batcher = {
    storage,
    polling_interval_ms: 50,
    batching_criteria: { sidechain: { criteria_type: 'hybrid', time_window_ms: 200, max_batch_size: 50 } },
    receipt_timeout_ms: 5000,
    client_burst: 10_000,
    client_per_second: 10_000,
    account_burst: 10_000,
    account_per_second: 10_000,
  };
  return `
seed: 5
duration: 60s
config:
  chain: { block_time_ms: 300 }
  consensus: { delta_ms: 300 }
  settlement_chain: { block_time_ms: 1000 }
  batcher: ${JSON.stringify(batcher)}
  ledger: { accounts: ${JSON.stringify(funded)} }
`;
}

function drawTroubles(
  { kills, troubles }: InputKillRunOptions,
  random: Random,
): readonly ('storage' | number)[] {
  const drawn = [
    ...Array.from({ length: kills }, () => random.below(NODES)),
    ...Array.from({ length: troubles }, () => 'storage' as const),
  ];
  for (let last = drawn.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    [drawn[last], drawn[other]] = [drawn[other] ?? 0, drawn[last] ?? 0];
  }
  return drawn;
}

async function makeTrouble(network: ProcessNetwork, options: InputKillRunOptions): Promise<void> {
  const random = new Random(options.seed);
  for (const trouble of drawTroubles(options, random)) {
    await sleep(random.below(MOMENT_MS_MAX));
    if (trouble === 'storage') await troubleStorage(options.trouble, random);
    else await killNode(network, trouble);
  }
}

async function killNode({ network }: ProcessNetwork, index: number): Promise<void> {
  await network.kill(`node-${index}`);
  await network.startProcess(`node-${index}`);
}

async function troubleStorage(trouble: StorageTrouble | undefined, random: Random): Promise<void> {
  await trouble?.begin();
  await sleep(random.below(CUT_MS_MAX));
  await trouble?.end();
}

interface SentInput {
  readonly data: SignedInput;
  readonly amount: bigint;
  /** As the node named it; undefined: it never answered. */
  requestId: string | undefined;
}

interface SenderOptions {
  /** Its node. */
  readonly index: number;
  readonly signer: InputSigner;
  /** Who gets what this sender pays; nobody else pays him. */
  readonly sink: string;
  readonly random: Random;
}

/** Sends one input after the other to one node, each of another amount; some to a second node as well. */
class Sender {
  readonly sent: SentInput[] = [];
  readonly #network: ProcessNetwork;
  readonly #options: SenderOptions;

  constructor(network: ProcessNetwork, options: SenderOptions) {
    this.#network = network;
    this.#options = options;
  }

  get sink(): string {
    return this.#options.sink;
  }

  get acknowledged(): readonly SentInput[] {
    return this.sent.filter(({ requestId }) => requestId !== undefined);
  }

  get givenUp(): readonly SentInput[] {
    return this.sent.filter(({ requestId }) => requestId === undefined);
  }

  async run(stop: AbortSignal): Promise<void> {
    const { signer, sink, random, index } = this.#options;
    for (let amount = 1n; !stop.aborted; amount += 1n) {
      const wish = { input: `transfer|${sink}|UM|${amount}`, timestampMs: Date.now() };
      const one: SentInput = { data: await signInput(wish, signer, ''), amount, requestId: undefined };
      this.sent.push(one);
      if (random.below(10) < DOUBLED_OF_TEN) await this.#sendOnce((index + 1) % NODES, one.data);
      await this.#sendUntilAnswered(one, stop);
      await sleep(SEND_PAUSE_MS);
    }
  }

  async #sendUntilAnswered(one: SentInput, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      one.requestId = await this.#sendOnce(this.#options.index, one.data);
      if (one.requestId !== undefined || this.#options.random.below(10) < GIVEN_UP_OF_TEN) return;
      await sleep(SEND_PAUSE_MS);
    }
  }

  async #sendOnce(node: number, data: SignedInput): Promise<string | undefined> {
    const result = await this.client(node).resend(data, { confirmationLevel: 'no-wait' });
    if (result.outcome === 'accepted') return result.requestId;
    if (result.outcome === 'unanswered') return undefined;
    throw new Error(`an input was ${result.outcome}: ${result.code} ${result.message}`);
  }

  client(node: number): BatcherClient {
    const url = this.#network.network.description.nodes[node]?.api ?? '';
    return new BatcherClient({ url, namespace: '', retry: { attemptsMax: 1 } });
  }

  /** What a node makes of an input in the end; undefined: none ever had it. */
  async fateOf({ data, requestId }: SentInput, id: string): Promise<FoundInput | undefined> {
    const { index } = this.#options;
    for (const node of requestId === undefined ? [index, (index + 1) % NODES] : [index]) {
      const client = this.client(node);
      let found: FoundInput | undefined;
      await waitUntil(async () => {
        const seen = await client.waitFor(id, 'wait-effectstream-processed', { timeoutMs: 1000 });
        if (seen.outcome !== 'unknown') found = seen.input;
        return seen.outcome !== 'unknown' || seen.reason === 'forgotten';
      }, LIMIT_MS);
      if (found !== undefined) return found;
    }
    if (requestId !== undefined) throw new Error(`${data.input} was acknowledged as ${id} and is forgotten`);
    return undefined;
  }
}

async function look(network: ProcessNetwork, senders: readonly Sender[]): Promise<InputKillRunResult> {
  const lost: string[] = [];
  const misplaced: string[] = [];
  const balances: { expected: string; found: string }[] = [];
  let givenUpAndKept = 0;
  let confirmed = 0;
  for (const [index, sender] of senders.entries()) {
    let expected = 0n;
    const hashes = new Set<string>();
    let highest = 0;
    for (const one of sender.sent) {
      const { amount, requestId, data } = one;
      const fate = await sender.fateOf(one, requestId ?? idOf(data));
      if (fate === undefined) continue;
      if (requestId === undefined) givenUpAndKept += 1;
      if (fate.state !== 'confirmed' || fate.transactionHash === undefined || fate.rollup === undefined) {
        lost.push(`${data.input} of node-${index} ended ${fate.state} ${fate.errorCode}`);
        continue;
      }
      confirmed += 1;
      expected += amount;
      highest = Math.max(highest, fate.rollup);
      if (hashes.has(fate.transactionHash)) misplaced.push(`${data.input} shares its transaction`);
      hashes.add(fate.transactionHash);
    }
    for (const [node, { api }] of network.network.description.nodes.entries()) {
      await waitUntil(() => network.heightOf(node) >= highest, LIMIT_MS);
      const account = await getJson(api, `/accounts/${sender.sink}`);
      balances.push({ expected: String(expected), found: balanceIn(account) });
    }
  }
  return {
    acknowledged: senders.flatMap(({ acknowledged }) => acknowledged).length,
    givenUp: senders.flatMap(({ givenUp }) => givenUp).length,
    givenUpAndKept,
    confirmed,
    lost,
    misplaced,
    balances,
    disagreements: network.disagreements,
  };
}

function idOf(data: SignedInput): string {
  return requestIdOf(data.addressType, data.address, signedTextOf({ target: undefined, ...data }, ''));
}

function balanceIn(account: Json): string {
  const { assets } = account as {
    readonly assets: readonly { readonly asset: string; readonly balance: string }[];
  };
  return assets.find(({ asset }) => asset === 'UM')?.balance ?? '0';
}
