/** What happens to batches of orders as lines of a node's event stream, and as lines of its log. Told by the node whose engine did it. */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import type { AutoBatchEvent } from '../autobatch/engine/events.ts';
import type { EventLine, JsonFields } from '../core/eventFields.ts';
import type { NodeLogger } from './logger.ts';

/** @param node - Its name. */
export function autoBatchEventLine(nowMs: TimeMs, node: string, event: AutoBatchEvent): EventLine {
  return { t: nowMs, node, type: event.type, ...fieldsOf(event) };
}

function fieldsOf(event: AutoBatchEvent): JsonFields {
  if (event.type === 'auto_batch_loop_failed')
    return { loop: event.loop, message: event.reason, rest_ms: event.restMs };
  if (event.type === 'auto_batch_pruned') return { orders: event.orders, batches: event.batches };
  const { batchId, party, size, attempts } = event;
  const ofBatch = { batch_id: batchId, party, orders: size, attempts };
  switch (event.type) {
    case 'auto_batch_failed':
      return { ...ofBatch, kind: event.kind, code: event.code, failed_at: event.failedAt ?? null };
    case 'auto_batch_released':
      return { ...ofBatch, code: event.code };
    case 'auto_batch_order_rejected':
      return { ...ofBatch, code: event.code, order_id: event.orderId };
    case 'auto_batch_order_paid_before':
      return { ...ofBatch, order_id: event.orderId };
    default:
      return ofBatch;
  }
}

/** Told to an operator: what needs a look as a warning, what is out of the ordinary as info, each other step of a batch as debug. */
export function logAutoBatchEvent(logger: NodeLogger, event: AutoBatchEvent): void {
  if (event.type === 'auto_batch_loop_failed') {
    const { type, loop, reason, restMs } = event;
    // The reason is in the message, and a line has one.
    logger.warn(`the ${loop} loop rests for ${restMs} ms: ${reason}`, { type, loop, rest_ms: restMs });
    return;
  }
  const fields = { type: event.type, ...fieldsOf(event) };
  switch (event.type) {
    case 'auto_batch_order_paid_before':
      logger.info('an order was paid before, by a batch that the database of orders does not name', fields);
      return;
    default:
      logger.debug(event.type.replaceAll('_', ' '), fields);
  }
}
