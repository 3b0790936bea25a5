/**
 * Faults of scenarios between a node and its settlement chain, played around the client: a link that is cut, slow or
 * lossy, and a node that withholds its settlements while its core believes that all went well. By itself it changes
 * nothing.
 */
import type { SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { SettlementPair } from '../../settlement/chain/doubleSettlementWatch.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { SettlementAnswer } from '../core/types.ts';
import type { LinkConditions } from './linkConditions.ts';
import type { SettlementClient, SettlementQuestion } from './settlementPort.ts';

/** A call that is lost is given up after this long, in ms, as one over a real wire would be. */
const CALL_TIMEOUT_MS = 2000;
/** How often it is looked whether blocks get through again, in ms. */
const RETRY_MS = 50;

export class SettlementConditions implements SettlementClient {
  readonly #inner: SettlementClient;
  readonly #links: LinkConditions;
  /** Ends of waits under way. */
  readonly #waits = new Set<() => void>();
  #isWithheld = false;
  #isStopped = false;

  /** @param links - Of the node; those from `settlement` count here, both ways. */
  constructor(inner: SettlementClient, links: LinkConditions) {
    this.#inner = inner;
    this.#links = links;
  }

  /** While on, nothing is submitted, and the node is told that it was. */
  setWithheld(on: boolean): void {
    this.#isWithheld = on;
  }

  submit(bytes: Uint8Array): Promise<SettlementAnswer> {
    if (this.#isWithheld) return Promise.resolve({ type: 'accepted' });
    return this.#carry(() => this.#inner.submit(bytes));
  }

  ask(question: SettlementQuestion): Promise<SettlementAnswer> {
    if (this.#isWithheld) return Promise.resolve({ type: 'standing', standing: 'waiting' });
    return this.#carry(() => this.#inner.ask(question));
  }

  /** No block is lost for good: what does not get through comes later, and those behind it wait. */
  follow(fromHeight: SettlementHeight, deliver: (block: SettlementBlock) => Promise<void>): void {
    this.#inner.follow(fromHeight, async (block) => {
      if (await this.#comeThrough()) await deliver(block);
    });
  }

  /** Like blocks: late at most. */
  watchConflicts(deliver: (pair: SettlementPair) => Promise<void>): void {
    this.#inner.watchConflicts(async (pair) => {
      if (await this.#comeThrough()) await deliver(pair);
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const end of [...this.#waits]) end();
    await this.#inner.stop();
  }

  /** There and back: either way can lose it. */
  async #carry(call: () => Promise<SettlementAnswer>): Promise<SettlementAnswer> {
    if (await this.#links.pass('settlement')) {
      const answer = await call();
      if (await this.#links.pass('settlement')) return answer;
    }
    await this.#wait(CALL_TIMEOUT_MS);
    return { type: 'timed_out' };
  }

  /** @returns False when everything ended meanwhile. */
  async #comeThrough(): Promise<boolean> {
    while (!(await this.#links.pass('settlement'))) {
      if (this.#isStopped) return false;
      await this.#wait(RETRY_MS);
    }
    return !this.#isStopped;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waits.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#waits.add(end);
      if (this.#isStopped) end();
    });
  }
}
