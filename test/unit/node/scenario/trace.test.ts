import { describe, expect, it } from 'vitest';
import { assetsOf, parseTrace, placeRows, type TraceRow } from '../../../../node/scenario/trace.ts';

const header = 'timestamp,wallet,action,asset,amount,note,collateral_asset,collateral_amount';

function rowsOf(text: string): readonly TraceRow[] {
  const parsed = parseTrace(text, 't.csv');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function problemsOf(text: string): string[] {
  const parsed = parseTrace(text, 't.csv');
  return parsed.ok
    ? []
    : parsed.problems.map(
        ({ line, message, hint, code }) =>
          `${line} ${message}${hint === undefined ? '' : `; ${hint}`} [${code}]`,
      );
}

describe('parseTrace', () => {
  it('reads rows by timestamp, then file order, and ignores other columns', () => {
    const rows = rowsOf(
      [
        header,
        '20,bob,repay,UM,5,x,,',
        '10,ann,borrow,UM,7,"a, b",,',
        '20,ann,deposit,DAI,1,,,',
        '10.5,ann,liquidate,UM,2,,WETH,3',
      ].join('\r\n'),
    );
    expect(rows.map(({ line, timestampUs }) => [line, timestampUs])).toEqual([
      [3, 10_000_000],
      [5, 10_500_000],
      [2, 20_000_000],
      [4, 20_000_000],
    ]);
    expect(rows[0]?.transaction).toEqual({
      account: 'ann',
      operation: { type: 'borrow', asset: 'UM', amount: 7n },
    });
    expect(rows[1]?.transaction).toEqual({
      account: 'oracle',
      operation: {
        type: 'liquidate',
        borrower: 'ann',
        debtAsset: 'UM',
        amount: 2n,
        collateralAsset: 'WETH',
        collateralAmount: 3n,
      },
    });
    expect([...assetsOf(rows)].sort()).toEqual(['DAI', 'UM', 'WETH']);
  });

  it('names missing columns with the nearest one', () => {
    expect(problemsOf('time,wallet,action,asset,amonut\n1,a,borrow,UM,1\n')).toEqual([
      '1 expected a column `timestamp`, got time, wallet, action, asset, amonut; known here: time, amonut [TRACE_HEADER_INVALID]',
      '1 expected a column `amount`, got time, wallet, action, asset, amonut; did you mean `amonut`? [TRACE_HEADER_INVALID]',
    ]);
    expect(problemsOf('timestamp,wallet,action,asset,amount\n1,a,liquidate,UM,1\n')).toEqual([
      expect.stringContaining('`collateral_asset`'),
      expect.stringContaining('`collateral_amount`'),
    ]);
  });

  it('lists each bad row with its line and what is wrong', () => {
    const rows = [
      header,
      '1,ann,borow,UM,5,,,',
      'x,ann,borrow,UM,5,,,',
      '1,ann,borrow,UM,-5,,,',
      '1,ann,borrow,UM,0,,,',
      '1,,borrow,,1.5,,,',
      '1,ann,liquidate,UM,5,,,',
    ];
    expect(problemsOf(rows.join('\n'))).toEqual([
      '2 action: expected one of deposit, withdraw, borrow, repay, liquidate, got "borow"; did you mean `borrow`? [TRACE_ROW_INVALID]',
      '3 timestamp: expected seconds, got "x" [TRACE_ROW_INVALID]',
      '4 amount: expected whole smallest units from 1 to 2^128-1, got "-5" [TRACE_ROW_INVALID]',
      '5 amount: expected whole smallest units from 1 to 2^128-1, got "0" [TRACE_ROW_INVALID]',
      '6 wallet: expected a name of at most 64 letters and digits, got "" [TRACE_ROW_INVALID]',
      '6 asset: expected an asset symbol, got "" [TRACE_ROW_INVALID]',
      '6 amount: expected whole smallest units from 1 to 2^128-1, got "1.5" [TRACE_ROW_INVALID]',
      '7 collateral_asset: expected an asset symbol, got "" [TRACE_ROW_INVALID]',
      '7 collateral_amount: expected whole smallest units from 1 to 2^128-1, got "" [TRACE_ROW_INVALID]',
    ]);
  });

  it('refuses a trace without rows and text that is no CSV', () => {
    expect(problemsOf(`${header}\n`)).toEqual(['1 expected at least one row, got none [TRACE_EMPTY]']);
    expect(problemsOf('')).toHaveLength(5);
    expect(problemsOf(`${header}\n1,"ann,borrow\n`)[0]).toMatch(/not CSV/);
  });
});

describe('placeRows', () => {
  const rows = [0, 1, 2, 4, 4.001, 100].map(
    (seconds, index): TraceRow => ({
      line: index + 2,
      timestampUs: 1_600_000_000_000_000 + seconds * 1_000_000,
      transaction: { account: 'a', operation: { type: 'borrow', asset: 'UM', amount: 1n } },
    }),
  );

  it('spreads rows by rank', () => {
    expect(placeRows(rows, { blocks: 3 }, 2000)).toEqual([1, 1, 2, 2, 3, 3]);
    expect(placeRows(rows, { blocks: 12 }, 2000)).toEqual([1, 3, 5, 7, 9, 11]);
    expect(placeRows(rows, { blocks: 1 }, 2000)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('puts a row into the first block at or after its scaled time', () => {
    expect(placeRows(rows, { timeScale: 1 }, 2000)).toEqual([1, 2, 2, 3, 4, 51]);
    expect(placeRows(rows, { timeScale: 0.1 }, 2000)).toEqual([1, 2, 2, 2, 2, 6]);
    expect(placeRows(rows, { timeScale: 0 }, 2000)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});
