/**
 * What a network did as the text of a scenario file, proven: it is read back and run in the simulation before anybody gets
 * to see it, and refused unless it gives the same batches.
 */
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { YAML_BYTES_MAX } from '../config/located.ts';
import { formatProblems } from '../config/problem.ts';
import type { Config } from '../config/types.ts';
import type { DevnetCode } from '../devnet/codes.ts';
import { type ChainRecord, type ChainSource, readChain } from '../devnet/record/chainRecord.ts';
import { recordScenario } from '../devnet/record/recordScenario.ts';
import type { RunResult } from '../report/result.ts';
import { parseScenario } from '../scenario/loadScenario.ts';
import { writeScenario } from '../simulation/fuzz/writeScenario.ts';
import { runSimulation } from '../simulation/run.ts';

export interface Recording {
  readonly text: string;
  readonly blockCount: number;
  readonly transactionCount: number;
  readonly batchCount: number;
}

export interface NetworkToRecord {
  readonly config: Config;
  readonly seed: number;
  readonly genesis: Genesis;
  readonly source: ChainSource;
  /** Last block to take; undefined: the newest final one. */
  readonly toHeight?: number | undefined;
}

/**
 * @param file - Name of the file that is to be, for messages.
 * @throws {CodedError} `RECORD_TOO_LONG`, `RECORD_DIVERGES`, `RECORD_HISTORY_PRUNED`, `RECORD_NO_BLOCKS`, and those of
 *   the source.
 */
export async function makeRecording(network: NetworkToRecord, file: string): Promise<Recording> {
  const chain = await readChain(network.source, network.toHeight);
  const { scenario, comments, transactionCount } = recordScenario({ ...network, chain });
  const text = writeScenario(scenario, comments);
  checkLength(text, chain);
  const parsed = parseScenario(text, file);
  if (!parsed.ok) throw diverging(`it cannot be read back: ${formatProblems(parsed.problems)}`);
  const difference = findDifference(runSimulation(parsed.value.scenario));
  if (difference !== undefined) throw diverging(difference);
  const { blocks, batches } = chain;
  return { text, blockCount: blocks.length, transactionCount, batchCount: batches.length };
}

/** Files of scenarios have a limit, so that no file holds a reader up. */
function checkLength(text: string, { blocks }: ChainRecord): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= YAML_BYTES_MAX) return;
  // A little less than what would fit if every block were like the average one.
  const fitting = Math.max(1, Math.floor((blocks.length * YAML_BYTES_MAX * 0.9) / bytes));
  const code: DevnetCode = 'RECORD_TOO_LONG';
  throw new CodedError(
    code,
    `${blocks.length} blocks make a scenario of ${bytes} bytes, and one has at most ${YAML_BYTES_MAX}: record the first part with --to-height ${fitting}`,
    { bytes, bytes_max: YAML_BYTES_MAX, blocks: blocks.length, blocks_fitting: fitting },
  );
}

/** The expectations are the batches of the network. */
function findDifference({ expectations, errors, laws }: RunResult): string | undefined {
  const [error] = errors;
  if (error !== undefined) return error;
  const failed = expectations.find(({ ok }) => !ok);
  if (failed !== undefined) return `${failed.text}: ${failed.detail}`;
  const broken = laws.find(({ violations }) => violations.length > 0);
  return broken === undefined ? undefined : `the law of ${broken.name} is broken`;
}

function diverging(difference: string): CodedError {
  const code: DevnetCode = 'RECORD_DIVERGES';
  return new CodedError(
    code,
    `the scenario would not give the batches of the network, so none is written; run in the simulation, ${difference}`,
    { difference },
  );
}
