/** What happens to inputs as lines of a node's event stream, and as lines of its log: by `input:` and `batch:` of the batcher. */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import type { BatcherEvent } from '../batcher/pipeline/events.ts';
import type { EventLine, JsonFields } from '../core/eventFields.ts';
import type { NodeLogger } from './logger.ts';

/** Names of the stream have no colons; `batch_…` without a word before it is the chain's. */
const types: Readonly<Record<BatcherEvent['type'], string>> = {
  'input:queued': 'input_queued',
  'input:charged': 'input_charged',
  'input:confirmed': 'input_confirmed',
  'input:failed': 'input_failed',
  'batch:open': 'input_batch_opened',
  'batch:recover': 'input_batch_recovered',
  'batch:submit': 'input_batch_submitted',
  'batch:receipt-timeout': 'input_batch_overdue',
  'batch:receipt': 'input_batch_landed',
  'batch:effectstream-processed': 'input_batch_processed',
  'batch:return': 'input_batch_returned',
  'target:parked': 'input_target_parked',
  'target:recovered': 'input_target_recovered',
  'criteria:failed': 'input_criteria_failed',
  'adapter:failed': 'input_adapter_failed',
  'inputs:pruned': 'input_pruned',
  'storage:lost': 'input_storage_lost',
  'storage:back': 'input_storage_back',
};

/** @param node - Its name. */
export function inputEventLine(nowMs: TimeMs, node: string, event: BatcherEvent): EventLine {
  return { t: nowMs, node, type: types[event.type], ...fieldsOf(event) };
}

function fieldsOf(event: BatcherEvent): JsonFields {
  switch (event.type) {
    case 'input:queued':
      return { request_id: event.requestId, target: event.target };
    case 'input:charged':
      return {
        request_id: event.requestId,
        target: event.target,
        attempts: event.attempts,
        code: event.code,
      };
    case 'input:confirmed':
      return {
        request_id: event.requestId,
        target: event.target,
        transaction_hash: event.transactionHash,
      };
    case 'input:failed':
      return { request_id: event.requestId, target: event.target, code: event.code };
    case 'batch:open':
    case 'batch:recover':
      return { target: event.target, batch_id: event.batchId, inputs: event.requestIds.length };
    case 'batch:submit':
      return {
        target: event.target,
        batch_id: event.batchId,
        transaction_hash: event.transactionHash,
        fee: String(event.fee),
        inputs: event.inputs,
      };
    case 'batch:receipt-timeout':
      return {
        target: event.target,
        batch_id: event.batchId,
        transaction_hash: event.transactionHash ?? null,
      };
    case 'batch:receipt':
      return {
        target: event.target,
        batch_id: event.batchId,
        transaction_hash: event.transactionHash,
        block: event.blockNumber,
        confirmed: event.confirmed,
        failed: event.failed,
        returned: event.returned,
      };
    case 'batch:effectstream-processed':
      return {
        target: event.target,
        transaction_hash: event.transactionHash,
        height: event.rollup,
        inputs: event.requestIds.length,
      };
    case 'batch:return':
      return {
        target: event.target,
        batch_id: event.batchId,
        why: event.why,
        inputs: event.parts.reduce((sum, part) => sum + part, 0),
      };
    case 'target:parked':
      return { target: event.target, code: event.code, message: event.reason, rest_ms: event.restMs };
    case 'target:recovered':
      return { target: event.target };
    case 'criteria:failed':
      return { target: event.target, message: event.reason };
    case 'adapter:failed':
      return { target: event.target, step: event.step, message: event.reason };
    case 'inputs:pruned':
      return { inputs: event.inputs };
    case 'storage:lost':
      return { code: event.code, message: event.reason };
    case 'storage:back':
      return {};
  }
}

/** Told to an operator: what needs a look as a warning, what ends it as info, each input as debug. */
export function logInputEvent(logger: NodeLogger, event: BatcherEvent): void {
  const fields = { type: types[event.type], ...fieldsOf(event) };
  switch (event.type) {
    case 'storage:lost':
      logger.warn('the storage of inputs cannot be reached; inputs are refused until it is back', fields);
      return;
    case 'storage:back':
      logger.info('the storage of inputs is back', fields);
      return;
    case 'target:parked':
      logger.warn(`inputs for ${event.target} wait for ${event.restMs} ms: ${event.reason}`, fields);
      return;
    case 'target:recovered':
      logger.info(`inputs for ${event.target} go on`, fields);
      return;
    case 'criteria:failed':
    case 'adapter:failed':
      logger.warn(`${types[event.type].replaceAll('_', ' ')}: ${event.reason}`, fields);
      return;
    case 'batch:recover':
      logger.info('a batch of inputs from before the start goes on', fields);
      return;
    default:
      logger.debug(types[event.type].replaceAll('_', ' '), fields);
  }
}
