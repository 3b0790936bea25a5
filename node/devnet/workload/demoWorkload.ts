/**
 * Plays the users of a devnet: for each new block it asks one node how the funded accounts stand and hands it the next few
 * transactions. What a node refuses is planned anew at the next block; a node that is gone gives way to another.
 */
import { fromHex, toHex } from '../../../consensus/primitives/bytes.ts';
import { encodeTransaction, signTransactionAsEvmAccount } from '../../../settlement/execution/transaction.ts';
import type { AccountAnswer, SettlementAnswer } from '../../api/ledgerRoutes.ts';
import type { StatusAnswer } from '../../api/statusRoutes.ts';
import { getJson, postJson } from '../apiClient.ts';
import { type DemoStep, planDemo } from './demoPlan.ts';
import { NodeRing, type RingNode } from './nodeRing.ts';
import { Rounds } from './rounds.ts';

/** A node that takes longer than this to answer is passed over, in ms. */
const ANSWER_TIMEOUT_MS = 2000;
/** An unsent transaction is void after that many blocks: the situation it was planned for is long gone. */
const VALID_BLOCKS = 30;

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
  #acceptedCount = 0;

  constructor(options: DemoOptions) {
    this.#options = options;
    this.#ring = new NodeRing(options.nodes, () => performance.now());
  }

  /** Transactions that nodes took. */
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
  async #serve({ api }: RingNode, height: number, stop: AbortSignal): Promise<void> {
    const { seed, assets, accounts } = this.#options;
    const ask = { timeoutMs: ANSWER_TIMEOUT_MS, signal: stop };
    const [status, settlement, ...standings] = (await Promise.all([
      getJson(api, '/status', ask),
      getJson(api, '/settlement', ask),
      ...accounts.map(({ address }) => getJson(api, `/accounts/${address}`, ask)),
    ])) as unknown as [StatusAnswer, SettlementAnswer, ...AccountAnswer[]];
    const steps = planDemo({
      seed,
      height,
      windowIndex: settlement.window.index,
      assets,
      accounts: standings.map((account) => ({
        debts: Object.fromEntries(account.assets.map(({ asset, debt }) => [asset, BigInt(debt)])),
        isBusy: account.next_nonce > account.nonce,
      })),
    });
    const send = async (step: DemoStep): Promise<void> => {
      const transaction = this.#sign(step, status, standings[step.account]?.next_nonce ?? 0);
      // A refusal is an answer: it costs this transaction, not the round.
      const { id } = await postJson(api, '/transactions', { transaction }, ask).catch(refused);
      if (id !== undefined) this.#acceptedCount += 1;
    };
    await Promise.all(steps.map(send));
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
