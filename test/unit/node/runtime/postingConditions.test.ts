import { describe, expect, it } from 'vitest';
import { LinkConditions, plainLink } from '../../../../node/runtime/linkConditions.ts';
import { PostingConditions } from '../../../../node/runtime/postingConditions.ts';
import type { PostAnswer, PostedAnswer } from '../../../../node/runtime/settlementPort.ts';

const accepted: PostAnswer = { type: 'accepted', hash: '0x1' };
const waiting: PostedAnswer = {
  ...{ type: 'posted', standing: 'waiting', settlementHeight: undefined, headHeight: 4, nextBaseFee: 7n },
};

describe('PostingConditions', () => {
  it('brings what is asked and answered, and nothing over a link that is cut, there or back', async () => {
    const links = new LinkConditions();
    const cut = (): void => links.set(new Map([['settlement' as const, { ...plainLink, cut: true }]]));
    let arrived = 0;
    let onArrival = (): void => undefined;
    const client = new PostingConditions(
      {
        post: async () => {
          arrived += 1;
          onArrival();
          return accepted;
        },
        askPosted: async () => waiting,
      },
      links,
    );
    expect(await client.post(Uint8Array.of(1))).toEqual(accepted);
    expect(await client.askPosted('0x1')).toEqual(waiting);
    onArrival = cut;
    expect(await client.post(Uint8Array.of(1))).toEqual({ type: 'timed_out' });
    expect(arrived).toBe(2);
    expect(await client.post(Uint8Array.of(1))).toEqual({ type: 'timed_out' });
    expect(await client.askPosted('0x1')).toEqual({ type: 'timed_out' });
    expect(arrived).toBe(2);
  });
});
