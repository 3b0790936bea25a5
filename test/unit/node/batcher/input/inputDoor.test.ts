import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evmAddressOf } from '../../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../../consensus/primitives/secp256k1.ts';
import { type InputCode, inputAnswers, inputCodes } from '../../../../../node/batcher/input/codes.ts';
import { freshnessDefault } from '../../../../../node/batcher/input/freshness.ts';
import { InputDoor, type TargetRules } from '../../../../../node/batcher/input/inputDoor.ts';
import { InputLimiter, type InputLimits } from '../../../../../node/batcher/input/inputLimiter.ts';
import { signInputAsEvmAccount, signInputWithKey } from '../../../../../node/batcher/input/inputSignature.ts';
import { parsePlainInput } from '../../../../../node/batcher/input/plainInput.ts';
import { SidechainGrammar } from '../../../../../node/batcher/input/sidechainGrammar.ts';
import type { BatcherInput } from '../../../../../node/batcher/input/types.ts';
import { INPUT_BYTES_MAX } from '../../../../../settlement/input/inputText.ts';
import { sealJson } from '../../../../../settlement/input/sealedJson.ts';
import { rules as atomic, idOf } from '../../../settlement/atomic/atomicFixture.ts';
import { rules as ledger } from '../../../settlement/ledger/ledgerFixture.ts';

const nowMs = 1_763_740_800_000;
const key = new Uint8Array(32).fill(1);
const account = evmAddressOf(secp256k1.publicKeyOf(key));
const namespace = 'sidereal';
const grammar = new SidechainGrammar({ ledger, atomic });

interface World {
  readonly limits?: InputLimits;
  now: number;
}

function openDoor(world: World): InputDoor<unknown> {
  const targets = new Map<string, TargetRules<unknown>>([
    ['sidechain', { inputBytesMax: 100_000, parse: (text, from) => grammar.parse(text, from) }],
    ['evm', { inputBytesMax: 100, parse: parsePlainInput }],
    ['open', { inputBytesMax: 100, parse: parsePlainInput, isSigned: () => true }],
  ]);
  const rate = { burst: 1000, perSecond: 1, keysMax: 100 };
  const limiter = new InputLimiter(world.limits ?? { client: rate, account: rate }, { now: () => world.now });
  return new InputDoor(
    { namespace, defaultTarget: 'sidechain', targets, freshness: freshnessDefault },
    { limiter, wallClock: () => world.now },
  );
}

function sign(
  input: string,
  more: { readonly target?: string; readonly timestamp?: string } = {},
): BatcherInput {
  const { target, timestamp = `${nowMs}` } = more;
  return signInputAsEvmAccount({ input, target, timestamp }, key, namespace);
}

const admit = (body: unknown) => openDoor({ now: nowMs }).admit(body, 'client');

describe('InputDoor', () => {
  it('admits a signed command and says everything that is stored of it', () => {
    const data = sign('borrow|UM|1000');
    expect(admit({ data, confirmationLevel: 'no-wait' })).toEqual({
      ok: true,
      value: {
        requestId: expect.stringMatching(/^0x[0-9a-f]{64}$/),
        target: 'sidechain',
        account,
        data,
        command: { body: { type: 'borrow', asset: 'UM', amount: 1000n }, cosignatures: [] },
        confirmationLevel: 'no-wait',
      },
    });
  });

  it('admits an ed25519 key, a named target, and an adapter that checks signatures itself', () => {
    const timestamp = `${nowMs}`;
    const unsigned = { input: 'repay|USDC|2', target: 'sidechain', timestamp };
    const byKey = signInputWithKey(unsigned, key, namespace);
    expect(admit({ data: byKey })).toMatchObject({ ok: true, value: { account: byKey.address } });
    expect(admit({ data: sign('move|1', { target: 'evm' }) })).toMatchObject({ value: { target: 'evm' } });
    const unchecked = { ...sign('move|1', { target: 'open' }), signature: 'none' };
    expect(admit({ data: unchecked })).toMatchObject({ ok: true });
  });

  it('gives one id for one signature, however the address is written', () => {
    const data = sign('borrow|UM|1000');
    const first = admit({ data });
    const again = admit({ data: { ...data, address: `0x${data.address.slice(2).toUpperCase()}` } });
    expect(first.ok && again.ok && first.value.requestId === again.value.requestId).toBe(true);
    const other = admit({ data: sign('borrow|UM|1001') });
    expect(first.ok && other.ok && first.value.requestId !== other.value.requestId).toBe(true);
  });

  it('takes timestamps an hour back and five minutes ahead, both ends included', () => {
    for (const [offsetMs, code] of [
      [-3_600_000, undefined],
      [-3_600_001, 'INPUT_STALE'],
      [300_000, undefined],
      [300_001, 'INPUT_FROM_FUTURE'],
    ] as const) {
      const verdict = admit({ data: sign('borrow|UM|1', { timestamp: `${nowMs + offsetMs}` }) });
      expect(verdict.ok ? undefined : verdict.code).toBe(code);
    }
  });

  const valid = sign('borrow|UM|1000');
  const without = (field: keyof BatcherInput) => ({ data: { ...valid, [field]: undefined } });
  const long = `move|${'a'.repeat(96)}`;
  const refusals: readonly (readonly [string, unknown, InputCode, number, string])[] = [
    ['nothing', undefined, 'INPUT_REQUEST_INVALID', 400, ''],
    ['a list', [], 'INPUT_REQUEST_INVALID', 400, ''],
    ['no data', {}, 'INPUT_REQUEST_INVALID', 400, '/data'],
    ['a key misspelt', { data: valid, confirmation: 1 }, 'INPUT_REQUEST_INVALID', 400, '/confirmation'],
    ['a field misspelt', { data: { ...valid, taget: 'evm' } }, 'INPUT_REQUEST_INVALID', 400, '/data/taget'],
    [
      'no such level',
      { data: valid, confirmationLevel: 'x' },
      'INPUT_REQUEST_INVALID',
      400,
      '/confirmationLevel',
    ],
    ['no address', without('address'), 'INPUT_REQUEST_INVALID', 400, '/data/address'],
    ['no address type', without('addressType'), 'INPUT_REQUEST_INVALID', 400, '/data/addressType'],
    ['no input', without('input'), 'INPUT_REQUEST_INVALID', 400, '/data/input'],
    ['no signature', without('signature'), 'INPUT_REQUEST_INVALID', 400, '/data/signature'],
    ['no timestamp', without('timestamp'), 'INPUT_REQUEST_INVALID', 400, '/data/timestamp'],
    [
      'a timestamp as number',
      { data: { ...valid, timestamp: nowMs } },
      'INPUT_REQUEST_INVALID',
      400,
      '/data/timestamp',
    ],
    [
      'seconds',
      { data: sign('borrow|UM|1', { timestamp: '1763740800' }) },
      'INPUT_REQUEST_INVALID',
      400,
      '/data/timestamp',
    ],
    [
      'a long signature',
      { data: { ...valid, signature: 'f'.repeat(257) } },
      'INPUT_REQUEST_INVALID',
      400,
      '/data/signature',
    ],
    ['half of a pair', { data: sign('x\ud800') }, 'INPUT_REQUEST_INVALID', 400, '/data/input'],
    ['another type', { data: { ...valid, addressType: 200 } }, 'INPUT_ADDRESS_INVALID', 400, '/data/address'],
    [
      'no such type',
      { data: { ...valid, addressType: 1 } },
      'INPUT_REQUEST_INVALID',
      400,
      '/data/addressType',
    ],
    [
      'no such target',
      { data: sign('x', { target: 'midnight' }) },
      'INPUT_TARGET_UNKNOWN',
      404,
      '/data/target',
    ],
    [
      'another case of a target',
      { data: sign('x', { target: 'EVM' }) },
      'INPUT_TARGET_UNKNOWN',
      404,
      '/data/target',
    ],
    [
      'too long a text',
      { data: sign('é'.repeat(INPUT_BYTES_MAX / 2 + 1)) },
      'INPUT_TOO_LARGE',
      413,
      '/data/input',
    ],
    ['what never fits', { data: sign(long, { target: 'evm' }) }, 'INPUT_NEVER_FITS', 422, '/data/input'],
    [
      'an old one',
      { data: sign('x', { timestamp: '1663740800000' }) },
      'INPUT_STALE',
      400,
      '/data/timestamp',
    ],
    [
      'one of tomorrow',
      { data: sign('x', { timestamp: '1863740800000' }) },
      'INPUT_FROM_FUTURE',
      400,
      '/data/timestamp',
    ],
    [
      'another input',
      { data: { ...valid, input: 'borrow|UM|9000' } },
      'INPUT_SIGNATURE_INVALID',
      401,
      '/data/signature',
    ],
    [
      'another target',
      { data: { ...sign('move|1'), target: 'evm' } },
      'INPUT_SIGNATURE_INVALID',
      401,
      '/data/signature',
    ],
    [
      'another account',
      { data: { ...valid, address: `0x${'1'.repeat(40)}` } },
      'INPUT_SIGNATURE_INVALID',
      401,
      '/data/signature',
    ],
    ['no hex', { data: { ...valid, signature: 'yes' } }, 'INPUT_SIGNATURE_INVALID', 401, '/data/signature'],
    ['no command', { data: sign('mint|UM|1') }, 'INPUT_COMMAND_UNKNOWN', 400, '/data/input'],
    ['arguments', { data: sign('borrow|UM') }, 'INPUT_ARGUMENTS_MISCOUNTED', 400, '/data/input'],
    ['an argument', { data: sign('transfer|bob|UM|1') }, 'INPUT_ARGUMENT_INVALID', 400, '/data/input (to)'],
    ['an amount', { data: sign('borrow|UM|01') }, 'INPUT_AMOUNT_INVALID', 400, '/data/input (amount)'],
    ['an asset', { data: sign('borrow|XYZ|1') }, 'INPUT_ASSET_UNKNOWN', 400, '/data/input (asset)'],
    [
      'an unsealed one',
      { data: sign(sealJson({}).replace('{}', '[]')) },
      'INPUT_JSON_UNSEALED',
      400,
      '/data/input/digest',
    ],
    ['plain JSON', { data: sign('{"type":"borrow"}') }, 'INPUT_JSON_INVALID', 400, '/data/input'],
  ];
  for (const [what, body, code, status, path] of refusals) {
    it(`refuses ${what}: ${status} ${code} at ${path || 'the root'}`, () => {
      const refused = admit(body);
      expect(refused).toMatchObject({ ok: false, code, details: { path } });
      // Whoever reads the message alone learns where, too.
      if (!refused.ok) expect(refused.message.startsWith(`${path || 'the body'}: `)).toBe(true);
      expect(inputAnswers[code].status).toBe(status);
    });
  }

  it('has a refusal here for every code but two, which have tests of their own', () => {
    const provoked = new Set<string>(refusals.map(([, , code]) => code));
    const others = Object.keys(inputCodes).filter((code) => !provoked.has(code));
    expect(others).toEqual(['INPUT_ASSET_AMBIGUOUS', 'INPUT_RATE_LIMITED']);
  });

  it('refuses any JSON there is without throwing', () => {
    const door = openDoor({ now: nowMs });
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, fields) => {
        expect(door.admit(value, 'client').ok).toBe(false);
        expect(door.admit({ data: { ...valid, input: 'x', ...fields } }, 'client').ok).toBe(false);
      }),
    );
  });
});

describe('rates', () => {
  const limits: InputLimits = {
    client: { burst: 4, perSecond: 1, keysMax: 100 },
    account: { burst: 2, perSecond: 0.5, keysMax: 100 },
  };
  const forged: BatcherInput = { ...sign('borrow|UM|1'), signature: `0x${'11'.repeat(64)}1b` };

  it('limits a client and an account, and says after how many seconds to come again', () => {
    const world = { now: nowMs, limits };
    const door = openDoor(world);
    const send = (client: string) => {
      const verdict = door.admit({ data: sign('borrow|UM|1') }, client);
      return verdict.ok ? undefined : verdict.details;
    };
    expect([send('a'), send('a')]).toEqual([undefined, undefined]);
    expect(send('b')).toEqual({ path: '/data', limit: 'account', retry_after_s: 2 });
    world.now += 1999;
    expect(send('b')).toMatchObject({ limit: 'account', retry_after_s: 1 });
    world.now += 1;
    expect(send('b')).toBeUndefined();
    for (let spam = 0; spam < 4; spam += 1) door.admit({ data: forged }, 'c');
    expect(send('c')).toEqual({ path: '/data', limit: 'client', retry_after_s: 1 });
    expect(inputAnswers.INPUT_RATE_LIMITED).toEqual({ status: 429, retryable: true });
  });

  it('never lets a forger, nor whoever sends malformed bodies, use up what an account may send', () => {
    const attack = fc.constantFrom<BatcherInput>(
      forged,
      { ...sign('borrow|UM|1'), input: 'borrow|UM|2' },
      { ...sign('borrow|UM|1'), timestamp: `${nowMs + 1}` },
      { ...sign('borrow|UM|1'), signature: '0x' },
      { ...sign('borrow|UM|1'), target: 'nowhere' },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(attack, fc.nat(5)), { maxLength: 50 }), (attacks) => {
        const door = openDoor({ now: nowMs, limits });
        for (const [data, client] of attacks)
          expect(door.admit({ data }, `attacker-${client}`).ok).toBe(false);
        for (let own = 0; own < limits.account.burst; own += 1)
          expect(door.admit({ data: sign('borrow|UM|1') }, 'victim').ok).toBe(true);
      }),
    );
  });

  it('does not check a signature for a client or an account that has no token', () => {
    let checks = 0;
    const rules: TargetRules<unknown> = {
      inputBytesMax: 100,
      parse: parsePlainInput,
      isSigned: () => {
        checks += 1;
        return true;
      },
    };
    const door = new InputDoor(
      { namespace, defaultTarget: 'evm', targets: new Map([['evm', rules]]), freshness: freshnessDefault },
      { limiter: new InputLimiter(limits, { now: () => nowMs }), wallClock: () => nowMs },
    );
    for (let round = 0; round < 10; round += 1) door.admit({ data: sign('move|1') }, 'a');
    expect(checks).toBe(limits.account.burst);
  });
});

describe('JSON of a ledger transaction', () => {
  const parse = (transaction: unknown) => grammar.parse(sealJson(transaction), account);
  const to = `0x${'b2'.repeat(32)}`;

  it('is the command of the same name', () => {
    for (const [json, text] of [
      [{ type: 'borrow', asset: 'UM', amount: '5' }, 'borrow|UM|5'],
      [{ type: 'transfer', to, asset: 'UM', amount: '5' }, `transfer|${to}|UM|5`],
      [
        { type: 'liquidate', borrower: to, debt_asset: 'UM', amount: '7', collateral_asset: 'WBTC' },
        `liquidate|${to}|UM|7|WBTC`,
      ],
    ] as const) {
      const command = grammar.parse(text, account);
      expect(command.ok).toBe(true);
      expect(parse(json)).toEqual(command);
    }
  });

  const request = {
    settlement_id: idOf(1),
    from: account,
    to,
    amount: '1000',
    asset: 'TNZO',
    metadata: 'Invoice 17: 1-2, (3) "ÄÖ"',
  };
  const batch = { type: 'atomic_batch', batch_id: idOf(9), expires_at_height: 20, requests: [request] };

  it('is an atomic batch with those who sign beside the account', () => {
    const signature = `0x${'22'.repeat(64)}`;
    const verdict = parse({ ...batch, signers: [{ address: to, signature }] });
    expect(verdict).toMatchObject({
      ok: true,
      value: {
        body: {
          type: 'atomic_batch',
          batch: { batchId: idOf(9), expiresAtHeight: 20, requests: [{ metadata: request.metadata }] },
          signers: [to],
        },
        cosignatures: [new Uint8Array(64).fill(0x22)],
      },
    });
  });

  for (const [what, json, code, path] of [
    ['of no kind', { asset: 'UM' }, 'INPUT_JSON_INVALID', '/data/input/transaction/type'],
    [
      'of a kind that is not for users',
      { type: 'price' },
      'INPUT_JSON_INVALID',
      '/data/input/transaction/type',
    ],
    [
      'without an amount',
      { type: 'borrow', asset: 'UM' },
      'INPUT_JSON_INVALID',
      '/data/input/transaction/amount',
    ],
    [
      'with more than it has',
      { type: 'borrow', asset: 'UM', amount: '1', to },
      'INPUT_JSON_INVALID',
      '/data/input/transaction/to',
    ],
    [
      'with a number',
      { type: 'borrow', asset: 'UM', amount: 1 },
      'INPUT_JSON_INVALID',
      '/data/input/transaction/amount',
    ],
    [
      'of too much',
      { type: 'borrow', asset: 'UM', amount: '9'.repeat(39) },
      'INPUT_AMOUNT_INVALID',
      '/data/input/transaction/amount',
    ],
    [
      'in an unknown asset',
      { type: 'borrow', asset: 'um', amount: '1' },
      'INPUT_ASSET_UNKNOWN',
      '/data/input/transaction/asset',
    ],
    ['without requests', { type: 'atomic_batch' }, 'INPUT_JSON_INVALID', '/data/input/transaction/batch_id'],
    [
      'with a sender of its own',
      { ...batch, sender: to },
      'INPUT_JSON_INVALID',
      '/data/input/transaction/sender',
    ],
    [
      'with an amount beyond all',
      { ...batch, requests: [{ ...request, amount: '9'.repeat(39) }] },
      'INPUT_JSON_INVALID',
      '/data/input/transaction',
    ],
  ] as const)
    it(`is refused ${what}: ${code}`, () => {
      expect(parse(json)).toMatchObject({ ok: false, code, details: { path } });
    });

  for (const [what, json, canonical] of [
    [
      'keys in another order',
      { amount: '5', asset: 'UM', type: 'borrow' },
      { type: 'borrow', asset: 'UM', amount: '5' },
    ],
    [
      'hex in upper case',
      { ...batch, batch_id: `0x${'AB'.repeat(32)}` },
      { ...batch, batch_id: `0x${'ab'.repeat(32)}` },
    ],
    ['a kind that goes without saying', { ...batch, requests: [{ ...request, kind: 'immediate' }] }, batch],
    ['no signers', { ...batch, signers: [] }, batch],
    ['an amount as a number', { ...batch, requests: [{ ...request, amount: 1000 }] }, batch],
    ['an amount with zeros', { ...batch, requests: [{ ...request, amount: '01000' }] }, batch],
  ] as const)
    it(`is refused with ${what}, which the ledger could not write again: the refusal says what to sign`, () => {
      const expected = JSON.stringify(canonical);
      expect(parse(json)).toMatchObject({ code: 'INPUT_JSON_INVALID', details: { expected } });
      expect(parse(JSON.parse(expected))).toMatchObject({ ok: true });
    });

  it('is an order with its last height, which is written behind the metadata', () => {
    const order = { ...batch, requests: [{ ...request, last_height: 12 }] };
    expect(parse(order)).toMatchObject({
      ok: true,
      value: { body: { batch: { requests: [{ kind: 'immediate', lastHeight: 12 }] } } },
    });
    for (const last_height of [0, -1, 1.5, '12', null])
      expect(parse({ ...batch, requests: [{ ...request, last_height }] })).toMatchObject({
        code: 'INPUT_JSON_INVALID',
      });
    const { metadata, ...rest } = request;
    const elsewhere = { ...batch, requests: [{ ...rest, last_height: 12, metadata }] };
    expect(parse(elsewhere)).toMatchObject({ details: { expected: JSON.stringify(order) } });
    const release = { ...rest, kind: 'escrow_release', metadata, last_height: 12 };
    expect(parse({ ...batch, requests: [release] })).toMatchObject({ code: 'INPUT_JSON_INVALID' });
  });

  it('is refused with half a surrogate pair, which bytes cannot hold', () => {
    const torn = { ...batch, requests: [{ ...request, metadata: 'a\ud800' }] };
    expect(parse(torn)).toMatchObject({ code: 'INPUT_JSON_INVALID' });
  });

  it('is refused by the limits of batches, under their own codes', () => {
    expect(parse({ ...batch, requests: [] })).toMatchObject({ code: 'BATCH_EMPTY' });
    expect(parse({ ...batch, requests: [{ ...request, amount: '0' }] })).toMatchObject({
      code: 'AMOUNT_ZERO',
    });
    expect(parse({ ...batch, requests: [request, request] })).toMatchObject({
      code: 'DUPLICATE_SETTLEMENT_ID',
    });
  });
});
