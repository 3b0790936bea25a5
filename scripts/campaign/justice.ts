/**
 * Seeds of the claim that a settlement chain in trouble slashes nobody, and silence always: stalls, full and slow blocks,
 * reorganisations within `origin_confirmations`, fee spikes, congestion, lost receipts and failing calls, with a silent
 * validator in some seeds. A pure function of the seed; `npm run campaign -- --case justice/<seed>` repeats one.
 */
import { Random } from '../../consensus/primitives/random.ts';
import { formatProblem } from '../../node/config/problem.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import { runSimulation } from '../../node/simulation/run.ts';

/** What is left of a run after its last fault, in s: enough for most duties to end, rescuers' included. */
const CALM_S = 100;
const VALIDATORS = 4;
/** What a validator that comes back needs until its transaction is on its way, in ms: catching up, a breaker's rest. */
const RETURN_MS = 8_000;
/** Blocks with room that it then needs at most: one whose price it has not met yet, and one that includes it. */
const ROOM_BLOCKS_MAX = 3;
/** Blocks with room within which a rescuer's settlement is derived, batches ahead of it included. */
const RESCUE_BLOCKS_MAX = 12;

export interface JusticeVerdict {
  readonly seed: number;
  /** Empty when justice was done. */
  readonly failures: readonly string[];
  /** Duties that ended, those that passed on included. */
  readonly duties: number;
  readonly slashes: number;
  /** Duties whose holder was silent from beginning to end. */
  readonly silentDuties: number;
}

/** A time during which a validator settles nothing, in ms. */
export interface Silence {
  readonly node: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface JusticeScenario {
  readonly text: string;
  readonly silences: readonly Silence[];
}

/** The scenario of a seed, as text that `sidereal run` takes. */
export function justiceScenario(seed: number): JusticeScenario {
  const random = new Random(`justice/${seed}`);
  const confirmations = random.between(0, 3);
  const troubledS = random.between(40, 130);
  const silences = random.chance(0.5) ? drawSilences(random, troubledS * 1000) : [];
  const events = [
    ...silences.map((silence) => silenceText(random, silence)),
    ...Array.from({ length: random.between(1, 6) }, () => troubleText(random, troubledS, confirmations)),
  ];
  const text = [
    `name: justice ${seed}`,
    `seed: ${seed}`,
    `duration: ${troubledS + CALM_S}s`,
    'config:',
    `  validators: { count: ${VALIDATORS} }`,
    `  settlement: { batch_size: ${random.between(2, 8)}, origin_confirmations: ${confirmations}${rulesText(random)} }`,
    `  settlement_chain: { phase_ms: ${[0, 0, 1, 1500, 4000][random.below(5)] ?? 0}${congestionText(random)} }`,
    '  simulation: { crypto: modelled, shared_execution: true }',
    `network: { latency_ms: ${random.between(5, 120)}, jitter_ms: ${random.between(0, 5)} }`,
    'workload: { uniform: { transactions_per_block: 1 } }',
    'timeline:',
    ...events.map((event) => `  - ${event}`),
    '',
  ].join('\n');
  return { text, silences };
}

function rulesText(random: Random): string {
  let rules = '';
  if (random.chance(0.3)) rules += `, submission_deadline_blocks: ${random.between(4, 8)}`;
  if (random.chance(0.2)) rules += ', jail_after_misses: 1, jail_blocks: 20';
  if (random.chance(0.2)) rules += ', base_asset: USDT';
  if (random.chance(0.2)) rules += `, fee_cap: ${[30, 100, 300][random.below(3)] ?? 30}000000000`;
  return rules;
}

/** Demand of others for the whole run; blocks that it fills slash nobody. */
function congestionText(random: Random): string {
  if (random.chance(0.6)) return '';
  if (random.chance(0.3)) return `, background: { type: constant, gas: ${random.between(1, 6)}000000 }`;
  const chance = random.between(1, 4) / 20;
  const blocks = random.between(1, 8);
  return `, background: { type: bursts, gas_mean: 3000000, burst_probability: ${chance}, burst_blocks: ${blocks} }`;
}

/** One validator at a time, so that a quorum stays. */
function drawSilences(random: Random, troubledMs: number): Silence[] {
  const silences: Silence[] = [];
  let fromMs = random.between(0, 15_000);
  while (fromMs < troubledMs - 5_000 && silences.length < 3) {
    const untilMs = Math.min(troubledMs, fromMs + random.between(5_000, 90_000));
    silences.push({ node: `node-${random.below(VALIDATORS)}`, fromMs, untilMs });
    fromMs = untilMs + random.between(500, 20_000);
  }
  return silences;
}

function silenceText(random: Random, { node, fromMs, untilMs }: Silence): string {
  const faults = [
    `withhold_settlement: { node: ${node} }`,
    `isolate: ${node}`,
    `crash: { node: ${node}, lose: unsynced }`,
  ];
  const fault = faults[random.below(faults.length)] ?? '';
  return `{ at: { time: ${fromMs}ms }, ${fault}, for: ${untilMs - fromMs}ms }`;
}

/** One trouble of the settlement chain or of the way to it: none that keeps a holder off a chain that has room. */
function troubleText(random: Random, troubledS: number, confirmations: number): string {
  const atMs = random.between(0, troubledS * 1000 - 1_000);
  const forMs = Math.max(500, Math.min(troubledS * 1000 - atMs, random.between(500, 60_000)));
  const lasting = (fault: string): string =>
    `{ at: { time: ${atMs}ms }, settlement_chain: { ${fault} }, for: ${forMs}ms }`;
  const instant = (fault: string): string => `{ at: { time: ${atMs}ms }, settlement_chain: { ${fault} } }`;
  switch (random.below(confirmations > 0 ? 11 : 9)) {
    case 0:
      return lasting('stall: true');
    case 1:
      return lasting('full: true');
    case 2:
      return lasting(`slow: { factor: ${random.between(2, 5)} }`);
    case 3:
      return instant(`base_fee: { factor: ${[2, 8, 30, 400, 1100][random.below(5)] ?? 2} }`);
    case 4:
      return lasting(`rpc_errors: ${random.between(1, 6) / 10}`);
    case 5:
      return lasting(`rpc_timeouts: ${random.between(1, 4) / 10}`);
    case 6:
      return lasting(`lose_receipts: ${random.between(1, 10) / 10}`);
    case 7:
      return lasting(`duplicate_delivery: ${random.between(1, 10) / 10}`);
    case 8:
      return lasting(`slippage: { asset: UM, bps: ${random.between(10, 2000)} }`);
    default:
      return instant(`reorg: { depth: ${random.between(1, confirmations)} }`);
  }
}

/** A duty from its assignment to its end. */
interface Duty {
  readonly batch: number;
  readonly holder: string;
  readonly assignedMs: number;
  endedMs: number | undefined;
  missedAttempt: number | undefined;
  /** The settlement chain when it was missed. */
  blocks: readonly { readonly madeMs: number; readonly counts: boolean }[];
  slashes: number;
}

interface JusticeEvent {
  readonly t: number;
  readonly type: string;
  readonly batch: number;
  readonly attempt: number;
  readonly proposer: string;
  readonly validator: string;
  readonly settler: string;
  readonly height: number;
  readonly gas_used: number;
  readonly base_fee: string;
}

/** What a duty clock counts, as the scenario's rules say. */
interface CountingRules {
  readonly gasUsedMax: number;
  readonly feeCap: bigint;
  readonly confirmations: number;
}

const watched = ['settlement_block', 'batch_assigned', 'batch_missed', 'batch_confirmed', 'slashed'].map(
  (type) => `"type":"${type}"`,
);

/** Runs the scenario of a seed and judges what became of every duty. */
export function runJusticeSeed(seed: number): JusticeVerdict {
  const { text, silences } = justiceScenario(seed);
  const parsed = parseScenario(text, `justice/${seed}`, { seed });
  if (!parsed.ok) {
    const failures = parsed.problems.map(formatProblem);
    return { seed, failures, duties: 0, slashes: 0, silentDuties: 0 };
  }
  const { scenario } = parsed.value;
  const { settlement, settlementChain } = scenario.config;
  const book = new DutyBook({
    gasUsedMax: settlementChain.gasLimit - settlement.settlementGasReserve,
    feeCap: settlement.feeCap,
    confirmations: settlement.originConfirmations,
  });
  const result = runSimulation(scenario, {
    onEvent: (line) => {
      if (watched.some((type) => line.includes(type))) book.note(JSON.parse(line) as JusticeEvent);
    },
  });
  const failures = [...result.errors];
  for (const { name, violations } of result.laws) {
    for (const violation of violations) failures.push(`${name}: ${violation}`);
  }
  const judged = book.judge(silences);
  failures.push(...judged.failures);
  const { duties, silentDuties } = judged;
  return { seed, failures, duties, slashes: result.slashes.length, silentDuties };
}

/** Follows every duty by what the network's blocks say. */
class DutyBook {
  readonly #duties: Duty[] = [];
  readonly #running = new Map<number, Duty>();
  readonly #settlers = new Map<number, string>();
  readonly #strays: string[] = [];
  readonly #rules: CountingRules;
  /** When each settlement block was made, by height, and whether it had room at a bearable price. */
  readonly #blocks: { readonly madeMs: number; readonly counts: boolean }[] = [];

  constructor(rules: CountingRules) {
    this.#rules = rules;
  }

  note(event: JusticeEvent): void {
    const running = this.#running.get(event.batch);
    switch (event.type) {
      case 'settlement_block': {
        // A reorganisation comes with blocks of heights that were there before.
        this.#blocks.length = event.height - 1;
        const { gasUsedMax, feeCap } = this.#rules;
        const counts = event.gas_used <= gasUsedMax && BigInt(event.base_fee) <= feeCap;
        this.#blocks.push({ madeMs: event.t, counts });
        return;
      }
      case 'batch_assigned': {
        if (running !== undefined) running.endedMs ??= event.t;
        const duty: Duty = {
          batch: event.batch,
          holder: event.proposer,
          assignedMs: event.t,
          endedMs: undefined,
          missedAttempt: undefined,
          blocks: [],
          slashes: 0,
        };
        this.#duties.push(duty);
        this.#running.set(event.batch, duty);
        return;
      }
      case 'batch_missed':
        if (running === undefined) return;
        running.endedMs = event.t;
        running.blocks = this.#blocks.slice();
        running.missedAttempt = event.attempt;
        return;
      case 'batch_confirmed':
        if (running !== undefined) running.endedMs = event.t;
        this.#running.delete(event.batch);
        this.#settlers.set(event.batch, event.settler);
        return;
      default:
        this.#slashed(event);
    }
  }

  #slashed({ validator, batch, attempt, t }: JusticeEvent): void {
    const duty = this.#duties.findLast(
      (one) => one.batch === batch && one.holder === validator && one.missedAttempt === attempt,
    );
    if (duty === undefined) this.#strays.push(`${validator} slashed at ${t} ms for no duty of its own`);
    else duty.slashes += 1;
  }

  /** Blocks with room between an instant and the one by which the duty was judged. */
  #roomAfter(sinceMs: number, { blocks }: Duty): number {
    const judged = blocks.slice(0, Math.max(0, blocks.length - this.#rules.confirmations - 1));
    return judged.filter(({ madeMs, counts }) => counts && madeMs > sinceMs).length;
  }

  /** Blocks with room since an instant, to the end of the run. */
  #roomSince(sinceMs: number): number {
    return this.#blocks.filter(({ madeMs, counts }) => counts && madeMs > sinceMs).length;
  }

  judge(silences: readonly Silence[]): {
    readonly failures: string[];
    readonly duties: number;
    readonly silentDuties: number;
  } {
    const failures = [...this.#strays];
    let silentDuties = 0;
    for (const duty of this.#duties) {
      const { batch, holder, assignedMs, endedMs, missedAttempt, slashes } = duty;
      const name = `${holder} on batch ${batch}, assigned at ${assignedMs} ms`;
      // The law of progress says whether it should have ended.
      if (endedMs === undefined) continue;
      const own = silences.filter(({ node }) => node === holder);
      const wasSilent = own.some(({ fromMs, untilMs }) => fromMs < endedMs && untilMs > assignedMs);
      const wasAbsent = own.some(({ fromMs, untilMs }) => fromMs <= assignedMs && untilMs >= endedMs);
      if (slashes > 0 && !wasSilent) failures.push(`${name}: slashed though it was there all the time`);
      const backMs = Math.max(...own.filter(({ fromMs }) => fromMs < endedMs).map(({ untilMs }) => untilMs));
      if (slashes > 0 && this.#roomAfter(Math.max(backMs, assignedMs) + RETURN_MS, duty) > ROOM_BLOCKS_MAX) {
        failures.push(`${name}: slashed though it was back in time`);
      }
      if (slashes > 1) failures.push(`${name}: slashed ${slashes} times`);
      if (!wasAbsent) continue;
      silentDuties += 1;
      const settler = this.#settlers.get(batch);
      if (settler === undefined && this.#roomSince(endedMs) > RESCUE_BLOCKS_MAX) {
        failures.push(`${name}: silent all the time, its batch never settled`);
      }
      if (settler === holder) failures.push(`${name}: settled it although it was silent`);
      // Without a miss somebody else was first: an earlier holder's transaction, included late.
      if (missedAttempt !== undefined && slashes !== 1) failures.push(`${name}: missed, not slashed`);
    }
    const duties = this.#duties.filter(({ endedMs }) => endedMs !== undefined).length;
    return { failures, duties, silentDuties };
  }
}
