import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { renderLiveTable, spell, type TableFrame } from '../../../../../node/cli/devnet/liveTable.ts';
import { type NetworkPicture, PictureKeeper } from '../../../../../node/devnet/watch/networkPicture.ts';
import {
  finalizedLine,
  lineOf,
  networkAnswer,
  settlementAnswer,
  statusOf,
} from '../../../../helpers/networkAnswers.ts';
import { hashOf } from '../../../../helpers/signatory.ts';

const frame: TableFrame = {
  columns: 80,
  rows: 40,
  colors: pc.createColors(false),
  nowMs: 126_000,
  startedMs: 1000,
  timeOf: (t) => `${t / 1000} s`,
};

function busyPicture(names: readonly string[]): NetworkPicture {
  const keeper = new PictureKeeper(names);
  for (const name of names) {
    keeper.noteProcess(name, 'running');
    keeper.noteStatus(name, statusOf(name));
    keeper.noteLine(finalizedLine(name, 12));
  }
  keeper.noteProcess('node-3', 'exited', 128_500);
  const answer = networkAnswer(names);
  keeper.noteNetwork({
    ...answer,
    validators: {
      validators: answer.validators.validators.map((one) =>
        one.name === 'node-2' ? { ...one, stake: '990', jailed: true } : one,
      ),
    },
  });
  keeper.noteLine(lineOf('transaction_executed', { result: 'ok' }));
  const sealed = { batch: 2, from_height: 6, to_height: 10, net: { UM: '-1200' }, proposer: 'node-2' };
  keeper.noteLine(lineOf('batch_sealed', { t: 18_040, ...sealed }));
  keeper.noteLine(
    lineOf('slashed', { t: 19_000, validator: 'node-2', amount: '10', reason: 'missed_settlement' }),
  );
  keeper.noteLine(lineOf('node_crashed', { t: 124_300, node: 'node-3', signal: 'SIGKILL' }));
  return keeper.picture();
}

const names = ['node-0', 'node-1', 'node-2', 'node-3'];

describe('renderLiveTable', () => {
  it('shows nodes, window, batches, the settlement chain, counts and news', () => {
    expect(renderLiveTable(busyPicture(names), frame).join('\n')).toMatchInlineSnapshot(`
      "devnet  4 nodes, up 2 m 05 s, state roots agree: yes

      node    state              height  final  peers  stake  now
      node-0  running                13     12      3   1000
      node-1  running                13     12      3   1000  leads
      node-2  running                13     12      3    990  settles 2, jailed
      node-3  restarting in 3 s       -      -      -   1000

      window      blocks 11-15, 2 of 5   net UM +170, USDT -90
      pending     batch 2, blocks 6-10, sealed, node-2, attempt 1, clock 1 of 6
      settled     batch 1, blocks 1-5, swap 1700 UM, by node-0 in settlement block 2
      settlement  block 4, base fee 0.875 gwei
      since start 1 transaction, 0 settled, 0 missed, 1 slashed, 1 crash

      18.04 s  batch 2 sealed: blocks 6-10, UM -1200; node-2 holds the duty
      19 s  node-2 slashed 10: missed settlement
      124.3 s  node-3 is gone (SIGKILL)

      Ctrl-C stops everything"
    `);
  });

  it('shows a network of which nothing is known yet', () => {
    expect(renderLiveTable(new PictureKeeper(names).picture(), frame).join('\n')).toMatchInlineSnapshot(`
      "devnet  4 nodes, up 2 m 05 s, state roots agree: unknown

      node    state     height  final  peers  stake  now
      node-0  starting       -      -      -      -
      node-1  starting       -      -      -      -
      node-2  starting       -      -      -      -
      node-3  starting       -      -      -      -

      window      waiting for the first answer

      Ctrl-C stops everything"
    `);
  });

  it('leaves columns out of a narrow terminal and cuts what is left', () => {
    expect(renderLiveTable(busyPicture(names), { ...frame, columns: 40 }).join('\n')).toMatchInlineSnapshot(`
      "devnet  4 nodes, up 2 m 05 s, state roo…

      node    state              height  final
      node-0  running                13     12
      node-1  running                13     12
      node-2  running                13     12
      node-3  restarting in 3 s       -      -

      window      blocks 11-15, 2 of 5   net …
      pending     batch 2, blocks 6-10, seale…
      settled     batch 1, blocks 1-5, swap 1…
      settlement  block 4, base fee 0.875 gwei
      since start 1 transaction, 0 settled, 0…

      18.04 s  batch 2 sealed: blocks 6-10, U…
      19 s  node-2 slashed 10: missed settlem…
      124.3 s  node-3 is gone (SIGKILL)

      Ctrl-C stops everything"
    `);
  });

  it.each([0, 1, 2, 7, 20, 33, 79, 80, 200])('never gives a line longer than %i columns', (columns) => {
    for (const line of renderLiveTable(busyPicture(names), { ...frame, columns })) {
      expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  it.each([1, 2, 5, 10, 16, 20, 24, 30, 60])('never gives more lines than %i rows', (rows) => {
    const many = Array.from({ length: 16 }, (_, index) => `node-${index}`);
    expect(renderLiveTable(busyPicture(many), { ...frame, rows }).length).toBeLessThanOrEqual(rows);
  });

  it('says how many nodes a low terminal hides', () => {
    const many = Array.from({ length: 16 }, (_, index) => `node-${index}`);
    const lines = renderLiveTable(busyPicture(many), { ...frame, rows: 24 });
    expect(lines).toContainEqual(expect.stringMatching(/^and [0-9]+ more nodes$/));
  });

  it('colours whole words and none when told so', () => {
    const coloured = renderLiveTable(busyPicture(names), { ...frame, colors: pc.createColors(true) }).join(
      '\n',
    );
    expect(coloured).toContain('\u001b[31mnode-3 is gone (SIGKILL)\u001b[39m');
    expect(renderLiveTable(busyPicture(names), frame).join('')).not.toContain('\u001b');
  });

  it('shouts when state roots differ', () => {
    const keeper = new PictureKeeper(names);
    keeper.noteLine(finalizedLine('node-0', 3));
    keeper.noteLine(finalizedLine('node-1', 3, hashOf('99')));
    expect(renderLiveTable(keeper.picture(), frame)[0]).toContain('state roots agree: NO');
  });

  it('shows the oldest pending batches, and a clock that runs out', () => {
    const keeper = new PictureKeeper(names);
    const [first] = settlementAnswer.pending;
    const pending = [2, 3, 4, 5, 6].map((seq) => ({
      ...first,
      seq,
      clock_count: 5,
    })) as typeof settlementAnswer.pending;
    keeper.noteNetwork(networkAnswer(names, { settlement: { ...settlementAnswer, pending } }));
    const lines = renderLiveTable(keeper.picture(), { ...frame, colors: pc.createColors(true) });
    expect(lines.filter((line) => line.includes('attempt 1'))).toHaveLength(3);
    expect(lines.find((line) => line.includes('batch 4'))).toContain(
      '\u001b[33m, node-2, attempt 1, clock 5 of 6',
    );
    expect(lines.some((line) => line.includes('and 2 more'))).toBe(true);
  });

  it('lets no message move the cursor', () => {
    const keeper = new PictureKeeper(names);
    keeper.noteLine(lineOf('warning', { node: 'node-0', code: 'X_Y', message: 'a\u001b[2Jb\nc' }));
    expect(renderLiveTable(keeper.picture(), frame).join('\n')).toContain('node-0 warns: a·[2Jb·c [X_Y]');
  });
});

describe('spell', () => {
  it.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [65_000, '1 m 05 s'],
    [3_600_000, '1 h 00 m'],
    [187_200_000, '2 d 4 h'],
  ])('%i ms: %s', (ms, text) => {
    expect(spell(ms)).toBe(text);
  });
});
