import { describe, expect, it } from 'vitest';
import { autoBatchEventLine, logAutoBatchEvent } from '../../../../node/api/autoBatchEvents.ts';
import { NodeLogger } from '../../../../node/api/logger.ts';
import type { AutoBatchEvent } from '../../../../node/autobatch/engine/events.ts';
import { autoBatchEvents } from '../../../../scripts/docs/samples.ts';

const ofBatch = { batchId: `0x${'11'.repeat(32)}`, party: `0x${'22'.repeat(20)}`, size: 3, attempts: 2 };
const orderId = `0x${'33'.repeat(32)}`;
const shown = { batch_id: ofBatch.batchId, party: ofBatch.party, orders: 3, attempts: 2 };

describe('autoBatchEventLine', () => {
  it.each<readonly [AutoBatchEvent, Readonly<Record<string, unknown>>]>([
    [{ type: 'auto_batch_confirmed', ...ofBatch }, shown],
    [
      { type: 'auto_batch_failed', ...ofBatch, kind: 'rejected', code: 'INSUFFICIENT_BALANCE', failedAt: 0 },
      { ...shown, kind: 'rejected', code: 'INSUFFICIENT_BALANCE', failed_at: 0 },
    ],
    [
      { type: 'auto_batch_failed', ...ofBatch, kind: 'expired', code: 'LATE', failedAt: undefined },
      { ...shown, kind: 'expired', code: 'LATE', failed_at: null },
    ],
    [
      { type: 'auto_batch_released', ...ofBatch, code: 'LATE' },
      { ...shown, code: 'LATE' },
    ],
    [
      { type: 'auto_batch_order_rejected', ...ofBatch, code: 'LATE', orderId },
      { ...shown, code: 'LATE', order_id: orderId },
    ],
    [
      { type: 'auto_batch_order_paid_before', ...ofBatch, orderId },
      { ...shown, order_id: orderId },
    ],
    [
      { type: 'auto_batch_pruned', orders: 300, batches: 4 },
      { orders: 300, batches: 4 },
    ],
    [
      { type: 'auto_batch_loop_failed', loop: 'monitoring', reason: 'gone', restMs: 2000 },
      { loop: 'monitoring', message: 'gone', rest_ms: 2000 },
    ],
  ])('writes %j as one line', (event, fields) => {
    expect(autoBatchEventLine(5, 'node-1', event)).toEqual({
      t: 5,
      node: 'node-1',
      type: event.type,
      ...fields,
    });
  });
});

describe('logAutoBatchEvent', () => {
  it('tells each event once: a resting loop as a warning, steps of batches as debug', () => {
    const lines: Record<string, unknown>[] = [];
    const write = (line: string) => {
      // A key that stands twice in a line is read as somebody pleases.
      expect(line.match(/"message":/g)).toHaveLength(1);
      lines.push(JSON.parse(line) as Record<string, unknown>);
    };
    const logger = new NodeLogger({ node: 'node-1', level: 'debug', out: { write } });
    for (const event of Object.values(autoBatchEvents)) logAutoBatchEvent(logger, event);
    expect(lines.map(({ level, type }) => `${level} ${type}`)).toEqual([
      'debug auto_batch_prepared',
      'debug auto_batch_submitted',
      'debug auto_batch_accepted',
      'debug auto_batch_confirmed',
      'debug auto_batch_failed',
      'debug auto_batch_released',
      'debug auto_batch_order_rejected',
      'info auto_batch_order_paid_before',
      'debug auto_batch_pruned',
      'warn auto_batch_loop_failed',
    ]);
    expect(lines.at(-1)).toMatchObject({
      loop: 'batching',
      rest_ms: 1000,
      message: 'the batching loop rests for 1000 ms: text',
    });
    expect(lines[0]).toMatchObject({ batch_id: autoBatchEvents.auto_batch_prepared.batchId, orders: 1 });
  });
});
