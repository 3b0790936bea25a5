/** Run as a process of its own: a settlement chain on `directory port genesisMs`, until it is told to stop or is killed. */
import { startSettlementProcess } from '../../node/devnet/settlementProcess.ts';
import { createGenesis, networkConfigOf } from '../../node/scenario/genesis.ts';
import { scenarioOf } from './coreNetwork.ts';
import { fastScenario } from './runtimeNetwork.ts';

const [directory = '', port = '0', genesisMs = '0'] = process.argv.slice(2);
const scenario = scenarioOf(fastScenario);
const named = networkConfigOf(scenario, createGenesis(scenario));
const chain = await startSettlementProcess(
  {
    // What it says goes to the test alone.
    config: { ...named, log: { ...named.log, file: `${directory}.log` } },
    genesisMs: Number(genesisMs),
    directory,
    host: '127.0.0.1',
    port: Number(port),
    adminToken: 'test',
  },
  (error) => {
    throw error;
  },
);
process.stdout.write(`${chain.url}\n`);
await new Promise((resolve) => process.once('SIGTERM', resolve));
await chain.stop();
process.stdout.write('stopped\n');
