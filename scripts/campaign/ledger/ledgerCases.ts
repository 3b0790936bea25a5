/** Cases of the campaign that try the ledger alone. A case is a pure function of its name. */
import { Random } from '../../../consensus/primitives/random.ts';
import { checkConservation } from './conservation.ts';
import { type CaseReport, createLedgerCast } from './ledgerWorld.ts';
import { fuzzRequests } from './requestFuzz.ts';
import { fuzzBodies, fuzzTransactions } from './transactionFuzz.ts';

/** Sequences of valid transactions, changed bytes of transactions, changed bodies over HTTP, changed requests of scenarios. */
export const ledgerCaseKinds = ['ledger', 'bytes', 'bodies', 'requests'] as const;

/** Blocks of a sequence, and inputs of the others. */
const BLOCKS = 80;
const TRANSACTIONS = 500;
const BODIES = 200;
const REQUESTS = 100;

/** @returns Undefined for the name of another kind of case. */
export function runLedgerCase(name: string): CaseReport | undefined {
  const kind = ledgerCaseKinds.find((prefix) => name.startsWith(`${prefix}/`));
  const random = new Random(name);
  switch (kind) {
    case undefined:
      return undefined;
    case 'ledger':
      return checkConservation(createLedgerCast(), random, BLOCKS);
    case 'bytes':
      return fuzzTransactions(createLedgerCast(), random, TRANSACTIONS);
    case 'bodies':
      return fuzzBodies(createLedgerCast(), random, BODIES);
    case 'requests':
      return fuzzRequests(random, REQUESTS);
  }
}
