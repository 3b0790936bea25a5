/**
 * The servers that are compared, one a process: `batcher` is a node's HTTP server with the whole pipeline behind it, on `level`,
 * whose batches land at once; `baseline` is the same framework that reads the body, verifies one signature and answers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { EventLog } from '../../node/api/eventLog.ts';
import { inputEventLine } from '../../node/api/inputEvents.ts';
import { InputMetrics } from '../../node/api/inputMetrics.ts';
import { NodeLogger } from '../../node/api/logger.ts';
import type { NodeView } from '../../node/api/nodeView.ts';
import { ApiServer } from '../../node/api/server.ts';
import type { BatcherAdapter, TransactionReceipt } from '../../node/batcher/adapters/adapter.ts';
import { isInputSigned } from '../../node/batcher/input/inputSignature.ts';
import { SidechainGrammar } from '../../node/batcher/input/sidechainGrammar.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import { startBatcher } from '../../node/batcher/pipeline/startBatcher.ts';
import { openInputStorage } from '../../node/batcher/storage/openInputStorage.ts';
import { createGenesis } from '../../node/scenario/genesis.ts';
import { signedTextOf } from '../../settlement/input/signedText.ts';
import type { ServerKind, ServerOrder, ServerReport } from './batcherProcess.ts';
import { benchmarkScenario } from './scenario.ts';

interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

const kind = process.argv[2] as ServerKind;
const server = kind === 'baseline' ? await serveBaseline() : await serveBatcher();
process.on('message', (order: ServerOrder) => {
  if (order === 'stop') void server.stop().then(() => process.disconnect());
  else {
    // The second one takes what the first one's finalisers let go.
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    report({ type: 'usage', heapMb: heapUsed / 1e6, rssMb: rss / 1e6, cpuMs: (user + system) / 1000 });
  }
});
report({ type: 'ready', url: server.url });

function report(message: ServerReport): void {
  process.send?.(message);
}

async function serveBaseline(): Promise<RunningServer> {
  const app = fastify();
  app.post('/send-input', async (request, reply) => {
    const { data } = request.body as { readonly data: BatcherInput };
    if (isInputSigned(data, signedTextOf(data, ''))) return { success: true };
    return reply.code(401).send({ success: false });
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, stop: () => app.close() };
}

async function serveBatcher(): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sidereal-bench-level-'));
  const storage = await openInputStorage({
    type: 'level',
    directory,
    limits: { queuedRowsMax: 1_000_000, keptRowsMax: 10_000_000 },
  });
  const names = { nameOf: () => 'node-0', labelOf: () => undefined };
  const events = new EventLog({ self: 0, names, epoch: 'bench' });
  const metrics = new InputMetrics({ now: () => performance.now() });
  const unlimited = { burst: 1e9, perSecond: 1e9, keysMax: 65_536 };
  const batcher = await startBatcher(
    {
      adapters: { sidechain: createLandingAdapter() },
      defaultTarget: 'sidechain',
      batchingCriteria: {
        sidechain: { criteriaType: 'hybrid', timeWindowMs: 1000, maxBatchSize: 500 },
      },
      rateLimits: { client: unlimited, account: unlimited },
    },
    {
      storage,
      emit: (event) => {
        metrics.onEvent(event);
        events.append(inputEventLine(Math.floor(performance.now()), 'node-0', event));
      },
    },
  );
  const logger = new NodeLogger({ node: 'node-0', level: 'none', out: { write: () => undefined } });
  const node = { self: 0, version: 'bench', operator: undefined } as unknown as NodeView;
  const api = new ApiServer(
    { host: '127.0.0.1', port: 0, adminToken: '' },
    { node, events, logger, inputs: metrics.around(batcher), inputMetrics: metrics },
  );
  const url = await api.start();
  const stop = async (): Promise<void> => {
    await batcher.stop();
    await api.stop();
    rmSync(directory, { recursive: true });
  };
  return { url, stop };
}

/** The grammar of the sidechain; a chain in whose next block everything lands. */
function createLandingAdapter(): BatcherAdapter {
  const scenario = benchmarkScenario({ crypto: 'full', nodes: 4, transactions: 0, duration: '10s' });
  const grammar = new SidechainGrammar(createGenesis(scenario).genesis);
  let height = 0;
  return {
    inputBytesMax: 16_384,
    openBatchesMax: 8,
    isProcessedHere: true,
    validateInput: ({ input, address }) => grammar.parse(input, address.toLowerCase()),
    buildBatchData: async (inputs) => ({
      selectedInputs: inputs,
      data: inputs.map(({ requestId }) => requestId).join(','),
    }),
    estimateBatchFee: async () => 0n,
    submitBatch: async ({ batch, note }) => {
      await note(batch.batchId);
      return batch.batchId;
    },
    waitForTransactionReceipt: async (batch, transactionHash): Promise<TransactionReceipt> => {
      height += 1;
      const landed = batch.inputs.map(({ requestId }) => ({
        ...{ requestId, transactionHash, ok: true as const, sidechainHeight: height },
      }));
      return { transactionHash, blockNumber: height, landed };
    },
  };
}
