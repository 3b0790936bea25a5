import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodedError } from '../../../../consensus/primitives/codedError.ts';
import { FileSource, sourceOfBytes } from '../../../../node/replay/frames.ts';
import { listLives } from '../../../../node/replay/inputFolder.ts';
import { type NodeLog, readNodeLog } from '../../../../node/replay/nodeLog.ts';
import { type ReplayStep, replayLife } from '../../../../node/replay/replay.ts';
import { type RecordedNode, recordNode } from '../../../helpers/recordedNode.ts';

let root = '';
let folder = '';
let recorded: RecordedNode;
/** Of the node's second life, which was killed. */
let killed: Uint8Array;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'sidereal-recorder-'));
  folder = join(root, 'inputs');
  recorded = await recordNode(1, { directory: folder, isStopped: false });
  killed = readFileSync(join(folder, '2.log'));
});

afterAll(() => rmSync(root, { recursive: true }));

function open(bytes: Uint8Array): NodeLog {
  const log = readNodeLog(sourceOfBytes(bytes));
  if (log === undefined) throw new Error('the log has no head');
  return log;
}

function rootsIn(steps: Iterable<ReplayStep>): Map<number, string> {
  const roots = new Map<number, string>();
  for (const step of steps) {
    expect(step.isAsRecorded, `input ${step.number}`).toBe(true);
    for (const { height, stateRoot } of step.roots) roots.set(height, stateRoot);
  }
  return roots;
}

describe('NodeRecorder', () => {
  it('writes one file a life, from which each life replays without the key, to the same roots', () => {
    const roots = new Map<number, string>();
    const ends: string[] = [];
    for (const { path } of listLives(folder)) {
      const source = new FileSource(path);
      const log = readNodeLog(source);
      if (log === undefined) throw new Error(path);
      for (const [height, stateRoot] of rootsIn(replayLife(log))) roots.set(height, stateRoot);
      ends.push(`${log.life} ${log.end} ${log.tornBytes}`);
      source.close();
    }
    expect(roots).toEqual(recorded.roots);
    expect(roots.size).toBeGreaterThan(10);
    expect(ends).toEqual(['1 stopped 0', '2 torn 0']);
    for (const { path } of listLives(folder))
      expect(readFileSync(path).includes(Buffer.from(recorded.secretKey))).toBe(false);
  });

  it('leaves a log that can be used wherever a kill cut it off', () => {
    const whole = [...replayLife(open(killed))].length;
    fc.assert(
      fc.property(fc.nat(killed.length - 1), (length) => {
        const log = readNodeLog(sourceOfBytes(killed.subarray(0, length)));
        if (log === undefined) return;
        let count = 0;
        for (const { isAsRecorded } of replayLife(log)) {
          expect(isAsRecorded).toBe(true);
          count += 1;
        }
        expect(count).toBeLessThan(whole);
        expect(log.end).toBe('torn');
      }),
      { numRuns: 12 },
    );
  });

  it('is refused when a byte in it has changed', () => {
    fc.assert(
      fc.property(fc.nat(killed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = new Uint8Array(killed);
        changed[at] = (changed[at] ?? 0) ^ change;
        let code: unknown;
        try {
          for (const _ of open(changed).inputs);
        } catch (cause) {
          code = cause instanceof CodedError ? cause.code : cause;
        }
        expect(code).toBe('INPUT_LOG_DAMAGED');
      }),
      { numRuns: 30 },
    );
  });

  it('lets nothing pass that the recorded node did not sign, or did not report', () => {
    const inputs = [...open(killed).inputs];
    const signing = inputs.findIndex(({ witness }) => (witness?.signatures.length ?? 0) > 0);
    const ending = inputs.findIndex(({ witness }) => (witness?.roots.length ?? 0) > 0);
    const differing = (at: number, witness: object): readonly boolean[] => {
      const forged = inputs.map((input, index) =>
        index === at && input.witness !== undefined
          ? { ...input, witness: { ...input.witness, ...witness } }
          : input,
      );
      return [...replayLife({ ...open(killed), inputs: forged.slice(0, at + 1) })].map(
        (step) => step.isAsRecorded,
      );
    };
    const other = inputs.find(({ witness }, index) => index > signing && witness?.signatures[0])?.witness;
    expect(differing(signing, { signatures: other?.signatures ?? [] }).at(-1)).toBe(false);
    expect(differing(signing, { signatures: [] }).at(-1)).toBe(false);
    expect(differing(ending, { roots: [] }).at(-1)).toBe(false);
    expect(differing(ending, {}).every((isAsRecorded) => isAsRecorded)).toBe(true);
  });

  it('ends at the limit of a life, says so, and the node goes on', async () => {
    const directory = join(root, 'short');
    const { roots, ended } = await recordNode(1, { directory, lifeBytesMax: 40_000 });
    expect(roots).toEqual(recorded.roots);
    expect(ended).toEqual([
      { reason: 'life_limit', message: expect.stringMatching(/^the log of this life has its 4\d{4} bytes$/) },
    ]);
    const log = open(readFileSync(join(directory, '2.log')));
    expect(rootsIn(replayLife(log)).size).toBeGreaterThan(0);
    expect(log.end).toBe('full');
  });

  it('records no more lives than the folder may hold, and never writes to a log that is there', async () => {
    const directory = join(root, 'full');
    await recordNode(0, { directory });
    const before = readFileSync(join(directory, '1.log'));
    const { ended, roots } = await recordNode(0, { directory, folderBytesMax: 1000 });
    expect(ended).toEqual([
      { reason: 'folder_limit', message: expect.stringContaining(`${before.length} bytes of 1000`) },
    ]);
    expect(roots.size).toBeGreaterThan(10);
    expect(listLives(directory).map(({ life }) => life)).toEqual([1]);
    await recordNode(0, { directory });
    expect(listLives(directory).map(({ life }) => life)).toEqual([1, 2]);
    expect(readFileSync(join(directory, '1.log')).equals(before)).toBe(true);
  });

  it('says that it cannot write, and the node goes on', async () => {
    const directory = join(root, 'taken');
    writeFileSync(directory, 'a file where the folder should be');
    const { ended, roots } = await recordNode(1, { directory });
    expect(new Set(ended.map(({ reason }) => reason))).toEqual(new Set(['write_failed']));
    expect(roots).toEqual(recorded.roots);
  });
});
