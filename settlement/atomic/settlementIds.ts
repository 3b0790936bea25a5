/**
 * Ids of settlements that no request names: the chain derives them. They lie in a range of their own that no request may use;
 * else anybody could take such an id in advance, for next to nothing, and what has to settle under it could never settle.
 */
import { fromHex } from '../../consensus/primitives/bytes.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';

const RESERVED_PREFIX = '0xffffffff';
/** What is settled so; the byte goes in front of its id and never changes its meaning. */
const sources = { channel: 1 } as const;

/** The id of the one settlement that ends that channel without a request: known before it happens. */
export function ownSettlementId(source: keyof typeof sources, id: Hash): Hash {
  const digest = hashBytes('ownSettlement', Uint8Array.of(sources[source]), fromHex(id));
  return RESERVED_PREFIX + digest.slice(RESERVED_PREFIX.length);
}

export function isReservedSettlementId(settlementId: Hash): boolean {
  return settlementId.startsWith(RESERVED_PREFIX);
}
