/** What nodes mean when they do not take a transaction. There are no codes for it, only words: those of geth, reth, erigon, nethermind, besu and anvil. */
import type { NodeRefusal } from './evmNode.ts';

export type SendRefusal =
  /** It has these very bytes. */
  | 'known'
  /** Its pool holds another one of that nonce, or asks for higher fees. */
  | 'underpriced'
  /** The nonce is used in a block. */
  | 'nonce used'
  /** Nothing that the transaction could do better: funds, a full pool, a base fee that rose. */
  | 'other';

const words: readonly (readonly [SendRefusal, RegExp])[] = [
  ['known', /already ?known|already imported|known transaction|already exists/i],
  ['underpriced', /underpriced|replacement|gas price too low|fee too low/i],
  ['nonce used', /nonce (?:is )?too low|nonce too small|old ?nonce|nonce.*already been used/i],
];

export function readSendRefusal({ message }: NodeRefusal): SendRefusal {
  return words.find(([, pattern]) => pattern.test(message))?.[0] ?? 'other';
}
