import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../../../../node/batcher/input/command.ts';
import { parsePlainInput } from '../../../../../node/batcher/input/plainInput.ts';
import { JSON_DEPTH_MAX, readSealedJson } from '../../../../../node/batcher/input/sealedJson.ts';
import { type CommandOperation, formatCommand } from '../../../../../settlement/input/command.ts';
import { CommandAssets } from '../../../../../settlement/input/commandAssets.ts';
import { sealJson } from '../../../../../settlement/input/sealedJson.ts';
import { foldText } from '../../../../../settlement/input/signedText.ts';

// Symbols that look alike in what is signed, hold numbers between marks, or hold what separates arguments.
const symbols = [
  'UM',
  'um',
  'u.m',
  'USDC',
  'USDC.e',
  'A',
  'A.5',
  '5.A',
  'A|7',
  '7',
  'x-y',
  'x.y',
  'T1',
  '1T',
  '-',
];
const assets = new CommandAssets(symbols);
const account = `0x${'a1'.repeat(20)}`;

const address = fc.oneof(
  fc.constantFrom(account, `0x${'0'.repeat(40)}`, `0x${'0'.repeat(64)}`),
  fc.stringMatching(/^0x[0-9a-f]{40}$/),
  fc.stringMatching(/^0x[0-9a-f]{64}$/),
);
const amount = fc.oneof(
  fc.constantFrom('5', '7', '57', '05', '+5', '5.0', '5e3', '0x5', '-5', '', '0', ' 5', '٥', `${2n ** 128n}`),
  fc.bigInt({ min: 1n, max: 2n ** 128n - 1n }).map(String),
);
const symbol = fc.constantFrom(...symbols, 'none', '');
const name = fc.constantFrom('borrow', 'repay', 'deposit', 'withdraw', 'transfer', 'liquidate', 'Borrow');
/** What could be a command, near the edges of the grammar. */
const candidate = fc
  .tuple(name, fc.array(fc.oneof(symbol, amount, address), { minLength: 1, maxLength: 5 }))
  .map(([command, given]) => [command, ...given].join('|'));
/** What is one more often. */
const likely = fc
  .oneof(
    fc.tuple(name, symbol, amount),
    fc.tuple(fc.constant('transfer'), address, symbol, amount),
    fc.tuple(fc.constant('liquidate'), address, symbol, amount, symbol),
  )
  .map((parts) => parts.join('|'));

const accepts = (text: string): boolean =>
  (text.startsWith('{') ? readSealedJson(text) : parseCommand(text, assets)).ok;

/** Texts whose folded form is the same: other marks, other case. */
function variantsOf(text: string): fc.Arbitrary<string> {
  return fc.array(fc.nat(9), { minLength: text.length, maxLength: text.length }).map((draws) =>
    [...text]
      .map((character, index) => {
        const draw = draws[index] ?? 0;
        if (!/[a-z0-9]/i.test(character)) return draw < 4 ? '|-. ,"[:\t/'[draw] : character;
        return draw === 9 ? character.toUpperCase() : draw === 8 ? character.toLowerCase() : character;
      })
      .join(''),
  );
}

describe('parseCommand', () => {
  it('reads every command, and writes it back as it was', () => {
    const to = `0x${'b2'.repeat(32)}`;
    const written: readonly (readonly [string, CommandOperation])[] = [
      ['borrow|USDC|1', { type: 'borrow', asset: 'USDC', amount: 1n }],
      ['repay|USDC.e|20', { type: 'repay', asset: 'USDC.e', amount: 20n }],
      ['deposit|T1|3', { type: 'deposit', asset: 'T1', amount: 3n }],
      [`withdraw|USDC|${2n ** 128n - 1n}`, { type: 'withdraw', asset: 'USDC', amount: 2n ** 128n - 1n }],
      [`transfer|${to}|USDC|5`, { type: 'transfer', to, asset: 'USDC', amount: 5n }],
      [
        `liquidate|${account}|USDC|9|T1`,
        {
          type: 'liquidate',
          borrower: account,
          debtAsset: 'USDC',
          amount: 9n,
          collateralAsset: 'T1',
          exactCollateral: undefined,
        },
      ],
    ];
    for (const [text, operation] of written) {
      expect(parseCommand(text, assets)).toEqual({ ok: true, value: operation });
      expect(formatCommand(operation)).toBe(text);
    }
  });

  const upper = `0x${'B2'.repeat(20)}`;
  const refusals: readonly (readonly [string, string, string, string])[] = [
    ['Borrow|USDC|1', 'INPUT_COMMAND_UNKNOWN', '/data/input', '`borrow` in lower case'],
    ['mint|USDC|1', 'INPUT_COMMAND_UNKNOWN', '/data/input', 'begin with one of'],
    ['price|USDC|1', 'INPUT_COMMAND_UNKNOWN', '/data/input', 'begin with one of'],
    ['toString|USDC|1', 'INPUT_COMMAND_UNKNOWN', '/data/input', 'begin with one of'],
    ['', 'INPUT_COMMAND_UNKNOWN', '/data/input', 'begin with one of'],
    ['borrow-USDC-1', 'INPUT_COMMAND_UNKNOWN', '/data/input', 'begin with one of'],
    ['borrow|USDC', 'INPUT_ARGUMENTS_MISCOUNTED', '/data/input', '`borrow|ASSET|AMOUNT`'],
    ['borrow|USDC|1|', 'INPUT_ARGUMENTS_MISCOUNTED', '/data/input', '`borrow|ASSET|AMOUNT`'],
    [`transfer|${upper}|USDC|1`, 'INPUT_ARGUMENT_INVALID', '(to)', `lower case: ${upper.toLowerCase()}`],
    ['transfer|b2|USDC|1', 'INPUT_ARGUMENT_INVALID', '(to)', '40 (EVM account) or 64'],
    ['liquidate|me|USDC|1|T1', 'INPUT_ARGUMENT_INVALID', '(borrower)', 'hex digits'],
    ['borrow|usdc|1', 'INPUT_ASSET_UNKNOWN', '(asset)', 'write `USDC`'],
    ['borrow|none|1', 'INPUT_ASSET_UNKNOWN', '(asset)', 'GET /assets'],
    ['borrow|UM|1', 'INPUT_ASSET_AMBIGUOUS', '(asset)', 'sealed JSON'],
    ['borrow|A.5|1', 'INPUT_ASSET_AMBIGUOUS', '(asset)', 'sealed JSON'],
    [`liquidate|${account}|USDC|1|x-y`, 'INPUT_ASSET_AMBIGUOUS', '(collateral_asset)', 'sealed JSON'],
    ...['0', '01', '1.0', '-1', '+1', '1e3', '0x1', ' 1', '', `${2n ** 128n}`].map(
      (text) => [`borrow|USDC|${text}`, 'INPUT_AMOUNT_INVALID', '(amount)', 'whole smallest units'] as const,
    ),
  ];
  for (const [text, code, where, fix] of refusals) {
    it(`refuses \`${text.slice(0, 60)}\` with ${code}, the place and the fix`, () => {
      const verdict = parseCommand(text, assets);
      expect(verdict).toMatchObject({ ok: false, code, message: expect.stringContaining(fix) });
      expect(verdict.ok ? '' : verdict.details?.path).toContain(where);
    });
  }
});

describe('what is signed', () => {
  it('differs between any two commands that are accepted', () => {
    const seen = new Map<string, string>();
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(candidate, likely, likely), (text) => {
        if (!accepts(text)) return;
        accepted += 1;
        const folded = foldText(text);
        expect(seen.get(folded) ?? text).toBe(text);
        seen.set(folded, text);
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  });

  it('differs between commands of few short symbols, all of them', () => {
    const few = new CommandAssets(['a', 'A.a', 'a1', '1a', '1', 'a.1', '1.a', 'a.a', 'b']);
    const seen = new Map<string, string>();
    const names = ['a', 'A.a', 'a1', '1a', '1', 'a.1', '1.a', 'a.a', 'b'];
    for (const debt of names) {
      for (const digits of ['1', '11', '01']) {
        for (const collateral of names) {
          const text = `liquidate|${account}|${debt}|${digits}|${collateral}`;
          if (!parseCommand(text, few).ok) continue;
          expect(seen.get(foldText(text))).toBeUndefined();
          seen.set(foldText(text), text);
        }
      }
    }
    // a, a1, 1a and b pass, with two amounts.
    expect(seen.size).toBe(4 * 2 * 4);
  });

  it('is of one text alone: no other marks or letter case pass', () => {
    const accepted = likely.filter(accepts);
    const json = fc.jsonValue({ maxDepth: 3 }).map(sealJson);
    fc.assert(
      fc.property(
        fc.oneof(accepted, json).chain((text) => fc.tuple(fc.constant(text), variantsOf(text))),
        ([text, variant]) => {
          fc.pre(foldText(variant) === foldText(text));
          if (variant !== text) expect(accepts(variant)).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('sealed JSON', () => {
  it('gives back any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        const read = readSealedJson(sealJson(value));
        expect(read.ok && JSON.stringify(read.value)).toBe(text);
      }),
    );
  });

  const sealText = (text: string): string => {
    const wrong = `{"digest":"0x${'0'.repeat(64)}","transaction":${text}}`;
    const verdict = readSealedJson(wrong);
    const expected = verdict.ok ? '' : String(verdict.details?.expected);
    return wrong.replace(/0x0{64}/, expected);
  };

  it('names the digest it expects', () => {
    const verdict = readSealedJson(`{"digest":"0x${'0'.repeat(64)}","transaction":{}}`);
    expect(verdict).toMatchObject({ code: 'INPUT_JSON_UNSEALED' });
    // Of `{}`, by sha256sum.
    const expected = '0x44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
    expect(verdict).toMatchObject({ message: expect.stringContaining(expected), details: { expected } });
    expect(readSealedJson(sealText('{}'))).toEqual({ ok: true, value: {} });
  });

  for (const [what, text] of [
    ['blanks', '{ }'],
    ['a key twice', '{"a":1,"a":2}'],
    ['a number in another form', '{"a":1.0}'],
    ['what is no JSON', '{a:1}'],
    ['half of a pair', '"\ud800"'],
    ['more than it closes', '{}},"x":{}'],
    ['nothing', ''],
    ['too deep', '['.repeat(JSON_DEPTH_MAX + 1) + ']'.repeat(JSON_DEPTH_MAX + 1)],
    ['deep enough to exhaust a recursive reader', '['.repeat(100_000) + ']'.repeat(100_000)],
  ] as const) {
    it(`refuses a transaction with ${what}`, () => {
      expect(readSealedJson(sealText(text))).toMatchObject({ ok: false, code: 'INPUT_JSON_INVALID' });
    });
  }

  it('takes brackets in text for text', () => {
    expect(readSealedJson(sealJson('['.repeat(1000))).ok).toBe(true);
  });

  it('refuses another wrapping', () => {
    for (const text of ['{}', '[]', ' {"digest":1}', '{"transaction":{},"digest":"0x"}'])
      expect(readSealedJson(text)).toMatchObject({ code: 'INPUT_JSON_INVALID' });
  });
});

describe('parsePlainInput', () => {
  it('reads parts and sealed JSON', () => {
    expect(parsePlainInput('move|a1||7')).toEqual({
      ok: true,
      value: { type: 'parts', parts: ['move', 'a1', '', '7'] },
    });
    expect(parsePlainInput(sealJson({ a: 'B' }))).toEqual({
      ok: true,
      value: { type: 'json', value: { a: 'B' } },
    });
  });

  it('refuses what would look like something else once signed', () => {
    for (const text of ['Move|a', 'move|A', 'move-a', 'move|a b', '', '|a', 'move|é', '1|a'])
      expect(parsePlainInput(text)).toMatchObject({ ok: false, code: 'INPUT_COMMAND_UNKNOWN' });
  });
});
