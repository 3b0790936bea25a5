import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../consensus/primitives/bytes.ts';
import { CodedError } from '../../../../consensus/primitives/codedError.ts';
import { type InputSink, type RecordedInput, readInputLog } from '../../../../node/replay/inputLog.ts';
import { type ReplayStep, replayNode } from '../../../../node/replay/replay.ts';
import type { Scenario } from '../../../../node/scenario/types.ts';
import { runSimulation } from '../../../../node/simulation/run.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';

/** Restarts from disk, a lost disk that syncs from its peers, settlements, evidence of nothing. */
const SCENARIO = `
name: recorded
duration: 60s
config: { settlement: { batch_size: 2 } }
workload: { uniform: { transactions_per_block: 2 } }
timeline:
  - { at: { time: 8s }, crash: { node: node-1, lose: unsynced }, for: 6s }
  - { at: { time: 20s }, crash: { node: node-2, lose: all }, for: 10s }
`;

function record(
  scenario: Scenario,
  sink: Partial<InputSink> = {},
): { bytes: Uint8Array; traceHash: string; warnings: readonly string[] } {
  const pieces: Uint8Array[] = [];
  const result = runSimulation(scenario, {
    // The recorder may reuse its buffers.
    inputs: { write: (piece) => pieces.push(piece.slice()), ...sink },
  });
  return { bytes: concatBytes(...pieces), traceHash: result.trace_hash, warnings: result.warnings };
}

function readAll(bytes: Uint8Array): RecordedInput[] {
  return [...readInputLog(bytes).inputs];
}

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (cause) {
    return cause instanceof CodedError ? cause.code : cause;
  }
  return undefined;
}

let scenario: Scenario;
let bytes: Uint8Array;

beforeAll(() => {
  scenario = scenarioOf(SCENARIO);
  bytes = record(scenario).bytes;
});

describe('a log of inputs', () => {
  it('holds the scenario, and changes nothing about the run', () => {
    expect(readInputLog(bytes).scenario).toEqual(scenario);
    expect(record(scenario).traceHash).toBe(runSimulation(scenario).trace_hash);
  });

  it('is equal for equal runs', () => {
    expect(record(scenario).bytes).toEqual(bytes);
  });

  it('can be of some nodes only', () => {
    const some = record(scenario, { nodes: ['node-2'] }).bytes;
    expect(some.length).toBeLessThan(bytes.length);
    expect(new Set(readAll(some).map(({ node }) => node))).toEqual(new Set([2]));
  });

  it('ends at its limit and says so', () => {
    const bytesMax = Math.floor(bytes.length / 2);
    const recorded = record(scenario, { bytesMax });
    expect(recorded.warnings).toEqual([
      expect.stringMatching(
        new RegExp(`^the log of inputs reached its limit of ${bytesMax} bytes at [0-9]{5} ms: .* --record`),
      ),
    ]);
    expect(record(scenario).warnings).toEqual([]);
    const log = readInputLog(recorded.bytes);
    const inputs = [...log.inputs];
    expect(log.isCut).toBe(true);
    expect(inputs.length).toBeGreaterThan(100);
    expect(inputs.length).toBeLessThan(readAll(bytes).length);
  });

  it('is refused with the place of the damage wherever it is cut off', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(codeOf(() => readAll(bytes.subarray(0, length)))).toBe('INPUT_LOG_DAMAGED');
      }),
      { numRuns: 40 },
    );
  });

  it('is refused when a byte has changed, at the frame that holds it', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ change;
        try {
          readAll(damaged);
        } catch (cause) {
          expect(cause).toMatchObject({ code: 'INPUT_LOG_DAMAGED' });
          expect(Number((cause as CodedError).details.offset)).toBeLessThanOrEqual(at);
          return;
        }
        expect.unreachable(`a change at byte ${at} went unseen`);
      }),
      { numRuns: 40 },
    );
  });
});

describe('replayNode', () => {
  it.each([0, 1, 2, 3])('gives the recorded outputs of node %d, over restarts', (node) => {
    const steps = [...replayNode(readInputLog(bytes), node)];
    expect(steps.filter(({ isAsRecorded }) => !isAsRecorded)).toEqual([]);
    expect(new Set(steps.map(({ recorded }) => recorded.life)).size).toBe(node === 1 || node === 2 ? 2 : 1);
  });

  it('shows rows from what to what', () => {
    const heights: (readonly [unknown, unknown])[] = [];
    for (const { changes } of replayNode(readInputLog(bytes), 0)) {
      for (const { name, before, after } of changes) {
        if (name === 'head') heights.push([heightOf(before), heightOf(after)]);
      }
    }
    expect(heights.slice(0, 3)).toEqual([
      [undefined, 0],
      [0, 1],
      [1, 2],
    ]);
    const names = [...replayNode(readInputLog(bytes), 0)].flatMap(namesOf);
    for (const start of ['accounts/', 'pools/UM', 'net_batch/', 'block/1', 'view/', 'outbox/']) {
      expect(
        names.some((name) => name.startsWith(start)),
        start,
      ).toBe(true);
    }
  });

  it('finds outputs that are not those of the recorded run', () => {
    const log = readInputLog(bytes);
    const inputs = [...log.inputs];
    const index = inputs.findIndex(({ node, input }) => node === 0 && input.type === 'message');
    inputs[index] = { ...(inputs[index] as RecordedInput), digest: '0'.repeat(16) };
    const differing = [...replayNode({ ...log, inputs }, 0)].filter(({ isAsRecorded }) => !isAsRecorded);
    expect(differing.map(({ recorded }) => recorded.offset)).toEqual([inputs[index]?.offset]);
  });
});

function heightOf(head: unknown): unknown {
  return (head as { readonly height?: number } | undefined)?.height;
}

function namesOf({ changes }: ReplayStep): string[] {
  return changes.map(({ name }) => name);
}
