/**
 * The part of exactly once that concerns posted inputs: what a settlement block holds that a final header names is executed
 * or refused once, in order, and nothing else comes from there. The rule reads posts on its own and keeps its own queue.
 */
import type { Header } from '../../consensus/block.ts';
import type { Hash, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import { decodePost, type PostedFact } from '../../settlement/execution/postedInputs.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { Law } from './law.ts';

interface Post {
  readonly transactionHash: Hash;
  /** 0: nothing that could be executed. */
  readonly inputCount: number;
}

type Ended = Exclude<PostedFact, { readonly type: 'input_posted' }>;

export class PostedInputRule {
  readonly #law: Law;
  /** Posts that no final header has named yet, by settlement height. */
  readonly #posts = new Map<SettlementHeight, readonly Post[]>();
  /** Inputs that wait for execution, `hash/index`, in their order. */
  readonly #waiting: string[] = [];
  #originHeight: SettlementHeight = 0;

  constructor(law: Law) {
    this.#law = law;
  }

  settlementBlock({ height, events }: SettlementBlock): void {
    const posts = events.flatMap((event): Post[] => {
      if (event.type !== 'input_posted') return [];
      const { transactionHash, bytes } = event;
      const decoded = decodePost(bytes);
      return [{ transactionHash, inputCount: decoded.ok ? decoded.value.length : 0 }];
    });
    if (posts.length > 0) this.#posts.set(height, posts);
    else this.#posts.delete(height);
  }

  /** The settlement chain took back its blocks above a height. */
  settlementReorganised(height: SettlementHeight): void {
    for (const at of this.#posts.keys()) if (at > height) this.#posts.delete(at);
  }

  finalized({ height, origin }: Header, facts: readonly PostedFact[]): void {
    if (facts.length === 0 && this.#posts.size === 0 && this.#waiting.length === 0) {
      this.#originHeight = origin.height;
      return;
    }
    const told = facts.filter((fact) => fact.type === 'input_posted');
    const ended = facts.filter((fact): fact is Ended => fact.type !== 'input_posted');
    const refusedWhole = new Map(
      ended.flatMap((fact) =>
        fact.type === 'posted_input_refused' && fact.index === undefined
          ? [[fact.transactionHash, fact.code]]
          : [],
      ),
    );
    this.#checkDerived(height, origin.height, told.map(hashOf), refusedWhole);
    const waited = this.#waiting.length > 0;
    let endedCount = 0;
    for (const { transactionHash, index } of ended) {
      if (index === undefined) continue;
      endedCount += 1;
      const next = this.#waiting.shift();
      const name = `${transactionHash}/${index}`;
      this.#law.check(
        next === name,
        () => `height ${height}: input ${name} has its turn, and ${next ?? 'none'} is next`,
      );
    }
    if (waited)
      this.#law.check(endedCount > 0, () => `height ${height}: posted inputs wait, and none has its turn`);
  }

  /** Every post of the settlement blocks that became visible is told of, in order, and no other. */
  #checkDerived(
    height: number,
    originHeight: SettlementHeight,
    told: readonly Hash[],
    refusedWhole: ReadonlyMap<Hash, string>,
  ): void {
    const posts: Post[] = [];
    for (let at = this.#originHeight + 1; this.#posts.size > 0 && at <= originHeight; at += 1) {
      posts.push(...(this.#posts.get(at) ?? []));
      this.#posts.delete(at);
    }
    this.#originHeight = originHeight;
    if (posts.length + told.length === 0) return;
    const expected = posts.map(hashOf).join();
    this.#law.check(
      told.join() === expected,
      () =>
        `height ${height}: derives posts ${told.join() || 'none'}, its settlement blocks hold ${expected || 'none'}`,
    );
    for (const post of posts) {
      const code = refusedWhole.get(post.transactionHash);
      this.#law.check(
        (code === 'POSTED_INPUT_INVALID') === (post.inputCount === 0),
        () =>
          `height ${height}: a post of ${post.inputCount} inputs, ${post.transactionHash}, is answered ${code ?? 'ok'}`,
      );
      if (code !== undefined) continue;
      for (let index = 0; index < post.inputCount; index += 1)
        this.#waiting.push(`${post.transactionHash}/${index}`);
    }
  }
}

function hashOf({ transactionHash }: { readonly transactionHash: Hash }): Hash {
  return transactionHash;
}
