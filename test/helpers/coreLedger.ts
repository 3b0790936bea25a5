/** The ledger of the order engine over bare cores in virtual time: alice and bob have 1000 UM each, others nothing. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { LedgerNode } from '../../node/autobatch/ledger/ledgerNode.ts';
import { NodeLedger, type NodeLedgerDependencies } from '../../node/autobatch/ledger/nodeLedger.ts';
import type { SignedOrder } from '../../node/autobatch/store/order.ts';
import type { OrderTerms } from '../../settlement/atomic/order.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { accountOf } from '../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../settlement/ledger/assets.ts';
import { CoreSidechain } from './coreSidechain.ts';
import { signedOrder } from './signedOrders.ts';

/** Somebody who is paid, and has no key. */
export const payee = `0x${'ab'.repeat(32)}`;
/** Of the account that carries batches; genesis knows nothing of it. */
export const carrierKey = new Uint8Array(32).fill(9);

export class CoreLedger {
  readonly world = new CoreSidechain();
  /** What was handed over, by whichever ledger. */
  readonly carried: Uint8Array[] = [];

  get genesis(): Genesis {
    return this.world.network.genesis;
  }

  /** Makes the chain run and gives alice and bob their money. */
  async fund(): Promise<void> {
    await this.pass(6000);
    for (const label of ['alice', 'bob']) {
      await this.world.portOf(0).submit(this.world.input(label, 'borrow|UM|1000').bytes);
    }
    await this.pass(6000);
  }

  pass(ms: number): Promise<void> {
    return this.world.run(this.world.network.nowMs + ms);
  }

  order(payer: string, reference: string, terms: Partial<OrderTerms> = {}): SignedOrder {
    return signedOrder(this.genesis, this.world.keys.account(payer), { to: payee, reference, ...terms });
  }

  /** @param changes - What the node does otherwise. */
  ledgerOf(
    node: number,
    ordersOf: NodeLedgerDependencies['ordersOf'],
    changes: Partial<LedgerNode> = {},
  ): NodeLedger {
    const port = this.world.portOf(node);
    const submit: LedgerNode['submit'] = (bytes) => {
      this.carried.push(bytes);
      return port.submit(bytes);
    };
    const reader = (): ReturnType<LedgerNode['reader']> => this.reader(node);
    const view = { submit, reader, ...changes };
    return new NodeLedger({
      genesis: this.genesis,
      node: view,
      secretKey: carrierKey,
      ordersOf,
      wait: untilAborted,
    });
  }

  reader(node: number) {
    const core = this.world.network.nodes[node]?.core;
    if (core === undefined) throw new RangeError(`no node ${node}`);
    return core.reader();
  }

  balance(address: string, node = 0): bigint {
    const { ledger } = this.genesis;
    const account = accountOf(this.reader(node).finalizedState(), ledger, address);
    return account.balances[assetIndexOf(ledger, 'UM')] ?? 0n;
  }
}

/** The orders of each command, as the database has them. */
export function booked(commands: Readonly<Record<Hash, readonly SignedOrder[]>>) {
  return async (commandId: Hash): Promise<readonly SignedOrder[]> => commands[commandId] ?? [];
}

/** No time passes by itself. */
export function untilAborted(_: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
