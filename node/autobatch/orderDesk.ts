/** Where orders go on one node: into its engine, to the node that runs one, or to the ledger at once where auto-batch is off. */
import type { OrderEngine } from './autoBatch.ts';
import type { DirectOrders } from './ledger/directOrders.ts';

export type OrderDesk =
  | { readonly type: 'engine'; readonly engine: OrderEngine }
  | {
      readonly type: 'elsewhere';
      readonly node: string;
      /** URL of its API; undefined: nobody said. */
      readonly api: string | undefined;
    }
  | { readonly type: 'direct'; readonly direct: DirectOrders };
