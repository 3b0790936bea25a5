/** What callers are answered. Refusals that name a request say that it is stored: it can be asked after, and need not be sent again. */
import { accept, type Refusal, refuse, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { ConfirmationLevel } from '../criteria/confirmationLevel.ts';
import type { InputRow } from '../storage/inputRow.ts';
import type { News } from './callers.ts';
import { type BatcherCode, batcherCodes, type InputAnswer, type InputStatus } from './inputPipeline.ts';

/** Between an answer that the pipeline stops or rests and the next try of a client, in seconds: as long as the shortest rest. */
const RETRY_AFTER_S = 1;

/** @param row - As it was when the caller came, or is now. */
export function answerNow(row: InputRow, level: ConfirmationLevel, isDuplicate: boolean): InputAnswer {
  const { requestId, transactionHash, sidechainHeight: rollup } = row;
  return { requestId, level, isTimedOut: false, isDuplicate, transactionHash, rollup };
}

export function answerNews(news: News, row: InputRow, isDuplicate: boolean): Verdict<InputAnswer> {
  const { requestId } = row;
  switch (news.kind) {
    case 'reached':
      return accept({ ...answerNow(row, news.level, isDuplicate), ...hashAndRollup(news, row) });
    case 'timed_out':
      return accept({
        ...answerNow(row, news.level, isDuplicate),
        ...{ isTimedOut: true, transactionHash: news.transactionHash ?? row.transactionHash },
      });
    case 'failed':
      return refuseFailed(requestId, news.code);
    case 'parked':
      return refuseStored('BATCHER_TARGET_PARKED', requestId, { target: row.target, reason: news.code });
    case 'stopping':
      return refuseStored('BATCHER_STOPPING', requestId, {});
  }
}

export function refuseFailed(requestId: string, code: string): Refusal {
  const why =
    (batcherCodes as Readonly<Record<string, string>>)[code] ?? 'the chain of its target refused it for good';
  return refuse(
    code,
    `input ${requestId} failed: ${why}: the same is not tried again; mend what the code says, and sign it anew`,
    { request_id: requestId },
  );
}

export function refuseStored(
  code: BatcherCode,
  requestId: string,
  details: Readonly<Record<string, unknown>>,
): Refusal<BatcherCode> {
  const fix = `ask for the state of ${requestId} later; it need not be sent again`;
  return refuse(code, `${batcherCodes[code]}: ${fix}`, { request_id: requestId, ...details });
}

/** Nothing is stored, or nobody knows. */
export function refuseUnstored<Code extends BatcherCode>(code: Code): Refusal<Code> {
  return refuse(code, `${batcherCodes[code]}: send the same again in ${RETRY_AFTER_S} s`, {
    retry_after_s: RETRY_AFTER_S,
  });
}

export function statusOfRow(row: InputRow): InputStatus {
  const { requestId, target, state, attempts, parks, transactionHash, errorCode } = row;
  const { receivedAtMs, endedAtMs, sidechainHeight: rollup } = row;
  return {
    ...{ requestId, target, state, attempts, parks, transactionHash, rollup },
    ...{ errorCode, receivedAtMs, endedAtMs },
  };
}

function hashAndRollup(
  { transactionHash, rollup }: Extract<News, { readonly kind: 'reached' }>,
  row: InputRow,
) {
  return { transactionHash, rollup: rollup ?? row.sidechainHeight };
}
