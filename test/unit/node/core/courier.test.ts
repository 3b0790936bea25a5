import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURES_MAX, REST_MS, REST_ON_DUTY_MS } from '../../../../node/core/circuitBreaker.ts';
import { Courier, RETRY_MS } from '../../../../node/core/courier.ts';
import type { Output, SettlementAnswer } from '../../../../node/core/types.ts';
import type { Submission } from '../../../../settlement/chain/submitter.ts';

type Call = Extract<Output, { readonly type: 'submitSettlement' | 'askSettlement' }>;

function submission(seq: number, kind: Submission['kind'] = 'first', fee = 1): Submission {
  return {
    kind,
    seq,
    attempt: 1,
    outboxKey: `outbox/${seq}/1`,
    bytes: Uint8Array.of(seq, fee),
    hash: `0x${seq}${fee}`,
    feeCap: BigInt(fee),
    tip: 1n,
  };
}

class Desk {
  readonly outputs: Output[] = [];
  nowMs = 0;
  isSilent = false;
  isOnDuty = true;
  timerMs: number | undefined;
  readonly courier = new Courier({
    output: (output) => this.#take(output),
    nowMs: () => this.nowMs,
    isSilent: () => this.isSilent,
    isOnDuty: () => this.isOnDuty,
  });

  get calls(): Call[] {
    return this.outputs.filter(
      (output): output is Call => output.type === 'submitSettlement' || output.type === 'askSettlement',
    );
  }

  /** What was called for, in words. */
  get log(): string[] {
    return this.calls.map(({ type, batch }) => `${type === 'askSettlement' ? 'ask' : 'submit'} ${batch}`);
  }

  get warnings(): number {
    return this.outputs.filter((output) => output.type === 'emit' && output.event.type === 'warning').length;
  }

  answerLast(answer: SettlementAnswer): void {
    this.courier.onAnswer(this.calls.at(-1)?.requestId ?? 0, answer);
  }

  /** Lets time pass up to the timer that is set. */
  wake(): void {
    if (this.timerMs === undefined) throw new Error('no timer is set');
    this.nowMs = this.timerMs;
    this.timerMs = undefined;
    this.courier.onTimer();
  }

  #take(output: Output): void {
    this.outputs.push(output);
    if (output.type === 'setTimer') this.timerMs = output.at;
    if (output.type === 'clearTimer') this.timerMs = undefined;
  }
}

const accepted: SettlementAnswer = { type: 'accepted' };
const unknown: SettlementAnswer = { type: 'standing', standing: 'unknown' };
const failed: SettlementAnswer = { type: 'failed' };

describe('Courier', () => {
  it('submits what is new at once and tells so once', () => {
    const desk = new Desk();
    desk.courier.send(submission(1));
    desk.answerLast(accepted);
    expect(desk.log).toEqual(['submit 1']);
    expect(desk.outputs.filter(({ type }) => type === 'emit')).toMatchObject([
      { event: { type: 'batch_submitted', seq: 1, feeCap: 1n } },
    ]);
    expect(desk.courier.errandCount).toBe(0);
  });

  it.each(['waiting', 'settled', 'reverted'] as const)(
    'asks before a resend and sends nothing when it is %s',
    (standing) => {
      const desk = new Desk();
      desk.courier.send(submission(1, 'resend'));
      desk.answerLast({ type: 'standing', standing });
      expect(desk.log).toEqual(['ask 1']);
      expect(desk.courier.errandCount).toBe(0);
    },
  );

  it('sends the same bytes again when nobody knows them, without telling', () => {
    const desk = new Desk();
    desk.courier.send(submission(1, 'resend'));
    desk.answerLast(unknown);
    expect(desk.calls.at(-1)).toMatchObject({ type: 'submitSettlement', bytes: submission(1).bytes });
    expect(desk.outputs.filter(({ type }) => type === 'emit')).toEqual([]);
  });

  it.each(['failed', 'timed_out'] as const)(
    'asks first after a call that %s: it may have landed, and is never posted twice',
    (type) => {
      const desk = new Desk();
      desk.courier.send(submission(1));
      desk.answerLast({ type });
      expect(desk.log).toEqual(['submit 1']);
      desk.wake();
      expect(desk.nowMs).toBe(RETRY_MS);
      expect(desk.log).toEqual(['submit 1', 'ask 1']);
      desk.answerLast({ type: 'standing', standing: 'settled' });
      expect(desk.courier.errandCount).toBe(0);
    },
  );

  it('a refused transaction, or one without an answer yet, holds up none behind it', () => {
    const desk = new Desk();
    desk.courier.send(submission(1));
    desk.courier.send(submission(2));
    desk.answerLast({ type: 'refused', code: 'SETTLEMENT_ATTEMPT_USED' });
    desk.courier.send(submission(3));
    expect(desk.log).toEqual(['submit 1', 'submit 2', 'submit 3']);
    expect(desk.courier.errandCount).toBe(2);
  });

  it('sends a replacement at once, and ignores what becomes of the call it overtook', () => {
    const desk = new Desk();
    desk.courier.send(submission(1));
    const first = desk.calls[0]?.requestId ?? 0;
    desk.courier.send(submission(1, 'replacement', 9));
    desk.courier.onAnswer(first, { type: 'refused', code: 'SETTLEMENT_REPLACEMENT_UNDERPRICED' });
    expect(desk.log).toEqual(['submit 1', 'submit 1']);
    expect(desk.courier.errandCount).toBe(1);
    desk.answerLast(accepted);
    expect(desk.courier.errandCount).toBe(0);
  });

  it('after three failures waits a second on duty, tries one call, and then all in order', () => {
    const desk = new Desk();
    for (const seq of [3, 1, 2]) desk.courier.send(submission(seq));
    for (const { requestId } of desk.calls.slice()) desk.courier.onAnswer(requestId, failed);
    expect(desk.warnings).toBe(1);
    expect(desk.log).toEqual(['submit 3', 'submit 1', 'submit 2']);
    desk.wake();
    expect(desk.nowMs).toBe(REST_ON_DUTY_MS);
    expect(desk.log.slice(3)).toEqual(['ask 1']);
    desk.answerLast(unknown);
    expect(desk.log.slice(4)).toEqual(['submit 1', 'ask 2', 'ask 3']);
  });

  it('tells of an outage once, however often the way fails meanwhile, and of its end with how long it lasted', () => {
    const desk = new Desk();
    let seq = 1;
    desk.courier.send(submission(seq));
    const fail = (count: number): void => {
      for (let failure = 0; failure < count; failure += 1) {
        desk.answerLast(failed);
        desk.wake();
      }
    };
    const answer = (count: number): void => {
      for (let given = 0; given < count; given += 1) {
        if (desk.calls.at(-1)?.type === 'askSettlement') desk.answerLast(unknown);
        else {
          desk.answerLast(accepted);
          seq += 1;
          desk.courier.send(submission(seq));
        }
      }
    };
    fail(FAILURES_MAX);
    const beganMs = desk.nowMs - REST_ON_DUTY_MS;
    // Two answers are not enough to believe in, and then the breaker opens again.
    answer(2);
    fail(FAILURES_MAX);
    answer(1);
    fail(1);
    desk.nowMs += 10_000;
    const answeredMs = desk.nowMs;
    answer(2);
    expect(desk.warnings).toBe(1);
    desk.nowMs += 500;
    answer(2);
    const told = desk.outputs.flatMap((output) =>
      output.type === 'emit' && output.event.type === 'warning' ? [output.event] : [],
    );
    expect(told).toMatchObject([
      { code: 'SETTLEMENT_UNREACHABLE' },
      {
        code: 'SETTLEMENT_REACHABLE',
        message: `the settlement chain answers again, after ${answeredMs - beganMs} ms`,
      },
    ]);
    fail(FAILURES_MAX);
    expect(desk.warnings).toBe(3);
  });

  it('waits thirty seconds while nothing presses, and no longer once its duty runs', () => {
    const desk = new Desk();
    desk.isOnDuty = false;
    desk.courier.send(submission(1));
    desk.answerLast(failed);
    for (let failure = 1; failure < FAILURES_MAX; failure += 1) {
      desk.wake();
      desk.answerLast(failed);
    }
    expect(desk.timerMs).toBe(desk.nowMs + REST_MS);
    desk.isOnDuty = true;
    desk.nowMs += 5000;
    desk.courier.proceed();
    expect(desk.log).toHaveLength(FAILURES_MAX + 1);
  });

  it('tries again soon although the clock was set back by an hour while it waited', () => {
    const desk = new Desk();
    desk.nowMs = 3_600_000;
    desk.courier.send(submission(1));
    for (let failure = 0; failure <= FAILURES_MAX; failure += 1) {
      desk.answerLast(failed);
      // The timer runs its time, whatever the clock says meanwhile.
      desk.timerMs = undefined;
      desk.nowMs -= 3_600_000;
      desk.courier.onTimer();
      expect(desk.timerMs).toBeLessThanOrEqual(desk.nowMs + REST_ON_DUTY_MS);
      desk.wake();
      expect(desk.log).toHaveLength(failure + 2);
      desk.nowMs += 3_600_000;
    }
  });

  it('never gives up: after a day without an answer the first success brings everything out', () => {
    const desk = new Desk();
    desk.courier.send(submission(1));
    for (let failure = 0; failure < 1000; failure += 1) {
      desk.answerLast(failed);
      desk.wake();
    }
    expect(desk.courier.errandCount).toBe(1);
    desk.answerLast(unknown);
    desk.answerLast(accepted);
    expect(desk.courier.errandCount).toBe(0);
    expect(desk.warnings).toBe(1);
  });

  it('drops everything when it must be silent, and a batch that ended', () => {
    const desk = new Desk();
    desk.isSilent = true;
    desk.courier.send(submission(1));
    expect(desk.log).toEqual([]);
    desk.isSilent = false;
    desk.courier.send(submission(2));
    desk.courier.drop(2);
    desk.answerLast(failed);
    expect(desk.courier.errandCount).toBe(0);
    expect(desk.timerMs).toBeUndefined();
  });

  const step = fc.oneof(
    fc.record({
      type: fc.constant('send' as const),
      seq: fc.integer({ min: 1, max: 5 }),
      isNew: fc.boolean(),
    }),
    fc.record({ type: fc.constant('answer' as const), which: fc.nat(20), fails: fc.boolean() }),
    fc.record({ type: fc.constant('wake' as const) }),
  );

  it('has one call a batch under way at most, and never submits what may have landed without asking', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const desk = new Desk();
        const open: Call[] = [];
        let seen = 0;
        /** Bytes that may be on the chain, by hash, since the last answer that they are not. */
        const maybe = new Set<string>();
        const watch = (): void => {
          for (const call of desk.calls.slice(seen)) {
            open.push(call);
            if (call.type !== 'submitSettlement') continue;
            const hash = `0x${call.bytes.join('')}`;
            expect(maybe.has(hash)).toBe(false);
            maybe.add(hash);
          }
          seen = desk.calls.length;
        };
        let fee = 0;
        for (const each of steps) {
          if (each.type === 'send') {
            fee += each.isNew ? 1 : 0;
            desk.courier.send(submission(each.seq, each.isNew ? 'replacement' : 'resend', fee));
          } else if (each.type === 'wake' && desk.timerMs !== undefined) desk.wake();
          else if (each.type === 'answer' && open.length > 0) {
            const [call] = open.splice(each.which % open.length, 1);
            if (call === undefined) continue;
            if (!each.fails && call.type === 'askSettlement') maybe.delete(call.transactionHash);
            const well = call.type === 'askSettlement' ? unknown : accepted;
            desk.courier.onAnswer(call.requestId, each.fails ? failed : well);
          }
          watch();
          expect(desk.courier.errandCount).toBeLessThanOrEqual(5);
        }
      }),
      { numRuns: 200 },
    );
  });
});
