import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import type { BatcherAdapter, OpenBatch, TransactionReceipt } from '../../node/batcher/adapters/adapter.ts';
import { parsePlainInput } from '../../node/batcher/input/plainInput.ts';

/** A chain of one file: every batch is a line of it, and the number of the line is its height. */
export function createLineAdapter(path: string): BatcherAdapter {
  const hashOf = ({ batchId, data }: OpenBatch) =>
    `0x${createHash('sha256').update(batchId).update(data).digest('hex')}`;

  async function readReceipt(batch: OpenBatch): Promise<TransactionReceipt | undefined> {
    const transactionHash = hashOf(batch);
    const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
    const blockNumber = lines.findIndex((line) => line.startsWith(transactionHash));
    if (blockNumber === -1) return undefined;
    const landed = batch.inputs.map(({ requestId }) => ({ requestId, transactionHash, ok: true as const }));
    return { transactionHash, blockNumber, landed };
  }

  return {
    inputBytesMax: 10_000,
    openBatchesMax: 1,
    isProcessedHere: false,
    validateInput: ({ input }) => parsePlainInput(input),
    buildBatchData: async (inputs) => {
      const selectedInputs = inputs.slice(0, 100);
      return { selectedInputs, data: JSON.stringify(selectedInputs.map(({ data }) => data.input)) };
    },
    estimateBatchFee: async () => 0n,
    submitBatch: async ({ batch, note }) => {
      const transactionHash = hashOf(batch);
      // On disk before anything leaves: after a crash it is known what to ask for.
      await note(transactionHash);
      if ((await readReceipt(batch)) === undefined)
        await appendFile(path, `${transactionHash} ${batch.data}\n`);
      return transactionHash;
    },
    waitForTransactionReceipt: async (batch) => {
      const receipt = await readReceipt(batch);
      if (receipt === undefined) throw new Error(`${path} does not have it`);
      return receipt;
    },
    findLandedTransaction: async (batch) => {
      const receipt = await readReceipt(batch);
      return receipt === undefined ? { state: 'absent' } : { state: 'landed', receipt };
    },
  };
}
