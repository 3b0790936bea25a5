/** The way to the settlement chain of a node whose links can be cut, for what is posted there. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { LinkConditions } from './linkConditions.ts';
import type { PostAnswer, PostedAnswer, PostingClient } from './settlementPort.ts';

export class PostingConditions implements PostingClient {
  readonly #inner: PostingClient;
  readonly #links: LinkConditions;

  /** @param links - Of the node; those from `settlement` count here, both ways. */
  constructor(inner: PostingClient, links: LinkConditions) {
    this.#inner = inner;
    this.#links = links;
  }

  post(bytes: Uint8Array): Promise<PostAnswer> {
    return this.#carry(() => this.#inner.post(bytes));
  }

  askPosted(hash: Hash): Promise<PostedAnswer> {
    return this.#carry(() => this.#inner.askPosted(hash));
  }

  /** There and back: either way can lose it. */
  async #carry<Answer>(call: () => Promise<Answer>): Promise<Answer | { readonly type: 'timed_out' }> {
    if (await this.#links.pass('settlement')) {
      const answer = await call();
      if (await this.#links.pass('settlement')) return answer;
    }
    return { type: 'timed_out' };
  }
}
