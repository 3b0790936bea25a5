/** A ledger of the order engine that does what a test tells it, and keeps the truth about payments. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type {
  Command,
  CommandStanding,
  LedgerRefusal,
  OrderLedger,
  SubmitAnswer,
} from '../../node/autobatch/engine/ledger.ts';
import { findLateOrder } from '../../node/autobatch/ledger/refusals.ts';
import type { SignedOrder } from '../../node/autobatch/store/order.ts';

/**
 * What becomes of a submission. `rejectTaken`: somebody else took its id; `silent`: it arrives and nobody is told; `late`: so too, some blocks later; `lost`: it does not
 * arrive and nobody is told; `dropped`: it is acknowledged and forgotten.
 */
export const submissionFates = [
  'ack',
  'reject',
  'rejectFinal',
  'rejectTaken',
  'silent',
  'late',
  'lost',
  'dropped',
] as const;
export type SubmissionFate = (typeof submissionFates)[number];

/** Blocks in which a command may be executed. */
export const COMMAND_BLOCKS = 5;
const LATE_BLOCKS = 4;

export class FakeLedger implements OrderLedger {
  height = 1;
  /** Answers nothing while it is set. */
  isDown = false;
  /** Makes blocks without executing anything. */
  isStalled = false;
  /** Says at which order a command failed. */
  namesCulprit = true;
  /** Most orders of a command. */
  sizeMax = Number.POSITIVE_INFINITY;
  /** Refuses at once what holds an order whose last height has passed; otherwise a block does. */
  looksAtHeights = true;
  /** Settles an order once, whatever command carries it, as the real one does. Otherwise the engine alone sees to it. */
  settlesOnce = false;
  readonly fates: SubmissionFate[] = [];
  readonly poisoned = new Set<Hash>();
  /** Orders that a submission of them alone was refused for, for good. */
  readonly refused = new Set<Hash>();
  readonly submissions: Command[] = [];
  readonly payments = new Map<Hash, number>();
  readonly #waiting = new Map<Hash, Command>();
  readonly #records = new Map<Hash, 'confirmed' | LedgerRefusal>();
  #arriving: { readonly command: Command; readonly atHeight: number }[] = [];

  countFitting(orders: readonly SignedOrder[]): number {
    return Math.min(orders.length, this.sizeMax);
  }

  async finalHeight(): Promise<number> {
    this.#assertUp();
    return this.height;
  }

  async lastHeight(): Promise<number> {
    this.#assertUp();
    return this.height + COMMAND_BLOCKS;
  }

  async submit(command: Command): Promise<SubmitAnswer> {
    this.#assertUp();
    this.submissions.push(command);
    const late = this.looksAtHeights ? findLateOrder(command.orders, this.height) : undefined;
    if (late !== undefined) return { type: 'rejected', ...late };
    switch (this.fates.shift() ?? 'ack') {
      case 'ack':
        this.#arrive(command);
        return { type: 'acknowledged' };
      case 'reject':
        return { type: 'rejected', code: 'LEDGER_BUSY', failedAt: undefined, isFinal: false };
      case 'rejectFinal':
        if (command.orders.length === 1) this.refused.add(command.orders[0]?.orderId ?? '');
        return { type: 'rejected', code: 'LEDGER_REFUSES', failedAt: 0, isFinal: true };
      case 'rejectTaken':
        return { type: 'rejected', code: 'BATCH_ID_TAKEN', failedAt: undefined, isFinal: true };
      case 'silent':
        this.#arrive(command);
        return { type: 'unreachable', reason: 'no answer' };
      case 'late':
        this.#arriving.push({ command, atHeight: this.height + LATE_BLOCKS });
        return { type: 'unreachable', reason: 'no answer' };
      case 'lost':
        return { type: 'unreachable', reason: 'no answer' };
      case 'dropped':
        return { type: 'acknowledged' };
    }
  }

  async ask(commandId: Hash): Promise<CommandStanding> {
    this.#assertUp();
    const record = this.#records.get(commandId);
    if (record === 'confirmed') return { type: 'confirmed' };
    if (record !== undefined) return { type: 'failed', ...record };
    return this.#waiting.has(commandId) ? { type: 'waiting' } : { type: 'unknown', finalHeight: this.height };
  }

  async isPaid({ orderId }: SignedOrder): Promise<boolean> {
    this.#assertUp();
    return this.payments.has(orderId);
  }

  /** Makes so many blocks, which execute what waits. */
  makeBlocks(count: number): void {
    for (let made = 0; made < count; made += 1) {
      this.height += 1;
      for (const { command, atHeight } of this.#arriving) if (atHeight <= this.height) this.#arrive(command);
      this.#arriving = this.#arriving.filter(({ atHeight }) => atHeight > this.height);
      for (const [commandId, command] of this.#waiting) {
        if (command.lastHeight < this.height) this.#waiting.delete(commandId);
        else if (!this.isStalled) this.#execute(command);
      }
    }
  }

  #arrive(command: Command): void {
    const { commandId } = command;
    const earlier = this.#waiting.get(commandId);
    if (this.#records.has(commandId) || command.lastHeight <= this.height) return;
    if (earlier === undefined || earlier.lastHeight < command.lastHeight)
      this.#waiting.set(commandId, command);
  }

  #execute({ commandId, orders }: Command): void {
    this.#waiting.delete(commandId);
    const expired = findLateOrder(orders, this.height - 1);
    if (expired !== undefined) {
      const failedAt = this.namesCulprit ? expired.failedAt : undefined;
      this.#records.set(commandId, { ...expired, failedAt });
      return;
    }
    const index = orders.findIndex(
      ({ orderId }) => this.poisoned.has(orderId) || (this.settlesOnce && this.payments.has(orderId)),
    );
    if (index >= 0) {
      const failedAt = this.namesCulprit ? index : undefined;
      this.#records.set(commandId, { code: 'ORDER_POISONED', failedAt, isFinal: true });
      return;
    }
    this.#records.set(commandId, 'confirmed');
    for (const { orderId } of orders) this.payments.set(orderId, (this.payments.get(orderId) ?? 0) + 1);
  }

  #assertUp(): void {
    if (this.isDown) throw new Error('the ledger is down');
  }
}
