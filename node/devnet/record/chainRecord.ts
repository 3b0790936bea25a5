/**
 * What a network made so far, as far as a scenario can repeat it: the transactions of every block and the net batches.
 * Read from the HTTP API of a running node, or from the store of one that stands still; both give the same.
 */
import { fromHex } from '../../../consensus/primitives/bytes.ts';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import { createCrypto } from '../../../consensus/primitives/cryptoPolicy.ts';
import type { Signer } from '../../../consensus/primitives/signature.ts';
import { SIGNATURE_BYTES } from '../../../consensus/primitives/signature.ts';
import { listBatches, type ShownBatch } from '../../api/batchRoutes.ts';
import { archiveLimits } from '../../core/archive.ts';
import { NodeCore } from '../../core/nodeCore.ts';
import type { NodeOptions } from '../../core/ports.ts';
import type { NodeReader } from '../../core/reader.ts';
import type { RecoveredRow } from '../../core/types.ts';
import { getJson, type Json } from '../apiClient.ts';
import type { DevnetCode } from '../codes.ts';

/** Batches asked for at once. */
const PAGE = 100;

export interface RecordedBlock {
  readonly height: number;
  /** As they stand in the block. */
  readonly transactions: readonly Uint8Array[];
  readonly evidenceCount: number;
}

export interface ChainRecord {
  /** From height 1, without a gap. */
  readonly blocks: readonly RecordedBlock[];
  /** Those sealed by these blocks, ascending; from 1 unless the node has let old ones go. */
  readonly batches: readonly ShownBatch[];
}

/** Where a chain can be looked at. */
export interface ChainSource {
  finalizedHeight(): Promise<number>;
  /** Undefined: no longer kept. */
  block(height: number): Promise<RecordedBlock | undefined>;
  /** All that are kept, newest first. */
  batches(): Promise<readonly ShownBatch[]>;
}

/**
 * Reads a chain from its first block.
 * @param toHeight - The last block to take; undefined: the newest final one.
 * @throws {CodedError} `RECORD_HISTORY_PRUNED`, `RECORD_NO_BLOCKS`, and those of the source.
 */
export async function readChain(source: ChainSource, toHeight?: number): Promise<ChainRecord> {
  const finalized = await source.finalizedHeight();
  const last = Math.min(toHeight ?? finalized, finalized);
  if (last < 1) {
    const code: DevnetCode = 'RECORD_NO_BLOCKS';
    throw new CodedError(code, 'the network has made no block yet: there is nothing to record');
  }
  const blocks: RecordedBlock[] = [];
  for (let height = 1; height <= last; height += 1) {
    const block = await source.block(height);
    if (block === undefined) throw await prunedError(source, height, finalized);
    blocks.push(block);
  }
  const batches = (await source.batches()).filter(({ to_height }) => to_height <= last);
  return { blocks, batches: [...batches].sort((one, other) => one.seq - other.seq) };
}

/** A run that lacks its beginning cannot be repeated: what accounts and pools held by then is not known. */
async function prunedError(source: ChainSource, missing: number, finalized: number): Promise<CodedError> {
  let gone = missing;
  let kept = finalized;
  while (kept - gone > 1) {
    const middle = Math.floor((gone + kept) / 2);
    if ((await source.block(middle)) === undefined) gone = middle;
    else kept = middle;
  }
  const code: DevnetCode = 'RECORD_HISTORY_PRUNED';
  return new CodedError(
    code,
    `blocks are kept from height ${kept} on, and a recording begins with block 1: start the network with more simulation.history_blocks than it is to make`,
    { from_height: kept, finalized_height: finalized },
  );
}

/** A running node. */
export function sourceOfApi(api: string): ChainSource {
  return {
    finalizedHeight: async () => Number((await getJson(api, '/status')).finalized_height),
    block: async (height) => {
      try {
        return showBlock(await getJson(api, `/blocks/${height}`));
      } catch (cause) {
        if (cause instanceof CodedError && cause.code === 'BLOCK_UNKNOWN') return undefined;
        throw cause;
      }
    },
    batches: async () => {
      const batches: ShownBatch[] = [];
      for (let before: unknown; before !== null; ) {
        const from = before === undefined ? '' : `&before=${String(before)}`;
        const page = await getJson(api, `/batches?limit=${PAGE}${from}`);
        batches.push(...(page.batches as readonly ShownBatch[]));
        before = page.next_before;
      }
      return batches;
    },
  };
}

function showBlock({ height, transactions, evidence_count }: Json): RecordedBlock {
  return {
    height: Number(height),
    transactions: (transactions as readonly Json[]).map(({ transaction }) => fromHex(String(transaction))),
    evidenceCount: Number(evidence_count),
  };
}

/** The rows of a store: a core that is started on them, and never heard of. */
export function sourceOfRows(rows: readonly RecoveredRow[], options: NodeOptions): ChainSource {
  const { genesis, self } = options;
  const { publicKey } = genesis.validators.at(self);
  // Whatever it signs as it starts goes nowhere.
  const signer: Signer = { publicKey, sign: () => new Uint8Array(SIGNATURE_BYTES) };
  const core = new NodeCore(
    { ...options, archive: archiveLimits },
    {
      crypto: createCrypto('full'),
      signer,
      executions: undefined,
      messages: undefined,
      goodItems: undefined,
      observer: undefined,
    },
  );
  core.handle({ type: 'started', nowMs: 0, recovered: rows, peers: [], mayHaveRun: true });
  return sourceOfReader(core.reader());
}

function sourceOfReader(reader: NodeReader): ChainSource {
  return {
    finalizedHeight: async () => reader.status().finalizedHeight,
    block: async (height) => {
      const block = reader.block(height)?.block;
      if (block === undefined) return undefined;
      const { transactions, evidence } = block.body;
      return { height, transactions, evidenceCount: evidence.length };
    },
    batches: async () => listBatches(reader, undefined, Number.MAX_SAFE_INTEGER),
  };
}
