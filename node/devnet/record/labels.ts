/**
 * Names for the accounts of a network. A scenario knows accounts by label and derives their keys, so what an address did
 * is done by a label in its place.
 */
import type { Address } from '../../../consensus/primitives/flavor.ts';
import { accountOfKey } from '../../../consensus/primitives/flavor.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { namePattern } from '../../config/fields.ts';
import { DEFAULT_ACCOUNT, ORACLE_ACCOUNT } from '../../scenario/transactions.ts';

export class AccountLabels {
  readonly #byAddress = new Map<Address, string>();
  readonly #used = new Set<Address>();
  readonly #taken = new Set<string>([DEFAULT_ACCOUNT, ORACLE_ACCOUNT]);

  /** Genesis accounts keep their labels where a scenario can have them; validators are called by name. */
  constructor({ accounts, ledger, validators }: Genesis) {
    this.#byAddress.set(ledger.oracle, ORACLE_ACCOUNT);
    for (const [index, { address, label }] of accounts.entries()) {
      const isFit = label !== address && namePattern.test(label) && !this.#taken.has(label);
      this.#name(address, isFit ? label : this.#free('account', index));
    }
    for (const { name, publicKey } of validators.validators) {
      this.#name(accountOfKey(publicKey), this.#taken.has(name) ? this.#free(name, 0) : name);
    }
  }

  of(address: Address): string {
    this.#used.add(address);
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    const label = this.#free('wallet', this.#byAddress.size);
    this.#name(address, label);
    return label;
  }

  /** Every address whose name was asked for, with it. */
  entries(): readonly (readonly [Address, string])[] {
    return [...this.#byAddress].filter(([address]) => this.#used.has(address));
  }

  #name(address: Address, label: string): void {
    if (this.#byAddress.has(address)) return;
    this.#byAddress.set(address, label);
    this.#taken.add(label);
  }

  #free(stem: string, from: number): string {
    let number = from;
    while (this.#taken.has(`${stem}-${number}`)) number += 1;
    return `${stem}-${number}`;
  }
}
