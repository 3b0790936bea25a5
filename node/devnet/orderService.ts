/**
 * What a node does with orders, from its configuration: runs the engine, names the node that does, or pays each at once. Its
 * database is opened before the node starts; the engine is started once the node runs, and stopped before it does.
 */
import { toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { autoBatchEventLine, logAutoBatchEvent } from '../api/autoBatchEvents.ts';
import { AutoBatchMetrics } from '../api/autoBatchMetrics.ts';
import type { EventLog } from '../api/eventLog.ts';
import type { NodeLogger } from '../api/logger.ts';
import type { NodeView } from '../api/nodeView.ts';
import type { AutoBatch, OrderEngine } from '../autobatch/autoBatch.ts';
import type { AutoBatchEvent } from '../autobatch/engine/events.ts';
import { DirectOrders } from '../autobatch/ledger/directOrders.ts';
import { NodeLedger } from '../autobatch/ledger/nodeLedger.ts';
import type { OrderDesk } from '../autobatch/orderDesk.ts';
import { pause } from '../backOff.ts';
import type { Config } from '../config/types.ts';
import type { Clock } from '../runtime/systemClock.ts';

export interface OrderServiceOptions {
  readonly config: Pick<Config, 'autoBatch'>;
  readonly genesis: Genesis;
  readonly self: ValidatorIndex;
  /** Of the validator; the account that carries orders to the ledger has a key derived from it. */
  readonly validatorKey: Uint8Array;
}

export interface OrderServiceDependencies {
  readonly node: Pick<NodeView, 'reader' | 'submit'>;
  readonly events: Pick<EventLog, 'append'>;
  readonly logger: NodeLogger;
  readonly clock: Clock;
}

export class OrderService {
  readonly metrics = new AutoBatchMetrics();
  readonly #options: OrderServiceOptions;
  /** Undefined: no engine runs on this node. */
  readonly #engine: AutoBatch | undefined;

  private constructor(options: OrderServiceOptions, engine: AutoBatch | undefined) {
    this.#options = options;
    this.#engine = engine;
  }

  /**
   * Opens the database, where this node runs the engine; else it loads and opens nothing.
   * @throws {CodedError} `AUTO_BATCH_DATABASE_…`, saying which keys it is about.
   */
  static async open(options: OrderServiceOptions): Promise<OrderService> {
    return new OrderService(options, runsEngine(options) ? await openEngine(options) : undefined);
  }

  /** Starts the engine. @returns For the API. */
  start({ node, events, logger, clock }: OrderServiceDependencies): OrderDesk {
    const { config, genesis, self, validatorKey } = this.#options;
    const { enabled, node: engineNode, nodeApi } = config.autoBatch;
    const secretKey = deriveSecretKey(toHex(validatorKey), 'orders');
    if (!enabled) return { type: 'direct', direct: new DirectOrders({ genesis, node, secretKey }) };
    const engine = this.#engine;
    if (engine === undefined)
      return { type: 'elsewhere', node: engineNode, api: nodeApi === '' ? undefined : nodeApi };
    const { name } = genesis.validators.at(self);
    engine.start({
      ledgerOf: (ordersOf) => new NodeLedger({ genesis, node, secretKey, ordersOf, wait: pause }),
      onEvent: (event: AutoBatchEvent) => {
        this.metrics.onEvent(event);
        events.append(autoBatchEventLine(Math.floor(clock.now()), name, event));
        logAutoBatchEvent(logger, event);
      },
    });
    this.metrics.readFrom(() => engine.figures());
    return { type: 'engine', engine: counted(engine, this.metrics) };
  }

  /** Takes no orders any more; what is under way is written down. The engine can still be asked. */
  async stop(): Promise<void> {
    await this.#engine?.stop();
  }

  /** Lets go of the database. */
  async close(): Promise<void> {
    await this.#engine?.close();
  }
}

function runsEngine({ config, genesis, self }: OrderServiceOptions): boolean {
  const { enabled, dbType, node } = config.autoBatch;
  return enabled && (dbType === 'psql' || genesis.validators.at(self).name === node);
}

async function openEngine({ config, genesis, self }: OrderServiceOptions): Promise<AutoBatch> {
  const { AutoBatch } = await import('../autobatch/autoBatch.ts');
  const { dbType, dbUrl, ...rest } = config.autoBatch;
  const { chainId } = genesis;
  try {
    return await AutoBatch.open({
      ...rest,
      engine: genesis.validators.at(self).name,
      database: dbType === 'psql' ? { type: 'psql', url: dbUrl, chainId } : { type: 'in-memory', chainId },
    });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new CodedError(error.code, `auto_batch: ${error.message}`, error.details, { cause: error });
  }
}

/** The engine for the API: hands everything on, and counts what parties are told. */
function counted(engine: OrderEngine, metrics: AutoBatchMetrics): OrderEngine {
  return {
    addOrder: async (body) => {
      try {
        const taken = await engine.addOrder(body);
        if (taken.ok) metrics.noteTaken(taken.value.isRepeat);
        else metrics.noteRefused(taken.code);
        return taken;
      } catch (error) {
        if (error instanceof CodedError) metrics.noteRefused(error.code);
        throw error;
      }
    },
    order: (orderId) => engine.order(orderId),
    orders: (query) => engine.orders(query),
    batch: (batchId) => engine.batch(batchId),
    batches: (query) => engine.batches(query),
    figures: () => engine.figures(),
  };
}
