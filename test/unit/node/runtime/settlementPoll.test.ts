import { describe, expect, it } from 'vitest';
import { type AskBlocks, SettlementPoll } from '../../../../node/runtime/settlementPoll.ts';
import { createResolvers } from '../../../../node/shims.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';

const blockOf = (height: number, branch = 'a'): SettlementBlock =>
  ({ height, hash: `0x${height}${branch}` }) as SettlementBlock;

interface Question {
  readonly known: Parameters<AskBlocks>[0];
  readonly fromHeight: number;
  readonly answer: (blocks: readonly SettlementBlock[]) => void;
  readonly fail: () => void;
}

/** A poll whose questions a test answers by hand. */
function createPoll(): {
  readonly poll: SettlementPoll;
  readonly next: () => Promise<Question>;
  readonly count: () => number;
} {
  let count = 0;
  const questions: Question[] = [];
  let arrived = createResolvers<void>();
  const poll = new SettlementPoll((known, fromHeight) => {
    const asked = createResolvers<readonly SettlementBlock[]>();
    const fail = (): void => asked.reject(new Error('no answer'));
    count += 1;
    questions.push({ known, fromHeight, answer: asked.resolve, fail });
    arrived.resolve();
    return asked.promise;
  });
  const next = async (): Promise<Question> => {
    for (;;) {
      const question = questions.shift();
      if (question !== undefined) return question;
      arrived = createResolvers<void>();
      await arrived.promise;
    }
  };
  return { poll, next, count: () => count };
}

describe('SettlementPoll', () => {
  it('delivers in order, each when the one before was taken, and says what it has, newest first', async () => {
    const { poll, next } = createPoll();
    const log: string[] = [];
    poll.follow(3, async ({ height }) => {
      log.push(`begin ${height}`);
      await Promise.resolve();
      log.push(`end ${height}`);
    });
    const first = await next();
    expect(first).toMatchObject({ known: [], fromHeight: 3 });
    first.answer([blockOf(3), blockOf(4)]);
    const second = await next();
    expect(second.known.map(({ height }) => height)).toEqual([4, 3]);
    expect(log).toEqual(['begin 3', 'end 3', 'begin 4', 'end 4']);
    await poll.stop();
  });

  it('forgets what a branch has replaced', async () => {
    const { poll, next } = createPoll();
    poll.follow(0, async () => undefined);
    (await next()).answer([blockOf(0), blockOf(1), blockOf(2)]);
    (await next()).answer([blockOf(1, 'b')]);
    const { known } = await next();
    expect(known.map(({ hash }) => hash)).toEqual(['0x1b', '0x0a']);
    await poll.stop();
  });

  it('asks again after a failure, and after an answer of nothing that came at once', async () => {
    const { poll, next, count } = createPoll();
    const heights: number[] = [];
    poll.follow(0, async ({ height }) => {
      heights.push(height);
    });
    (await next()).fail();
    const question = await next();
    const countBefore = count();
    question.answer([]);
    // A loop without a pause would have asked on within the same turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(count()).toBe(countBefore);
    (await next()).answer([blockOf(0)]);
    await next();
    expect(heights).toEqual([0]);
    await poll.stop();
  });

  it('begins anew when it is told to, and delivers nothing of before', async () => {
    const { poll, next } = createPoll();
    const heights: string[] = [];
    poll.follow(5, async ({ height }) => {
      heights.push(`old ${height}`);
    });
    const old = await next();
    poll.follow(2, async ({ height }) => {
      heights.push(`new ${height}`);
    });
    const fresh = await next();
    expect(fresh).toMatchObject({ known: [], fromHeight: 2 });
    old.answer([blockOf(5)]);
    fresh.answer([blockOf(2)]);
    await next();
    expect(heights).toEqual(['new 2']);
    await poll.stop();
  });

  it('stops at once, whatever it waits for', async () => {
    const { poll, next } = createPoll();
    poll.follow(0, async () => undefined);
    await next();
    await poll.stop();
    const other = createPoll();
    other.poll.follow(0, async () => undefined);
    (await other.next()).fail();
    await other.poll.stop();
  });
});
