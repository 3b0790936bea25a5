/** Conditions on the ledger about accounts and ids that nothing in the scenario names: most often a slip of the pen. */
import { namedAccounts } from './genesis.ts';
import type { LedgerCondition } from './ledgerConditions.ts';
import type { Scenario, ScenarioTransaction } from './types.ts';

type Named = Pick<Scenario, 'config' | 'timeline' | 'workload' | 'accounts'>;
type Kind = 'account' | 'escrow' | 'channel' | 'atomic batch' | 'settlement';

/** Whom and what a scenario names. */
export class ScenarioNames {
  readonly #names: Readonly<Record<Kind, ReadonlySet<string>>>;
  /** Accounts of generated workloads have names that the file does not say. */
  readonly #isOpen: boolean;

  constructor(scenario: Named) {
    const { config, timeline, workload, accounts = [] } = scenario;
    const operations = timeline.flatMap(({ transactions }) => transactions.map(({ operation }) => operation));
    const batches = operations.filter((operation) => operation.type === 'atomic_batch');
    this.#isOpen = workload.type === 'uniform' || workload.type === 'model';
    this.#names = {
      account: new Set([
        ...namedAccounts(scenario),
        ...accounts.map(({ label }) => label),
        ...config.ledger.accounts.map(({ label }) => label),
        ...config.validators.map(({ name }) => name),
      ]),
      escrow: idsOf(operations, 'escrow_open'),
      channel: idsOf(operations, 'channel_open'),
      'atomic batch': idsOf(operations, 'atomic_batch'),
      settlement: new Set(batches.flatMap(({ requests }) => requests.map(({ id }) => id))),
    };
  }

  /** @returns Why no run can tell, or undefined. */
  findUnknown(condition: LedgerCondition): string | undefined {
    switch (condition.type) {
      case 'balance':
        return this.#isOpen ? undefined : this.#check('account', condition.account);
      case 'escrow':
      case 'channel':
        return this.#check(condition.type, condition.id);
      case 'atomic_batch':
        return this.#check('atomic batch', condition.id);
      case 'receipt':
        return this.#check('settlement', condition.id);
      default:
        return undefined;
    }
  }

  #check(kind: Kind, name: string): string | undefined {
    if (this.#names[kind].has(name)) return undefined;
    const known = [...this.#names[kind]].sort().join(', ');
    return `nothing in the scenario names the ${kind} ${name}; it has ${known === '' ? 'none' : known}`;
  }
}

function idsOf(
  operations: readonly ScenarioTransaction['operation'][],
  type: 'escrow_open' | 'channel_open' | 'atomic_batch',
): ReadonlySet<string> {
  return new Set(operations.flatMap((operation) => (operation.type === type ? [operation.id] : [])));
}
