/** Every code with which a transaction can be refused or fail, and `ok`; whatever else comes back was never explained to anybody. */
import { consensusCodes } from '../../../consensus/codes.ts';
import { atomicCodes } from '../../../settlement/atomic/codes.ts';
import { crossChainCodes } from '../../../settlement/bridge/codes.ts';
import { executionCodes } from '../../../settlement/execution/codes.ts';
import { transactionCodes } from '../../../settlement/execution/transaction.ts';
import { ledgerCodes } from '../../../settlement/ledger/codes.ts';
import { netCodes } from '../../../settlement/net/codes.ts';

const tables: readonly Readonly<Record<string, string>>[] = [
  atomicCodes,
  consensusCodes,
  crossChainCodes,
  executionCodes,
  ledgerCodes,
  netCodes,
  transactionCodes,
];

export const knownCodes: ReadonlySet<string> = new Set([
  'ok',
  ...tables.flatMap((codes) => Object.keys(codes)),
]);
