/** `sidereal chain`: the settlement chain of a network, from its configuration file, until it is told to stop. */
import { join } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { STORE_FOLDER } from '../devnet/folders.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import type { CliIo } from './io.ts';
import { type ProcessConfigOptions, readProcessConfig } from './processConfig.ts';
import { untilStopped } from './untilStopped.ts';

/** Runs a settlement chain. @returns The exit code, when it has stopped. */
export async function runChain(options: ProcessConfigOptions, io: CliIo): Promise<ExitCode> {
  const config = readProcessConfig(options, io);
  if (config === undefined) return exitCodes.usage;
  const { genesisMs } = config.chain;
  if (genesisMs === undefined) {
    const message = 'chain.genesis_ms: expected the instant of genesis, the same for all, got nothing';
    throw new CodedError('CONFIG_KEY_NEEDED', message, { key: 'chain.genesis_ms' });
  }
  const { host, port, adminToken } = config.api;
  return untilStopped({
    start: async ({ failed }) => {
      // As in nodeCommand.ts: after the configuration, and after signals are heeded.
      const { startSettlementProcess } = await import('../devnet/settlementProcess.ts');
      const chain = await startSettlementProcess(
        {
          config,
          genesisMs,
          directory: join(config.storage.path, STORE_FOLDER),
          host,
          port,
          adminToken: adminToken === '' ? undefined : adminToken,
        },
        failed,
      );
      return { url: chain.url, p2p: '', stop: () => chain.stop(), chain };
    },
    order: ({ chain }, order) => {
      if (order.type === 'genesis') chain.clock.moveGenesis(order.genesisMs);
    },
    started: ({ url }) => io.err(`the settlement chain is up: JSON-RPC at ${url}; Ctrl-C stops it\n`),
  });
}
