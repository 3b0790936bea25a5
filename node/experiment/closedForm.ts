/**
 * What the protocol takes without faults, worked out instead of simulated: how long a block waits until it is settled
 * (docs/closed-form.md derives every step). It describes equal validators on links without loss, a fixed batch size and a
 * settlement chain with room; `limitsOfClosedForm` says where a scenario leaves that ground.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import { normalQuantile } from '../scenario/model/portableMath.ts';
import type { Scenario } from '../scenario/types.ts';

export interface TimingModel {
  /** N, in blocks. */
  readonly batchSize: number;
  readonly blockTimeMs: number;
  readonly settlementBlockTimeMs: number;
  /** Offset of the settlement chain; undefined: any is equally likely. */
  readonly phaseMs: number | undefined;
  /** Of every link: delays are drawn evenly from latency - jitter to latency + jitter. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly validatorCount: number;
  readonly originDelayMs: number;
  readonly originConfirmations: number;
  readonly submissionDeadlineBlocks: number;
  /**
   * How many blocks lie how far behind the block that seals them: entry i counts those i blocks behind. Absent: one each
   * from 0 to N - 1, as where no window nets to zero (`behindCountsOf`).
   */
  readonly behindCounts?: readonly number[];
}

/** The distribution of a block's latency: from its timestamp to the timestamp of the settlement block that settles it. */
export interface LatencyLaw {
  readonly meanMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Share of blocks settled within `ms`. */
  shareWithin(ms: number): number;
  /** The least latency that a share of blocks, above 0 and at most 1, does not exceed. */
  quantileMs(share: number): number;
}

export interface ClosedForm {
  /** Means of the parts of a block's latency; their sum is `latency.meanMs`. */
  readonly inBatchWaitMs: number;
  readonly finalityMs: number;
  readonly submissionMs: number;
  readonly inclusionWaitMs: number;
  readonly latency: LatencyLaw;
  /** Mean from inclusion until the first node has finalised the block that confirms it. */
  readonly confirmationMs: number;
  /** From the sealing block's timestamp: the longest until inclusion, and the earliest at which the duty could be missed. */
  readonly inclusionMaxMs: number;
  readonly missMinMs: number;
  /** How many waits for the settlement chain a run goes through in turn; infinite for a random phase. */
  readonly waitCount: number;
}

/** What sums of shares may lose to rounding. */
const ROUNDING = 1e-9;

/** Validators of equal power that make a quorum: strictly more than 2/3. */
export function quorumCount(validatorCount: number): number {
  return Math.floor((2 * validatorCount) / 3) + 1;
}

/** Works out the latency of a fault-free run. */
export function predictLatency(model: TimingModel): ClosedForm {
  const { batchSize, blockTimeMs, settlementBlockTimeMs, latencyMs } = model;
  assert(batchSize >= 1, `batch size ${batchSize}`);
  const finalityMs = meanFinalityMs(model);
  const arrivalMs = finalityMs + latencyMs;
  const waits = inclusionWaits(model, arrivalMs);
  const law = waits === undefined ? evenLaw(model, arrivalMs) : lockedLaw(model, arrivalMs, waits);
  const inBatchWaitMs = meanBehind(model) * blockTimeMs;
  return {
    inBatchWaitMs,
    finalityMs,
    submissionMs: latencyMs,
    inclusionWaitMs: law.meanMs - inBatchWaitMs - arrivalMs,
    latency: law,
    confirmationMs:
      model.originDelayMs +
      model.originConfirmations * settlementBlockTimeMs +
      meanGridWaitMs(model, waits) +
      finalityMs,
    inclusionMaxMs: arrivalMs + (waits === undefined ? settlementBlockTimeMs : Math.max(...waits)),
    missMinMs: blockTimeMs - model.originDelayMs + model.submissionDeadlineBlocks * settlementBlockTimeMs,
    waitCount: waits?.length ?? Number.POSITIVE_INFINITY,
  };
}

/**
 * Mean time from a block's timestamp until its proposer-to-be knows it is final: the proposal, the notarize votes and the
 * finalize votes travel one after the other, and a node goes on with the vote that makes its quorum. Which one that is
 * shifts the mean by order statistics (Blom's approximation), a share of the jitter.
 */
export function meanFinalityMs({ latencyMs, jitterMs, validatorCount }: TimingModel): number {
  if (validatorCount === 1) return 0;
  const quorum = quorumCount(validatorCount);
  const hopVariance = (jitterMs * jitterMs) / 3;
  // A follower has its own vote and, with the proposal, the leader's; it waits for quorum - 2 of the others.
  const followers = orderShift(quorum - 2, validatorCount - 2);
  const leader = orderShift(quorum - 1, validatorCount - 1);
  const notarisedShift =
    Math.sqrt(2 * hopVariance) * (followers * (1 - 1 / validatorCount) + leader / validatorCount);
  // Finalize votes of all others, whose senders start with about half the spread of a notarisation.
  const finalShift = Math.sqrt(2 * hopVariance) * orderShift(quorum - 1, validatorCount - 1);
  return 3 * latencyMs + notarisedShift + finalShift;
}

/** Expected rank-th smallest of `count` standard normals; 0 where nothing is waited for. */
function orderShift(rank: number, count: number): number {
  if (rank < 1 || count < 1) return 0;
  return normalQuantile((rank - 0.375) / (count + 0.25));
}

/**
 * The waits for the next settlement block that arrivals with a fixed phase meet, all equally often: arrivals are N block
 * times apart, so modulo the settlement block time they repeat after `C / gcd(N B, C)`. Undefined for a random phase.
 */
function inclusionWaits(
  { batchSize, blockTimeMs, settlementBlockTimeMs, phaseMs }: TimingModel,
  arrivalMs: number,
): readonly number[] | undefined {
  if (phaseMs === undefined) return undefined;
  const periodMs = batchSize * blockTimeMs;
  const stepMs = gcd(periodMs, settlementBlockTimeMs);
  const firstMs = (batchSize - 1) * blockTimeMs + arrivalMs;
  // The wait of the first arrival, modulo the step, above 0: at the instant itself it is too late.
  const rest = (((phaseMs - firstMs) % stepMs) + stepMs) % stepMs;
  const leastMs = rest === 0 ? stepMs : rest;
  return Array.from({ length: settlementBlockTimeMs / stepMs }, (_, index) => leastMs + index * stepMs);
}

/** Share of blocks that lie so many blocks behind their sealing block. */
function behindShares({ batchSize, behindCounts }: TimingModel): readonly number[] {
  const counts = behindCounts ?? Array.from({ length: batchSize }, () => 1);
  const total = counts.reduce((sum, count) => sum + count, 0);
  assert(total > 0, 'some block is settled');
  return counts.map((count) => count / total);
}

function meanBehind(model: TimingModel): number {
  return behindShares(model).reduce((sum, share, behind) => sum + share * behind, 0);
}

/** Waits evenly spread over one settlement block time. */
function evenLaw(model: TimingModel, arrivalMs: number): LatencyLaw {
  const { blockTimeMs, settlementBlockTimeMs } = model;
  const shares = behindShares(model);
  const shareWithin = (ms: number): number =>
    shares.reduce((sum, share, behind) => {
      const part = (ms - arrivalMs - behind * blockTimeMs) / settlementBlockTimeMs;
      return sum + share * Math.min(1, Math.max(0, part));
    }, 0);
  const maxMs = arrivalMs + (shares.length - 1) * blockTimeMs + settlementBlockTimeMs;
  return {
    meanMs: arrivalMs + meanBehind(model) * blockTimeMs + settlementBlockTimeMs / 2,
    minMs: arrivalMs,
    maxMs,
    shareWithin,
    quantileMs: (share) => {
      // The share rises with the latency, so halving finds it; 60 halvings are below a rounding error.
      let [low, high] = [arrivalMs, maxMs];
      for (let round = 0; round < 60; round += 1) {
        const half = (low + high) / 2;
        if (shareWithin(half) < share) low = half;
        else high = half;
      }
      return high;
    },
  };
}

/** Few waits, each equally often. */
function lockedLaw(model: TimingModel, arrivalMs: number, waits: readonly number[]): LatencyLaw {
  const values: { readonly ms: number; readonly share: number }[] = [];
  for (const [behind, share] of behindShares(model).entries()) {
    if (share === 0) continue;
    for (const wait of waits)
      values.push({ ms: arrivalMs + behind * model.blockTimeMs + wait, share: share / waits.length });
  }
  values.sort((a, b) => a.ms - b.ms);
  const maxMs = values.at(-1)?.ms ?? 0;
  return {
    meanMs: values.reduce((sum, { ms, share }) => sum + ms * share, 0),
    minMs: values[0]?.ms ?? 0,
    maxMs,
    shareWithin: (ms) => values.reduce((sum, value) => (value.ms <= ms ? sum + value.share : sum), 0),
    quantileMs: (share) => {
      let sum = 0;
      for (const value of values) {
        sum += value.share;
        if (sum >= share - ROUNDING) return value.ms;
      }
      return maxMs;
    },
  };
}

/** Mean from the instant at which a settlement block is old enough until the next block's timestamp, which may name it. */
function meanGridWaitMs(
  { blockTimeMs, settlementBlockTimeMs, phaseMs, originDelayMs }: TimingModel,
  waits: readonly number[] | undefined,
): number {
  if (waits === undefined || phaseMs === undefined) return blockTimeMs / 2;
  // Settlement blocks that include a batch need not be all of them; over a run they come by every residue there is.
  const stepMs = gcd(settlementBlockTimeMs, blockTimeMs);
  const rest = (((-phaseMs - originDelayMs) % stepMs) + stepMs) % stepMs;
  return rest + (blockTimeMs - stepMs) / 2;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** The model of a scenario's own timing; `phase: 'random'` where runs draw it. */
export function timingModelOf(
  { config, network }: Pick<Scenario, 'config' | 'network'>,
  phase: 'random' | 'configured' = 'configured',
): TimingModel {
  const { chain, settlement, settlementChain, validators } = config;
  return {
    batchSize: settlement.batchSize,
    blockTimeMs: chain.blockTimeMs,
    settlementBlockTimeMs: settlementChain.blockTimeMs,
    phaseMs: phase === 'random' ? undefined : settlementChain.phaseMs,
    latencyMs: network.latencyMs,
    jitterMs: network.jitterMs,
    validatorCount: validators.length,
    originDelayMs: settlement.originDelayMs,
    originConfirmations: settlement.originConfirmations,
    submissionDeadlineBlocks: settlement.submissionDeadlineBlocks,
  };
}

/** Why the closed form does not describe a scenario, in words; empty where it does. */
export function limitsOfClosedForm(
  scenario: Pick<Scenario, 'config' | 'network' | 'timeline'>,
): readonly string[] {
  const { config, network, timeline } = scenario;
  const model = timingModelOf(scenario);
  const limits: string[] = [];
  const faults = timeline.reduce((sum, event) => sum + event.faults.length, 0);
  if (faults > 0) limits.push(`the timeline has ${faults === 1 ? 'a fault' : `${faults} faults`}`);
  if (network.loss > 0 || network.reorder > 0) limits.push('links lose or reorder messages');
  if (config.settlement.adaptive !== 'fixed')
    limits.push(`N follows the policy ${config.settlement.adaptive}`);
  if (new Set(config.validators.map(({ stake }) => stake)).size > 1)
    limits.push('validators have unequal power');
  if (network.latencyMs < network.jitterMs) limits.push('delays are cut off below 1 ms');
  const { deltaMs } = config.consensus;
  if (network.latencyMs + network.jitterMs > deltaMs)
    limits.push('messages take longer than consensus.delta_ms');
  const form = predictLatency({ ...model, phaseMs: undefined });
  if (form.finalityMs + network.jitterMs > model.blockTimeMs)
    limits.push('finality takes longer than a block');
  if (form.inclusionMaxMs > form.missMinMs) limits.push('a duty can be missed without a fault');
  return limits;
}
