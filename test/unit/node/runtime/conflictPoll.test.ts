import { describe, expect, it } from 'vitest';
import { type AskConflicts, type Conflict, ConflictPoll } from '../../../../node/runtime/conflictPoll.ts';
import { waitUntil } from '../../../helpers/waitUntil.ts';

const conflictOf = (proposer: number): Conflict => ({
  proposer,
  first: Uint8Array.of(proposer, 1),
  second: Uint8Array.of(proposer, 2),
});

/** Answers each question with the next of a list; afterwards nobody answers. */
function asking(answers: readonly (readonly Conflict[] | 'fails')[]): {
  readonly ask: AskConflicts;
  readonly questions: (readonly number[])[];
} {
  const questions: (readonly number[])[] = [];
  const ask: AskConflicts = async (known) => {
    const answer = answers[questions.length];
    questions.push(known);
    if (answer === undefined) return new Promise(() => undefined);
    if (answer === 'fails') throw new Error('nobody there');
    return answer;
  };
  return { ask, questions };
}

describe('ConflictPoll', () => {
  it('delivers each pair once, and says whose it knows', async () => {
    const { ask, questions } = asking([[conflictOf(2)], [conflictOf(0), conflictOf(2)]]);
    const shown: number[] = [];
    const poll = new ConflictPoll(ask);
    poll.start(async ({ first }) => {
      shown.push(first[0] ?? -1);
    });
    await waitUntil(() => questions.length === 3);
    expect(shown).toEqual([2, 0]);
    expect(questions).toEqual([[], [2], [2, 0]]);
    await poll.stop();
  });

  it('asks again after failures, and after answers that say nothing', async () => {
    const { ask, questions } = asking(['fails', [], [conflictOf(1)]]);
    let shown = 0;
    const poll = new ConflictPoll(ask);
    poll.start(async () => {
      shown += 1;
    });
    await waitUntil(() => questions.length === 4);
    expect(shown).toBe(1);
    await poll.stop();
  });

  it('ends while a question is open, and when it was never begun', async () => {
    const { ask, questions } = asking([]);
    const poll = new ConflictPoll(ask);
    poll.start(async () => expect.unreachable());
    await waitUntil(() => questions.length === 1);
    await poll.stop();
    await new ConflictPoll(ask).stop();
    expect(questions).toHaveLength(1);
  });
});
