/** Refusals of an order: meaning (docs/errors.md), HTTP status, and whether the same bytes may pass later. */
import { type Refusal, refuse } from '../../../consensus/primitives/codedError.ts';

export const orderCodes = {
  ORDER_QUEUE_FULL: 'as many orders are queued as may be',
  ORDER_REQUEST_INVALID: 'the order does not have the documented shape',
  ORDER_SIGNATURE_INVALID: 'the payer did not sign this order for this chain',
  ORDER_UNKNOWN: 'this node knows no order of that id',
} as const;

export type OrderCode = keyof typeof orderCodes;

/** How each is answered over HTTP. */
export const orderAnswers = {
  ORDER_QUEUE_FULL: { status: 429, retryable: true },
  ORDER_REQUEST_INVALID: { status: 400, retryable: false },
  ORDER_SIGNATURE_INVALID: { status: 401, retryable: false },
  ORDER_UNKNOWN: { status: 404, retryable: false },
} as const satisfies Readonly<Record<OrderCode, { readonly status: number; readonly retryable: boolean }>>;

/** @param path - Place in the body of the request, a JSON pointer; empty: all of it. @param fix - What makes it pass. */
export function refuseOrder(
  code: OrderCode,
  path: string,
  fix: string,
  details: Readonly<Record<string, unknown>> = {},
): Refusal<OrderCode> {
  const place = path === '' ? '' : `${path}: `;
  return refuse(code, `${place}${orderCodes[code]}: ${fix}`, { path, ...details });
}
