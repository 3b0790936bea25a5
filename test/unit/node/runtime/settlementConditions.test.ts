import { beforeEach, describe, expect, it } from 'vitest';
import { LinkConditions, plainLink } from '../../../../node/runtime/linkConditions.ts';
import { SettlementConditions } from '../../../../node/runtime/settlementConditions.ts';
import type { SettlementClient } from '../../../../node/runtime/settlementPort.ts';
import type { SettlementPair } from '../../../../settlement/chain/doubleSettlementWatch.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';

const bytes = Uint8Array.of(1);
const question = { proposer: 0, seq: 1, attempt: 1, hash: '0x' };
const cut = new Map([['settlement' as const, { ...plainLink, cut: true }]]);

let calls: string[];
let deliver: ((block: SettlementBlock) => Promise<void>) | undefined;
let show: ((pair: SettlementPair) => Promise<void>) | undefined;
let links: LinkConditions;
let client: SettlementConditions;

beforeEach(() => {
  calls = [];
  deliver = undefined;
  const inner: SettlementClient = {
    submit: async () => {
      calls.push('submit');
      return { type: 'refused', code: 'NET_BATCH_ALREADY_SETTLED' };
    },
    ask: async () => {
      calls.push('ask');
      return { type: 'standing', standing: 'unknown' };
    },
    follow: (_fromHeight, onBlock) => {
      deliver = onBlock;
    },
    watchConflicts: (onPair) => {
      show = onPair;
    },
    stop: async () => {
      calls.push('stop');
    },
  };
  links = new LinkConditions();
  client = new SettlementConditions(inner, links);
});

describe('SettlementConditions', () => {
  it('changes nothing by itself', async () => {
    expect(await client.submit(bytes)).toMatchObject({ type: 'refused' });
    expect(await client.ask(question)).toEqual({ type: 'standing', standing: 'unknown' });
    const heights: number[] = [];
    client.follow(0, async ({ height }) => {
      heights.push(height);
    });
    await deliver?.({ height: 4 } as SettlementBlock);
    expect(heights).toEqual([4]);
    await client.stop();
    expect(calls).toEqual(['submit', 'ask', 'stop']);
  });

  it('withholds: the node believes that its transaction waits', async () => {
    client.setWithheld(true);
    expect(await client.submit(bytes)).toEqual({ type: 'accepted' });
    expect(await client.ask(question)).toEqual({ type: 'standing', standing: 'waiting' });
    expect(calls).toEqual([]);
    client.setWithheld(false);
    await client.submit(bytes);
    expect(calls).toEqual(['submit']);
    await client.stop();
  });

  it('a cut link answers nothing in time, and holds blocks back until it is whole', async () => {
    links.set(cut);
    expect(await client.submit(bytes)).toEqual({ type: 'timed_out' });
    expect(calls).toEqual([]);
    const heights: number[] = [];
    client.follow(0, async ({ height }) => {
      heights.push(height);
    });
    let pairCount = 0;
    client.watchConflicts(async () => {
      pairCount += 1;
    });
    const delivered = deliver?.({ height: 1 } as SettlementBlock);
    const shown = show?.({ first: bytes, second: bytes });
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect({ heights, pairCount }).toEqual({ heights: [], pairCount: 0 });
    links.set(new Map());
    await Promise.all([delivered, shown]);
    expect({ heights, pairCount }).toEqual({ heights: [1], pairCount: 1 });
    await client.stop();
  });

  it('ends what waits when it is stopped', async () => {
    links.set(cut);
    const called = client.submit(bytes);
    client.follow(0, async () => expect.unreachable());
    const delivered = deliver?.({ height: 1 } as SettlementBlock);
    await client.stop();
    expect(await called).toEqual({ type: 'timed_out' });
    await delivered;
  });
});
