/**
 * Plays the users of a devnet: for each new block it asks one node how the funded accounts stand and hands its batcher the
 * next few inputs, or the node itself transactions where the batcher is off. What a node refuses is planned anew at the next
 * block; a node that is gone gives way to another.
 */
import { fromHex, toHex } from '../../../consensus/primitives/bytes.ts';
import { encodeTransaction, signTransactionAsEvmAccount } from '../../../settlement/execution/transaction.ts';
import type { AccountAnswer, SettlementAnswer } from '../../api/ledgerRoutes.ts';
import type { StatusAnswer } from '../../api/statusRoutes.ts';
import { getJson, postJson } from '../apiClient.ts';
import { type DemoStep, planDemo } from './demoPlan.ts';
import { NodeRing, type RingNode } from './nodeRing.ts';
import { Rounds } from './rounds.ts';
import { SentInputs } from './sentInputs.ts';

/** A node that takes longer than this to answer is passed over, in ms. */
const ANSWER_TIMEOUT_MS = 2000;
/** An unsent transaction is void after that many blocks: the situation it was planned for is long gone. */
const VALID_BLOCKS = 30;

/** Blocks for which the inputs of an earlier life are waited for. */
const CATCH_UP_BLOCKS = 10;

export interface DemoOptions {
  readonly seed: number;
  readonly nodes: readonly RingNode[];
  /** Assets that are borrowed. */
  readonly assets: readonly string[];
  readonly accounts: readonly { readonly address: string; readonly private_key: string }[];
}

export class DemoWorkload {
  readonly #options: DemoOptions;
  readonly #ring: NodeRing;
  readonly #rounds = new Rounds((height, stop) => this.#round(height, stop));
  readonly #sent = new SentInputs();
  /** Height of the first round. */
  #startHeight: number | undefined;
  #hasCaughtUp = false;
  #acceptedCount = 0;

  constructor(options: DemoOptions) {
    this.#options = options;
    this.#ring = new NodeRing(options.nodes, () => performance.now());
  }

  /** Inputs and transactions that nodes took. */
  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  noteHeight(height: number): void {
    this.#rounds.noteHeight(height);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(height: number, stop: AbortSignal): Promise<void> {
    for (const node of this.#ring.order()) {
      if (stop.aborted) return;
      try {
        await this.#serve(node, height, stop);
        return;
      } catch {
        this.#ring.noteFailure(node);
      }
    }
  }

  /** @throws {CodedError} The node does not answer, or not as one that takes part does. */
  async #serve(node: RingNode, height: number, stop: AbortSignal): Promise<void> {
    const { seed, assets, accounts } = this.#options;
    const { api } = node;
    const ask = { timeoutMs: ANSWER_TIMEOUT_MS, signal: stop };
    if (!(await this.#catchUp(height, stop))) return;
    this.#acceptedCount += await this.#sent.review(node, height, stop);
    // First: what is read behind it is as new as it says at least.
    const status = (await getJson(api, '/status', ask)) as unknown as StatusAnswer;
    const [settlement, ...standings] = (await Promise.all([
      getJson(api, '/settlement', ask),
      ...accounts.map(({ address }) => getJson(api, `/accounts/${address}`, ask)),
    ])) as unknown as [SettlementAnswer, ...AccountAnswer[]];
    const steps = planDemo({
      seed,
      height,
      windowIndex: settlement.window.index,
      assets,
      accounts: standings.map((account, index) => ({
        debts: Object.fromEntries(account.assets.map(({ asset, debt }) => [asset, BigInt(debt)])),
        isBusy: account.next_nonce > account.nonce || this.#sent.isOpen(index, status.finalized_height),
      })),
    });
    const send = async (step: DemoStep): Promise<void> => {
      if (status.batcher !== null) {
        const { account, body } = step;
        const secretKey = accounts[account]?.private_key ?? '';
        const input = `${body.type}|${body.asset}|${body.amount}`;
        const wish = { account, secretKey, input, namespace: status.batcher.namespace };
        this.#acceptedCount += await this.#sent.send(node, wish, height, stop);
        return;
      }
      const transaction = this.#sign(step, status, standings[step.account]?.next_nonce ?? 0);
      // A refusal is an answer: it costs this transaction, not the round.
      const { id } = await postJson(api, '/transactions', { transaction }, ask).catch(refused);
      if (id !== undefined) this.#acceptedCount += 1;
    };
    await Promise.all(steps.map(send));
  }

  /** Lets the inputs of an earlier life end, for a while: what its users owe is about to change. */
  async #catchUp(height: number, signal: AbortSignal): Promise<boolean> {
    this.#startHeight ??= height;
    if (this.#hasCaughtUp) return true;
    const ask = { timeoutMs: ANSWER_TIMEOUT_MS, signal };
    const pending = await Promise.all(
      this.#options.nodes.map(async ({ api }) => {
        const stats = await getJson(api, '/queue-stats', ask).catch(() => undefined);
        return Number(stats?.totalPendingInputs ?? 0);
      }),
    );
    this.#hasCaughtUp = pending.every((count) => count === 0) || height > this.#startHeight + CATCH_UP_BLOCKS;
    return this.#hasCaughtUp;
  }

  #sign({ account, body }: DemoStep, status: StatusAnswer, nonce: number): string {
    const key = this.#options.accounts[account];
    const transaction = signTransactionAsEvmAccount(
      {
        chainId: status.chain_id,
        from: key?.address ?? '',
        nonce,
        expiresAtHeight: status.finalized_height + VALID_BLOCKS,
        onlyAtHeight: 0,
        body,
      },
      fromHex(key?.private_key ?? ''),
    );
    return toHex(encodeTransaction(transaction));
  }
}

function refused(error: unknown): { readonly id?: unknown } {
  if ((error as { readonly code?: unknown }).code === 'NODE_UNREACHABLE') throw error;
  return {};
}
