/** The way in for orders: those that come at the same time are checked one by one and stored in one transaction. */
import { accept, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import type { SignedOrder, StoredOrder } from '../store/order.ts';
import type { Addition, OrderStore } from '../store/orderStore.ts';
import { type OrderCode, refuseOrder } from './orderCodes.ts';
import { readSignedOrder } from './readOrder.ts';

/** Orders that may be queued at once, over all parties: some minutes of a busy chain. */
export const ORDERS_QUEUED_MAX = 100_000;
/** Orders in one transaction: more would make the first of them wait for little gain. */
const GROUP_ORDERS_MAX = 512;

export interface IntakeOptions {
  readonly chainId: Hash;
  readonly queuedMax?: number;
}

export interface TakenOrder {
  /** What is stored. */
  readonly order: StoredOrder;
  /** The party had an order of this reference already: it is this one, whatever the new one asked for. */
  readonly isRepeat: boolean;
}

interface Pending {
  readonly order: SignedOrder;
  readonly resolve: (addition: Addition) => void;
  readonly reject: (cause: unknown) => void;
}

export class OrderIntake {
  readonly #options: IntakeOptions;
  readonly #orders: Pick<OrderStore, 'add'>;
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;

  constructor(options: IntakeOptions, orders: Pick<OrderStore, 'add'>) {
    this.#options = options;
    this.#orders = orders;
  }

  /**
   * Checks and stores an order; it is safe when this resolves.
   * @param body - As `readSignedOrder` takes it.
   * @returns The stored order, or `ORDER_REQUEST_INVALID`, `ORDER_SIGNATURE_INVALID`, `ORDER_QUEUE_FULL`.
   * @throws {CodedError} Of the database; the same call may be made again.
   */
  async addOrder(body: unknown): Promise<Verdict<TakenOrder, OrderCode>> {
    const read = readSignedOrder(this.#options.chainId, body);
    if (!read.ok) return read;
    const addition = await this.#store(read.value);
    if (addition.type !== 'full')
      return accept({ order: addition.order, isRepeat: addition.type === 'repeated' });
    const { queued } = addition;
    return refuseOrder('ORDER_QUEUE_FULL', '', 'send it again later', { queued });
  }

  #store(order: SignedOrder): Promise<Addition> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ order, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // What is called in the same turn goes into the same group.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const group = this.#pending.splice(0, GROUP_ORDERS_MAX);
      try {
        const additions = await this.#orders.add(
          group.map(({ order }) => order),
          this.#options.queuedMax ?? ORDERS_QUEUED_MAX,
        );
        for (const [index, { resolve }] of group.entries()) {
          const addition = additions[index];
          if (addition !== undefined) resolve(addition);
        }
      } catch (cause) {
        for (const { reject } of group) reject(cause);
      }
    }
    this.#running = undefined;
  }
}
