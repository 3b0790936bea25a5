/**
 * A second telling of duty law (docs/protocol.md, proposer duty and slashing), with the windows and the batch-size
 * policy that feed it, for the tests alone: it keeps the whole history in plain arrays
 * and recomputes clocks, jail records and holdings from it at every question, where the real thing keeps counters.
 * It shares no code and no types with settlement/net.
 */

export interface ModelRules {
  n: number;
  adaptive: boolean;
  nMin: number;
  nMax: number;
  congestedFee: bigint;
  deadline: number;
  maxAttempts: number;
  missedBps: number;
  equivocationBps: number;
  jailAfter: number;
  jailWindow: number;
  jailBlocks: number;
}

/** A settlement-chain event as the model sees it. `lowQuote`: a swap allowed less than the derived bound. */
export type ModelEvent =
  | { kind: 'settled'; seq: number; by: number }
  | { kind: 'reverted'; seq: number; by: number; attempt: number; code: string; lowQuote: boolean };

export interface ModelAttempt {
  n: number;
  holder: number;
  begunAt: number;
  end: string;
  code: string;
}

export interface ModelBatch {
  seq: number;
  from: number;
  to: number;
  attempts: ModelAttempt[];
  /** Every height from whose header the clock was (re)started by an attempt's end. */
  restarts: number[];
  /** Index into `attempts` at which the present duty began. */
  dutyFrom: number;
  slashes: { who: number; attempt: number; amount: bigint }[];
  confirmedAt: number;
}

interface Seat {
  stake: bigint;
  priority: bigint;
  jailedUntil: number;
  out: boolean;
  /** All ended duties since the last jailing. */
  record: string[];
}

const blameless = ['SLIPPAGE_EXCEEDED', 'INSUFFICIENT_LIQUIDITY', 'TRANSFER_TIMEOUT'];

export class DutyModel {
  readonly rules: ModelRules;
  readonly seats: Seat[];
  readonly batches: ModelBatch[] = [];
  /** Heights whose header derived a counting block. */
  readonly countingHeaders: number[] = [];
  readonly paid: { to: number | 'treasury'; amount: bigint }[] = [];
  readonly log: string[] = [];
  /** All flows since genesis: positive borrowed, negative repaid. */
  readonly moved: { height: number; asset: string; amount: bigint }[] = [];
  /** First height of the batch in the making, first height and size of the running window, size in force. */
  from = 1;
  windowFrom = 1;
  windowSize: number;
  n: number;

  constructor(rules: ModelRules, stakes: bigint[]) {
    this.rules = rules;
    this.n = rules.n;
    this.windowSize = rules.n;
    this.seats = stakes.map((stake) => ({ stake, priority: 0n, jailedUntil: -1, out: false, record: [] }));
  }

  /** The oldest batch that is not settled. */
  turn(): ModelBatch | undefined {
    return this.batches.find((batch) => batch.confirmedAt < 0);
  }

  pending(): ModelBatch[] {
    return this.batches.filter((batch) => batch.confirmedAt < 0);
  }

  current(batch: ModelBatch): ModelAttempt {
    return batch.attempts[batch.attempts.length - 1] as ModelAttempt;
  }

  /** "starts at the latest of": nothing while an earlier batch is unsettled. */
  clockStart(batch: ModelBatch): number | undefined {
    if (this.turn() !== batch) return undefined;
    const previous = this.batches.find((other) => other.seq === batch.seq - 1);
    return Math.max(batch.to + 1, previous === undefined ? 0 : previous.confirmedAt, ...batch.restarts);
  }

  /** "each later header adds 1, never more, if it derives at least one counting block" */
  clock(batch: ModelBatch): number {
    const start = this.clockStart(batch);
    return start === undefined ? 0 : this.countingHeaders.filter((height) => height > start).length;
  }

  missers(batch: ModelBatch): number[] {
    return [...new Set(batch.attempts.filter((one) => one.end === 'missed').map((one) => one.holder))];
  }

  /** Halves of the batch's slashes, rounded down one by one. */
  held(batch: ModelBatch): bigint {
    return batch.slashes.reduce((sum, slash) => sum + slash.amount / 2n, 0n);
  }

  jailRecord(who: number): boolean[] {
    const record = (this.seats[who] as Seat).record.slice(-this.rules.jailWindow);
    return record.map((entry) => entry === 'missed');
  }

  seal(from: number, to: number): void {
    const batch: ModelBatch = {
      seq: this.batches.length + 1,
      from,
      to,
      attempts: [],
      restarts: [],
      dutyFrom: 0,
      slashes: [],
      confirmedAt: -1,
    };
    this.batches.push(batch);
    this.assign(batch, to, []);
  }

  /** The end of an executed block: its flows, then perhaps the end of its window. */
  endOfBlock(
    height: number,
    flows: { asset: string; amount: bigint }[],
    options: { forced: boolean; fee: bigint },
  ): void {
    for (const flow of flows) this.moved.push({ height, ...flow });
    if (height - this.windowFrom + 1 < this.windowSize && !options.forced) return;
    const inBatch = this.moved.filter((flow) => flow.height >= this.from);
    const sums = [...new Set(inBatch.map((flow) => flow.asset))].map((asset) =>
      inBatch.filter((flow) => flow.asset === asset).reduce((sum, flow) => sum + flow.amount, 0n),
    );
    const empty = sums.every((sum) => sum === 0n);
    this.log.push(`window ${this.windowFrom}-${height} ${empty ? 'empty' : 'sealed'}`);
    this.windowFrom = height + 1;
    if (!empty) {
      const waiting = this.pending().length;
      this.log.push(`batch ${this.from}-${height}`);
      this.seal(this.from, height);
      this.from = height + 1;
      if (this.rules.adaptive) {
        if (options.fee > this.rules.congestedFee || waiting > 3) this.n += 1;
        else if (options.fee < this.rules.congestedFee && waiting === 0) this.n -= 1;
        if (this.n > this.rules.nMax) this.n = this.rules.nMax;
        if (this.n < this.rules.nMin) this.n = this.rules.nMin;
      }
    }
    this.windowSize = this.n;
  }

  /** One executed header: events in order, then the clock, once. */
  header(height: number, blocks: { counts: boolean; events: ModelEvent[] }[]): void {
    for (const event of blocks.flatMap((block) => block.events)) {
      if (event.kind === 'settled') this.settled(height, event);
      else this.reverted(height, event);
    }
    if (blocks.some((block) => block.counts)) this.countingHeaders.push(height);
    const batch = this.turn();
    if (batch !== undefined && this.clock(batch) > this.rules.deadline) this.miss(batch, height, '');
  }

  unjail(who: number, height: number): boolean {
    const seat = this.seats[who];
    if (seat === undefined || seat.out || seat.jailedUntil < 0 || height < seat.jailedUntil) return false;
    seat.jailedUntil = -1;
    this.log.push(`unjailed ${who}`);
    return true;
  }

  equivocation(who: number): void {
    const seat = this.seats[who] as Seat;
    if (seat.out) return;
    const amount = this.take(seat, this.rules.equivocationBps);
    seat.out = true;
    if (amount > 0n) {
      this.log.push(`slashed ${who} equivocation ${amount}`);
      this.paid.push({ to: 'treasury', amount });
    }
    this.log.push(`tombstoned ${who}`);
  }

  private settled(height: number, event: { seq: number; by: number }): void {
    const batch = this.turn();
    if (batch === undefined || batch.seq !== event.seq) throw new Error('the driver settled out of turn');
    const attempt = this.current(batch);
    attempt.end = attempt.holder === event.by ? 'confirmed' : 'superseded';
    this.endDuty(attempt.holder, 'done');
    const slashedForIt = batch.slashes.some((slash) => slash.who === event.by);
    const missedIt = this.missers(batch).includes(event.by);
    const amount = this.held(batch);
    const winner = attempt.holder === event.by && !slashedForIt && !missedIt ? event.by : 'treasury';
    if (amount > 0n) this.paid.push({ to: winner, amount });
    batch.confirmedAt = height;
    this.log.push(`confirmed ${batch.seq} by ${event.by}: ${attempt.end}`);
  }

  private reverted(height: number, event: Extract<ModelEvent, { kind: 'reverted' }>): void {
    const batch = this.turn();
    const attempt = batch === undefined ? undefined : this.current(batch);
    const counts =
      batch !== undefined &&
      attempt !== undefined &&
      batch.seq === event.seq &&
      attempt.holder === event.by &&
      attempt.n === event.attempt &&
      attempt.begunAt < height;
    if (!counts) {
      this.log.push(`reverted ${event.seq} ${event.code} ignored`);
      return;
    }
    const code = event.code === 'SLIPPAGE_EXCEEDED' && event.lowQuote ? 'BAD_QUOTE' : event.code;
    this.log.push(`reverted ${event.seq} ${code} counted`);
    const reverts = batch.attempts.length - batch.dutyFrom;
    const chains = blameless.includes(code);
    if (reverts >= this.rules.maxAttempts && !chains) {
      this.miss(batch, height, code);
      return;
    }
    attempt.end = 'reverted';
    attempt.code = code;
    if (reverts >= this.rules.maxAttempts) {
      this.endDuty(attempt.holder, 'done');
      batch.restarts.push(height);
      this.assign(batch, height, [...this.missers(batch), attempt.holder]);
      return;
    }
    if (chains) batch.restarts.push(height);
    batch.attempts.push({ n: attempt.n + 1, holder: attempt.holder, begunAt: height, end: '', code: '' });
  }

  private miss(batch: ModelBatch, height: number, code: string): void {
    const attempt = this.current(batch);
    const who = attempt.holder;
    this.log.push(`missed ${batch.seq} attempt ${attempt.n} by ${who} at ${this.clock(batch)}`);
    attempt.end = 'missed';
    attempt.code = code;
    const seat = this.seats[who] as Seat;
    const amount = this.take(seat, this.rules.missedBps);
    if (amount > 0n) {
      batch.slashes.push({ who, attempt: attempt.n, amount });
      this.log.push(`slashed ${who} batch ${batch.seq} attempt ${attempt.n} ${amount}`);
      if (amount - amount / 2n > 0n) this.paid.push({ to: 'treasury', amount: amount - amount / 2n });
    }
    this.endDuty(who, 'missed');
    const misses = this.jailRecord(who).filter(Boolean).length;
    const everything = this.seats.reduce((sum, each) => sum + each.stake, 0n);
    const locked = this.seats
      .filter((each) => each === seat || each.jailedUntil >= 0)
      .reduce((sum, each) => sum + each.stake, 0n);
    if (misses >= this.rules.jailAfter && !seat.out && locked * 3n <= everything) {
      seat.jailedUntil = height + this.rules.jailBlocks;
      seat.record = [];
      this.log.push(`jailed ${who} until ${seat.jailedUntil}`);
    }
    batch.restarts.push(height);
    this.assign(batch, height, this.missers(batch));
  }

  private endDuty(who: number, how: string): void {
    (this.seats[who] as Seat).record.push(how);
  }

  private take(seat: Seat, bps: number): bigint {
    let amount = (seat.stake * BigInt(bps)) / 10000n;
    if (amount < 1n) amount = 1n;
    if (amount > seat.stake) amount = seat.stake;
    seat.stake -= amount;
    return amount;
  }

  private assign(batch: ModelBatch, height: number, notThese: number[]): void {
    const everybody = this.seats.map((_, who) => who);
    const seat = (who: number): Seat => this.seats[who] as Seat;
    const eligible = everybody.filter((who) => !seat(who).out && seat(who).jailedUntil < 0);
    let pool = eligible.filter((who) => !notThese.includes(who));
    if (pool.length === 0) pool = eligible;
    if (pool.length === 0) pool = everybody.filter((who) => !seat(who).out);
    if (pool.length === 0) pool = everybody;
    for (const who of pool) seat(who).priority += seat(who).stake;
    const holder = pool.find((who) =>
      pool.every((rival) => seat(rival).priority <= seat(who).priority),
    ) as number;
    for (const who of pool) seat(holder).priority -= seat(who).stake;
    batch.dutyFrom = batch.attempts.length;
    const n = batch.attempts.length + 1;
    batch.attempts.push({ n, holder, begunAt: height, end: '', code: '' });
    this.log.push(`assigned ${batch.seq} attempt ${n} to ${holder}`);
  }
}
