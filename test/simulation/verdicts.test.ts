/** What a run says of its slashes and duties, and that it can be checked from the bytes. */
import { describe, expect, it } from 'vitest';
import { createGenesisBlock } from '../../consensus/block.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { ValidatorSet } from '../../consensus/validators.ts';
import type { SlashVerdict, VerdictReport } from '../../node/report/result.ts';
import { type ProvenSlash, type VerdictNetwork, verifyVerdict } from '../../node/report/verdictProof.ts';
import { Verdicts } from '../../node/report/verdicts.ts';
import type { ByzantineBehaviour, Fault } from '../../node/scenario/types.ts';
import type { NetFact } from '../../settlement/net/types.ts';
import { CoreNetwork, scenarioOf } from '../helpers/coreNetwork.ts';
import { type DishonestRun, runDishonest } from '../helpers/dishonestRun.ts';

const SEED = 42;
// Real signatures: a reader checks them with nothing but the public keys.
const verifier = createCrypto('full');

function runWith(
  validators: number,
  behaviours: Readonly<Record<string, readonly ByzantineBehaviour[]>>,
  faults: readonly { readonly fault: Fault; readonly atMs: number; readonly forMs: number }[] = [],
  settings = '',
): DishonestRun {
  return runDishonest({
    validators,
    seed: SEED,
    behaviours,
    durationMs: 150_000,
    simulation: { crypto: 'cached' },
    settings,
    timeline: faults.map(({ fault, atMs, forMs }) => ({
      at: { timeMs: atMs },
      forMs,
      transactions: [],
      faults: [fault],
      line: 1,
    })),
  });
}

/** All a reader has: what stands in the report. */
function networkOf({ chain_id, validators, rules }: VerdictReport): VerdictNetwork {
  return {
    chainId: chain_id,
    validators: new ValidatorSet(
      validators.map(({ name, public_key: publicKey, power }) => ({ name, publicKey, power })),
    ),
    rules: {
      submissionDeadlineBlocks: rules.submission_deadline_blocks,
      maxAttempts: rules.max_attempts,
      settlementGasReserve: rules.settlement_gas_reserve,
      feeCap: BigInt(rules.fee_cap),
    },
  };
}

function provenOf(report: VerdictReport, slash: SlashVerdict): ProvenSlash {
  const { validator, batch, height, proof } = slash;
  if (proof === undefined) throw new Error('a slash without proof');
  const index = report.validators.findIndex(({ name }) => name === validator);
  return { validator: index, batch, height, proof };
}

function verdictOf(report: VerdictReport, slash: SlashVerdict): string {
  const verdict = verifyVerdict(provenOf(report, slash), networkOf(report), verifier);
  return verdict.ok ? 'ok' : verdict.message;
}

describe.each([
  [4, ['node-1']],
  [7, ['node-1', 'node-4']],
] as const)('%i validators, %j withhold their settlements', (validators, guilty) => {
  const { result } = runWith(
    validators,
    Object.fromEntries(guilty.map((node) => [node, ['withhold_settlement']])),
  );
  const { verdicts } = result;

  it(`every slash is proven, and none is wrongful (seed ${SEED})`, () => {
    expect(verdicts.slashes.length).toBeGreaterThan(0);
    expect(verdicts.slashes.map(({ validator, batch, height }) => ({ validator, batch, height }))).toEqual(
      result.slashes.map(({ validator, batch, height }) => ({ validator, batch, height })),
    );
    for (const slash of verdicts.slashes) expect(verdictOf(verdicts, slash)).toBe('ok');
    expect(verdicts.wrongful_slashes).toBe(0);
    expect(verdicts.unpunished_absences).toBe(0);
  });

  it(`a missed duty says how absent its holder was, the others that theirs were present (seed ${SEED})`, () => {
    const missed = verdicts.duties.filter(({ outcome }) => outcome === 'missed');
    expect(missed.map(({ holder }) => holder)).toEqual(result.slashes.map(({ validator }) => validator));
    for (const duty of missed) {
      expect(duty).toMatchObject({ clock: 7, attendance: 'absent', absent: 7, reasons: ['is dishonest'] });
      expect(duty.to_settlement_block).toBeGreaterThan(duty.from_settlement_block);
    }
    const settled = verdicts.duties.filter(({ outcome }) => outcome === 'settled');
    expect(settled.every(({ attendance }) => attendance === 'present')).toBe(true);
  });

  it(`shorter deadlines would have slashed as often or more (seed ${SEED})`, () => {
    const slashed = verdicts.deadlines.map((deadline) => deadline.slashed);
    expect(verdicts.deadlines.map(({ blocks }) => blocks)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(slashed[5]).toBe(result.slashes.length);
    expect(slashed).toEqual([...slashed].sort((a, b) => b - a));
    expect(verdicts.deadlines[6]?.undecided).toBe(result.slashes.length);
  });
});

describe('a proof', () => {
  const missed = runWith(4, { 'node-1': ['withhold_settlement'] }).result.verdicts;
  const equivocated = runWith(4, { 'node-1': ['equivocate'] }).result.verdicts;
  const reverted = runWith(4, { 'node-1': ['lie_about_net'] }).result.verdicts;
  const firstOf = (report: VerdictReport, reason: SlashVerdict['reason']): SlashVerdict => {
    const slash = report.slashes.find((one) => one.reason === reason);
    if (slash === undefined) throw new Error(`nobody was slashed for ${reason}`);
    return slash;
  };
  const cases = [
    ['a miss', missed, firstOf(missed, 'missed_settlement')],
    ['equivocation', equivocated, firstOf(equivocated, 'equivocation')],
    ['too many reverts', reverted, firstOf(reverted, 'missed_settlement')],
  ] as const;

  it.each(cases)('of %s holds', (_, report, slash) => {
    expect(verdictOf(report, slash)).toBe('ok');
  });

  it.each(cases)('of %s holds no more with any bit of it another', (_, report, slash) => {
    const { proof } = provenOf(report, slash);
    const network = networkOf(report);
    const isRefused = (damaged: typeof proof): boolean =>
      !verifyVerdict({ ...provenOf(report, slash), proof: damaged }, network, verifier).ok;
    /** One bit in 23: signatures are slow to check, and every field is met. */
    const damages = (hex: string): string[] => {
      const bits: string[] = [];
      for (let bit = 0; bit < (hex.length - 2) * 4; bit += 23) {
        const at = 2 + (bit >> 2);
        const digit = (Number.parseInt(hex[at] ?? '0', 16) ^ (1 << (bit & 3))).toString(16);
        bits.push(hex.slice(0, at) + digit + hex.slice(at + 1));
      }
      return bits;
    };
    for (const certificate of damages(proof.certificate))
      expect(isRefused({ ...proof, certificate })).toBe(true);
    for (const evidence of proof.evidence === undefined ? [] : damages(proof.evidence)) {
      expect(isRefused({ ...proof, evidence })).toBe(true);
    }
    for (const key of ['headers', 'settlement_blocks'] as const) {
      const list = proof[key] ?? [];
      for (const [index, hex] of list.entries()) {
        for (const damaged of damages(hex)) {
          const parts = list.map((part, at) => (at === index ? damaged : part));
          expect(isRefused({ ...proof, [key]: parts })).toBe(true);
        }
        expect(isRefused({ ...proof, [key]: list.filter((_part, at) => at !== index) })).toBe(true);
      }
    }
  });

  it('is none for another validator, another batch, or stricter rules', () => {
    const slash = firstOf(missed, 'missed_settlement');
    const proven = provenOf(missed, slash);
    const network = networkOf(missed);
    const strict = { ...network, rules: { ...network.rules, submissionDeadlineBlocks: 7 } };
    expect(verifyVerdict(proven, strict, verifier).ok).toBe(false);
    expect(verifyVerdict({ ...proven, batch: 1 }, network, verifier).ok).toBe(false);
    const accused = provenOf(equivocated, firstOf(equivocated, 'equivocation'));
    expect(verifyVerdict({ ...accused, validator: 2 }, networkOf(equivocated), verifier).ok).toBe(false);
  });
});

describe('attendance', () => {
  it.each([
    ['crash', { type: 'crash', node: 'node-1', lose: 'unsynced' }, 'is down'],
    ['isolate', { type: 'isolate', node: 'node-1' }, 'does not reach the settlement chain in time'],
    ['pause', { type: 'pause', node: 'node-1' }, 'is paused'],
    ['censor', { type: 'settlement_chain', kind: 'censor', node: 'node-1' }, 'is censored'],
  ] as const)(`%s: the holder is known to have been away (seed ${SEED})`, (_, fault, reason) => {
    const { verdicts } = runWith(4, {}, [{ fault, atMs: 17_000, forMs: 60_000 }]).result;
    const missed = verdicts.duties.find(({ holder, outcome }) => holder === 'node-1' && outcome === 'missed');
    expect(missed).toMatchObject({ attendance: 'absent', reasons: [reason] });
    expect(verdicts.wrongful_slashes).toBe(0);
    for (const slash of verdicts.slashes) expect(verdictOf(verdicts, slash)).toBe('ok');
  });

  it(`a chain that stalls or fills up slashes nobody, whatever the deadline (seed ${SEED})`, () => {
    const { verdicts } = runWith(4, {}, [
      { fault: { type: 'settlement_chain', kind: 'stall' }, atMs: 12_000, forMs: 40_000 },
      { fault: { type: 'settlement_chain', kind: 'full' }, atMs: 60_000, forMs: 40_000 },
    ]).result;
    expect(verdicts.slashes).toEqual([]);
    expect(verdicts.deadlines.slice(2).map(({ slashed }) => slashed)).toEqual(Array(10).fill(0));
  });
});

describe('a slash for equivocation', () => {
  it.each([
    [true, false, 0],
    [false, true, 1],
  ])(
    'of a validator that may have equivocated (%s) is wrongful: %s',
    (mayHaveEquivocated, wrongful, count) => {
      const { genesis } = new CoreNetwork(scenarioOf('name: verdicts\nduration: 10s\n')).parts;
      const verdicts = new Verdicts(
        { genesis },
        {
          settlementBlockAt: () => undefined,
          presenceOf: () => ({ presence: 'present', reason: undefined }),
          mayHaveEquivocated: () => mayHaveEquivocated,
          hasLied: () => false,
        },
      );
      const block = createGenesisBlock({
        chainId: genesis.chainId,
        blockTimeMs: genesis.blockTimeMs,
        stateRoot: ZERO_HASH,
        settlementGenesisHash: ZERO_HASH,
      });
      const fact: NetFact = {
        type: 'slashed',
        validator: 2,
        reason: 'equivocation',
        batch: undefined,
        attempt: undefined,
        amount: 50n,
      };
      verdicts.begin(block);
      verdicts.finalized(block, [fact], undefined, undefined);
      const { slashes, wrongful_slashes } = verdicts.report();
      expect(slashes).toMatchObject([{ validator: 'node-2', reason: 'equivocation', wrongful }]);
      expect(wrongful_slashes).toBe(count);
    },
  );
});
