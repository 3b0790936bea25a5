/** Reads `workload:`: a trace placed into blocks, the uniform generator, or a model of traffic. */
import { resolveBeside, type TextReader } from '../config/configSources.ts';
import type { ScenarioContext } from './context.ts';
import { readModel } from './model/modelReader.ts';
import type { MapPlace, Place, Reader } from './reader.ts';
import { assetsOf, placeRows, readTrace, type TracePlacement, type TraceRow } from './trace.ts';
import type { Workload } from './types.ts';

const UNIFORM_TRANSACTIONS_MAX = 100_000;

/** A workload with, for a trace, its rows as they stand in the file. */
export interface PlacedWorkload {
  readonly workload: Workload;
  readonly rows: readonly TraceRow[];
  readonly file: string | undefined;
}

export interface WorkloadSource {
  readonly context: ScenarioContext;
  /** The scenario's file: trace paths are relative to it. */
  readonly file: string;
  readonly readText: TextReader;
}

/** Reads `workload:`; with problems it gives none. */
export function readWorkload(source: WorkloadSource, place: Place | undefined): PlacedWorkload {
  const { reader } = source.context;
  const none: PlacedWorkload = { workload: { type: 'none' }, rows: [], file: undefined };
  if (place === undefined) return none;
  const map = reader.map(
    place,
    ['trace', 'time_scale', 'blocks', 'uniform', 'model'],
    '{ trace: flows.csv, blocks: 300 } or { uniform: { transactions_per_block: 5 } }',
  );
  if (map === undefined) return none;
  const tracePlace = reader.get(map, 'trace');
  const uniformPlace = reader.get(map, 'uniform');
  const modelPlace = reader.get(map, 'model');
  const kinds = [tracePlace, uniformPlace, modelPlace].filter((one) => one !== undefined);
  if (kinds.length !== 1) {
    reader.report(
      place.value.at,
      place.path,
      'SCENARIO_KEYS_CONFLICT',
      'expected exactly one of trace, uniform and model',
    );
    return none;
  }
  if (tracePlace !== undefined) return readTraceWorkload(source, map, tracePlace) ?? none;
  for (const key of ['time_scale', 'blocks'] as const) {
    const extra = reader.get(map, key);
    if (extra !== undefined)
      reader.report(
        extra.keyAt ?? extra.value.at,
        extra.path,
        'SCENARIO_KEYS_CONFLICT',
        `expected no ${key} beside ${uniformPlace === undefined ? 'model' : 'uniform'}`,
      );
  }
  if (modelPlace !== undefined) {
    const model = readModel(source.context, modelPlace);
    return model === undefined ? none : { ...none, workload: { type: 'model', model } };
  }
  return uniformPlace === undefined ? none : { ...none, ...readUniform(reader, uniformPlace) };
}

function readUniform(reader: Reader, place: Place): Pick<PlacedWorkload, 'workload'> | undefined {
  const map = reader.map(place, ['transactions_per_block'], 'a map such as { transactions_per_block: 5 }');
  const count = reader.integer(
    map && reader.require(map, 'transactions_per_block', 'a count'),
    1,
    UNIFORM_TRANSACTIONS_MAX,
  );
  return count === undefined ? undefined : { workload: { type: 'uniform', transactionsPerBlock: count } };
}

function readTraceWorkload(
  { context, file: scenarioFile, readText }: WorkloadSource,
  map: MapPlace,
  tracePlace: Place | undefined,
): PlacedWorkload | undefined {
  const { reader } = context;
  const path = reader.text(tracePlace, 'the path of a CSV file', /^.{1,1024}$/);
  const placement = readPlacement(reader, map);
  if (path === undefined || placement === undefined || tracePlace === undefined) return undefined;
  const file = resolveBeside(scenarioFile, path);
  const trace = readTrace(file, readText);
  if (!trace.ok) {
    for (const problem of trace.problems) {
      // A missing file is a mistake of the scenario; a bad row one of the trace.
      const isMissing = problem.line === undefined;
      reader.problems.push(
        isMissing
          ? {
              ...problem,
              ...tracePlace.value.at,
              path: tracePlace.path,
              message: `${file}: ${problem.message}`,
            }
          : problem,
      );
    }
    return undefined;
  }
  for (const symbol of assetsOf(trace.value)) {
    context.register(tracePlace, symbol);
  }
  const blocks = placeRows(trace.value, placement, context.config.chain.blockTimeMs);
  const transactions = trace.value.map(({ transaction }, index) => ({
    block: blocks[index] ?? 1,
    transaction,
  }));
  return { workload: { type: 'explicit', transactions }, rows: trace.value, file };
}

function readPlacement(reader: Reader, map: MapPlace): TracePlacement | undefined {
  const scalePlace = reader.get(map, 'time_scale');
  const blocksPlace = reader.get(map, 'blocks');
  if (scalePlace === undefined && blocksPlace === undefined) return { timeScale: 1 };
  if (scalePlace !== undefined && blocksPlace !== undefined) {
    return reader.report(
      map.value.at,
      map.path,
      'SCENARIO_KEYS_CONFLICT',
      'expected only one of time_scale and blocks beside trace',
    );
  }
  const timeScale = reader.number(scalePlace, 0, 1_000_000);
  if (timeScale !== undefined) return { timeScale };
  const blocks = reader.integer(blocksPlace, 1, 1_000_000_000, 'SCENARIO_BLOCK_INVALID');
  return blocks === undefined ? undefined : { blocks };
}
