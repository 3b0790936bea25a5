/** A mock settlement chain as a process runs it: its log in a folder, its blocks by the system's clock, its door on a port. */
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { DoubleSettlementWatch } from '../../settlement/chain/doubleSettlementWatch.ts';
import type { NodeLogger } from '../api/logger.ts';
import { SettlementServer, settlementListenRefused } from '../api/settlementServer.ts';
import type { Config } from '../config/types.ts';
import { LevelStore } from '../runtime/levelStore.ts';
import { SettlementHost, type SettlementObserver } from '../runtime/settlementHost.ts';
import { SettlementRpc } from '../runtime/settlementRpc.ts';
import { SystemClock } from '../runtime/systemClock.ts';
import { realReorgDepthMax } from '../scenario/faultKinds.ts';
import { genesisOf } from '../scenario/genesis.ts';
import { createSettlementChain } from '../scenario/settlementChain.ts';
import { checkEndpoints } from './preflight.ts';
import { checkLog, openLog } from './processLog.ts';

/** Blocks kept for nodes that ask: years of them, since one that begins with an empty disk wants all. */
const HISTORY_BLOCKS = 2 ** 24;

export interface SettlementProcessOptions {
  /** Of the network that settles here. */
  readonly config: Config;
  /** The genesis instant, in ms since 1970. */
  readonly genesisMs: number;
  /** Folder of its data. */
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  readonly adminToken: string | undefined;
}

export interface SettlementProcess {
  readonly url: string;
  readonly clock: SystemClock;
  /** Lets calls under way end; leaves no timer, port or lock behind. */
  stop(): Promise<void>;
}

/**
 * @param onFailure - The log can no longer be written: the process is to end.
 * @throws {CodedError} Of the store, `SETTLEMENT_LISTEN_FAILED` and `LOG_UNWRITABLE`.
 */
export async function startSettlementProcess(
  options: SettlementProcessOptions,
  onFailure: (error: unknown) => void,
): Promise<SettlementProcess> {
  const { config, genesisMs, directory, host: address, port, adminToken } = options;
  const { chainId, validators } = genesisOf(config);
  const { blockTimeMs, seed = 0 } = config.settlementChain;
  const verifier = createCrypto('full');
  const chain = createSettlementChain(
    { config, seed },
    { chainId, validators, verifier, historyBlocks: HISTORY_BLOCKS, reorgDepthMax: realReorgDepthMax },
  );
  const clock = new SystemClock(genesisMs);
  checkLog(config.log);
  await checkEndpoints([
    { host: address, port, refused: (cause) => settlementListenRefused(address, port, cause) },
  ]);
  const store = await LevelStore.open({ directory, chainId });
  const logger = await openLog(config.log, 'settlement', store);
  const host = await SettlementHost.open(
    { blockTimeMs },
    {
      chain,
      doubleSettlements: new DoubleSettlementWatch({ chainId, validators }, { verifier }),
      store,
      clock,
      indexOf: (name) => validators.validators.find((validator) => validator.name === name)?.index,
      observer: observerInto(logger),
      onFailure: (error) => {
        logger.error('the settlement chain cannot go on', error);
        onFailure(error);
      },
    },
  ).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const rpc = new SettlementRpc({ chainId, clock, blockTimeMs }, host);
  const server = new SettlementServer(
    { host: address, port, adminToken },
    { answer: (body, isAdmin) => rpc.handle(body, isAdmin) },
  );
  try {
    const url = await server.start();
    logger.info('started', { url, pid: process.pid, height: chain.head.height });
    return {
      url,
      clock,
      stop: async () => {
        await server.stop();
        await host.stop();
        logger.info('stopped', { height: chain.head.height });
        logger.close();
      },
    };
  } catch (error) {
    await host.stop();
    throw error;
  }
}

/** Blocks that do something are worth a line; the empty ones only to who asks for everything. */
function observerInto(logger: NodeLogger): SettlementObserver {
  return {
    block: ({ height, baseFee, gasUsed, events }) => {
      const fields = { height, base_fee: String(baseFee), gas_used: gasUsed };
      logger.debug('block', fields);
      for (const event of events) {
        if (event.type === 'batch_settled') logger.info('batch settled', { ...fields, batch: event.seq });
        if (event.type === 'batch_reverted') {
          logger.warn('batch reverted', { ...fields, batch: event.seq, code: event.code });
        }
      }
    },
    refused: (code) => logger.info('transaction refused', { code }),
    fault: (fault, on) => logger.warn(on ? 'fault on' : 'fault off', { ...fault }),
  };
}
