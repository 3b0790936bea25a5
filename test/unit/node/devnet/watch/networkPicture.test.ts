import { describe, expect, it } from 'vitest';
import { NEWS_KEPT, PictureKeeper } from '../../../../../node/devnet/watch/networkPicture.ts';
import { finalizedLine, lineOf, networkAnswer, statusOf } from '../../../../helpers/networkAnswers.ts';
import { hashOf } from '../../../../helpers/signatory.ts';

const names = ['node-0', 'node-1', 'node-2', 'node-3'];

function keep(): PictureKeeper {
  return new PictureKeeper(names);
}

describe('PictureKeeper', () => {
  it('begins with nodes that start and nothing else known', () => {
    const picture = keep().picture();
    expect(picture.nodes.map(({ name, process }) => `${name} ${process}`)).toEqual(
      names.map((name) => `${name} starting`),
    );
    expect(picture).toMatchObject({
      agreement: 'unknown',
      leader: undefined,
      settlement: undefined,
      news: [],
    });
  });

  it('takes heights from the stream and from answers, whichever is further', () => {
    const keeper = keep();
    keeper.noteLine(finalizedLine('node-0', 13));
    keeper.noteStatus('node-0', statusOf('node-0', { finalized_height: 12 }));
    keeper.noteStatus('node-1', statusOf('node-1', { finalized_height: 12 }));
    expect(keeper.picture().nodes.map(({ finalizedHeight }) => finalizedHeight)).toEqual([
      13,
      12,
      undefined,
      undefined,
    ]);
  });

  it('says that roots agree once two nodes had the same height, and never again once they differed', () => {
    const keeper = keep();
    keeper.noteLine(finalizedLine('node-0', 1));
    keeper.noteLine(finalizedLine('node-1', 2));
    expect(keeper.picture().agreement).toBe('unknown');
    keeper.noteLine(finalizedLine('node-1', 1));
    expect(keeper.picture().agreement).toBe('yes');
    keeper.noteLine(finalizedLine('node-2', 2, hashOf('66')));
    expect(keeper.picture().agreement).toBe('no');
    for (let height = 3; height < 600; height += 1) {
      keeper.noteLine(finalizedLine('node-0', height));
      keeper.noteLine(finalizedLine('node-1', height));
    }
    expect(keeper.picture().agreement).toBe('no');
  });

  it('names the leader of the newest view that a node is in', () => {
    const keeper = keep();
    keeper.noteStatus('node-0', statusOf('node-0', { view: 14, leader: 'node-1' }));
    keeper.noteStatus('node-1', statusOf('node-1', { view: 15, leader: 'node-2' }));
    expect(keeper.picture().leader).toBe('node-2');
  });

  it('counts what happened and keeps the news of it, the newest within bounds', () => {
    const keeper = keep();
    keeper.noteLine(lineOf('transaction_executed', { result: 'ok' }));
    keeper.noteLine(lineOf('transaction_executed', { result: 'LEDGER_INSUFFICIENT_BALANCE' }));
    keeper.noteLine(lineOf('batch_missed', { batch: 1 }));
    keeper.noteLine(lineOf('slashed', { validator: 'node-1' }));
    keeper.noteLine(lineOf('batch_assigned', { batch: 1, attempt: 1 }));
    for (let batch = 1; batch <= NEWS_KEPT; batch += 1) keeper.noteLine(lineOf('batch_confirmed', { batch }));
    const { counts, news } = keeper.picture();
    expect(counts).toEqual({
      missed: 1,
      slashed: 1,
      transactions: 2,
      failed: 1,
      settled: NEWS_KEPT,
      crashes: 0,
    });
    expect(news).toHaveLength(NEWS_KEPT);
    expect(news[0]).toMatchObject({ type: 'batch_confirmed', batch: 1 });
  });

  it('keeps the newest settled batch when a later page shows only pending ones', () => {
    const keeper = keep();
    keeper.noteNetwork(networkAnswer(names));
    keeper.noteNetwork(networkAnswer(names, { batches: { batches: [] } }));
    expect(keeper.picture().newestSettled?.seq).toBe(1);
  });

  it('forgets what a process said when it is gone', () => {
    const keeper = keep();
    keeper.noteProcess('node-1', 'running');
    keeper.noteStatus('node-1', statusOf('node-1'));
    keeper.noteProcess('node-1', 'exited', 5000);
    expect(keeper.picture().nodes[1]).toMatchObject({
      process: 'exited',
      restartAtMs: 5000,
      status: undefined,
      finalizedHeight: undefined,
    });
    keeper.noteProcess('node-1', 'running');
    expect(keeper.picture().nodes[1]).toMatchObject({ process: 'running', restartAtMs: undefined });
    keeper.noteProcess('nobody', 'running');
    keeper.noteStatus('nobody', undefined);
    expect(keeper.picture().nodes).toHaveLength(4);
  });
});
