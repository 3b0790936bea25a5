/**
 * The links of the modelled network, one for each direction between two ends: how long each delivery takes, which are
 * lost, repeated or overtaken, and what is cut. The ends are the nodes and the settlement chain; all links begin as the
 * scenario's network model says. Delays are whole milliseconds, drawn for each delivery from latency - jitter to
 * latency + jitter, never below 1, so nothing arrives in the instant it was sent.
 *
 * As long as no link is broken, a small message costs one draw: `isPlain`, then `drawDelayMs`. Everything else goes
 * through `carry`.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { Random } from '../../../consensus/primitives/random.ts';
import type { LinkFault, NetworkModel } from '../../scenario/types.ts';

/** What `drawDelayMs` answers for a delivery that never arrives. */
export const LOST = -1;
/** Shortest delivery, in ms. */
const DELAY_MIN_MS = 1;
/** 1 Mbit/s in bytes a ms. */
const BYTES_PER_MS_OF_MBPS = 125;
/** On links of at least this many bytes a ms (100 Mbit/s) what takes less than a ms, the grain of time here, never queues. */
const FAST_BYTES_PER_MS = 12_500;
/** What would wait longer than this to be sent finds the queue full and is lost, in ms: a sender's buffer is finite. */
const QUEUE_MAX_MS = 30_000;
/** A delivery that is overtaken takes this many times the longest usual delay more, at least and at most. */
const HOLD_DELAYS_MIN = 1;
const HOLD_DELAYS_MAX = 3;

/** One end of a link: a node's index, or `Links.chain`. */
export type LinkEnd = number;

/** Faults that change what a link does to a delivery, other than cutting it. */
export type QualityFault = Extract<LinkFault, { readonly nodes: readonly string[] | undefined }>;

interface Quality {
  readonly delayLowMs: number;
  readonly delayHighMs: number;
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly bytesPerMs: number;
}

interface Change {
  readonly fault: QualityFault;
  /** Undefined: every link. */
  readonly ends: ReadonlySet<LinkEnd> | undefined;
}

export class Links {
  /** The settlement chain's end. */
  readonly chain: LinkEnd;
  readonly #endCount: number;
  readonly #base: Quality;
  readonly #random: Random;
  /** Draws that a whole network does not make come from here, so that they shift none that it makes. */
  readonly #faultRandom: Random;
  /** By link; see `#link`. */
  readonly #cuts: Uint16Array;
  readonly #busyUntilMs: Float64Array;
  #qualities: readonly Quality[] | undefined;
  /** In the order in which they began. */
  readonly #changes: Change[] = [];
  #cutCount = 0;
  /** Messages below this size are not worth a queue. */
  readonly #plainBytesMax: number;
  #isWhole: boolean;

  constructor(
    options: { readonly model: NetworkModel; readonly nodeCount: number },
    dependencies: { readonly random: Random },
  ) {
    const { model, nodeCount } = options;
    this.chain = nodeCount;
    this.#endCount = nodeCount + 1;
    this.#base = {
      ...delaysOf(model.latencyMs, model.jitterMs),
      loss: model.loss,
      duplicate: model.duplicate,
      reorder: model.reorder,
      bytesPerMs: model.bandwidthMbps * BYTES_PER_MS_OF_MBPS,
    };
    this.#random = dependencies.random;
    this.#faultRandom = dependencies.random.fork('faults');
    this.#cuts = new Uint16Array(this.#endCount ** 2);
    this.#busyUntilMs = new Float64Array(this.#endCount ** 2).fill(Number.NEGATIVE_INFINITY);
    const { bytesPerMs } = this.#base;
    this.#plainBytesMax = bytesPerMs >= FAST_BYTES_PER_MS ? bytesPerMs : 0;
    this.#isWhole = this.#isBaseWhole;
  }

  /** True when `drawDelayMs` says all there is to say about delivering so many bytes, on every link. */
  isPlain(byteCount: number): boolean {
    return this.#isWhole && byteCount < this.#plainBytesMax;
  }

  /** Decides one plain delivery. @returns Its delay in ms, or `LOST`. */
  drawDelayMs(): number {
    const { loss } = this.#base;
    if (loss > 0 && this.#random.chance(loss)) return LOST;
    return this.#drawBetween(this.#base);
  }

  /**
   * Sends a message over the link from one end to the other.
   * @param arrive - Called for every copy that is to arrive, with the time at which it does; a link that is cut then
   *   (`isCut`) still loses it.
   */
  carry(
    from: LinkEnd,
    to: LinkEnd,
    byteCount: number,
    nowMs: TimeMs,
    arrive: (timeMs: TimeMs) => void,
  ): void {
    if (this.isPlain(byteCount)) {
      const delayMs = this.drawDelayMs();
      if (delayMs !== LOST) arrive(nowMs + delayMs);
      return;
    }
    const link = this.#link(from, to);
    if ((this.#cuts[link] as number) > 0) return;
    const quality = this.#qualities?.[link] ?? this.#base;
    const sentMs = this.#transmit(link, quality, byteCount, nowMs);
    if (sentMs === undefined) return;
    this.#arriveOnce(quality, sentMs, arrive);
    if (this.#faultRandom.chance(quality.duplicate)) this.#arriveOnce(quality, sentMs, arrive);
  }

  /** True while nothing gets through: what arrives meanwhile is lost too, whenever it was sent. */
  isCut(from: LinkEnd, to: LinkEnd): boolean {
    return this.#cutCount > 0 && (this.#cuts[this.#link(from, to)] as number) > 0;
  }

  /** Cuts one direction; cuts add up, and it is whole again when each has been mended. */
  cut(from: LinkEnd, to: LinkEnd): void {
    this.#cuts[this.#link(from, to)] = (this.#cuts[this.#link(from, to)] as number) + 1;
    this.#cutCount += 1;
    this.#isWhole = false;
  }

  mend(from: LinkEnd, to: LinkEnd): void {
    const link = this.#link(from, to);
    assert((this.#cuts[link] as number) > 0, `the link from ${from} to ${to} is not cut`);
    this.#cuts[link] = (this.#cuts[link] as number) - 1;
    this.#cutCount -= 1;
    this.#requalify();
  }

  /**
   * Changes links for the worse, or the better. Of several faults of one type on one link the one that began last
   * counts, in place of the model's value; when it ends, the one before it counts again.
   * @param ends - Every link that touches one of them changes; undefined: all.
   */
  change(fault: QualityFault, ends: ReadonlySet<LinkEnd> | undefined): void {
    this.#changes.push({ fault, ends });
    this.#requalify();
  }

  /** Takes back what `change` did with this very fault. */
  restore(fault: QualityFault): void {
    const at = this.#changes.findIndex((change) => change.fault === fault);
    assert(at >= 0, `no ${fault.type} to end`);
    this.#changes.splice(at, 1);
    this.#requalify();
  }

  /** Whether a message can get through at all, with luck. */
  isConnected(from: LinkEnd, to: LinkEnd): boolean {
    const link = this.#link(from, to);
    return (this.#cuts[link] as number) === 0 && (this.#qualities?.[link] ?? this.#base).loss < 1;
  }

  /**
   * Whether a message of so many bytes, sent now over an idle link, surely arrives within a time.
   * @param withinMs - The bound, in ms.
   */
  isTimely(from: LinkEnd, to: LinkEnd, byteCount: number, withinMs: number): boolean {
    const link = this.#link(from, to);
    if ((this.#cuts[link] as number) > 0) return false;
    const { loss, reorder, delayHighMs, bytesPerMs } = this.#qualities?.[link] ?? this.#base;
    const holdMs = reorder > 0 ? HOLD_DELAYS_MAX * delayHighMs : 0;
    return loss === 0 && delayHighMs + holdMs + byteCount / bytesPerMs <= withinMs;
  }

  // Deliveries -------------------------------------------------------------------------------------------

  /** @returns When the last byte has left; undefined when the queue is full. */
  #transmit(link: number, { bytesPerMs }: Quality, byteCount: number, nowMs: TimeMs): number | undefined {
    if (byteCount < bytesPerMs && bytesPerMs >= FAST_BYTES_PER_MS) return nowMs;
    const startMs = Math.max(nowMs, this.#busyUntilMs[link] as number);
    if (startMs - nowMs > QUEUE_MAX_MS) return undefined;
    const sentMs = startMs + byteCount / bytesPerMs;
    this.#busyUntilMs[link] = sentMs;
    return sentMs;
  }

  #arriveOnce(quality: Quality, sentMs: number, arrive: (timeMs: TimeMs) => void): void {
    const { loss, reorder, delayHighMs } = quality;
    if (loss > 0 && this.#random.chance(loss)) return;
    let delayMs = this.#drawBetween(quality);
    if (this.#faultRandom.chance(reorder)) {
      delayMs += this.#faultRandom.between(HOLD_DELAYS_MIN * delayHighMs, HOLD_DELAYS_MAX * delayHighMs);
    }
    arrive(Math.floor(sentMs) + delayMs);
  }

  #drawBetween({ delayLowMs, delayHighMs }: Quality): number {
    return delayHighMs === delayLowMs ? delayLowMs : this.#random.between(delayLowMs, delayHighMs);
  }

  // State ------------------------------------------------------------------------------------------------

  get #isBaseWhole(): boolean {
    return this.#base.duplicate === 0 && this.#base.reorder === 0;
  }

  #requalify(): void {
    this.#isWhole = this.#isBaseWhole && this.#cutCount === 0 && this.#changes.length === 0;
    if (this.#changes.length === 0) {
      this.#qualities = undefined;
      return;
    }
    const qualities: Quality[] = [];
    for (let from = 0; from < this.#endCount; from += 1) {
      for (let to = 0; to < this.#endCount; to += 1) {
        let quality = this.#base;
        for (const { fault, ends } of this.#changes) {
          if (ends === undefined || ends.has(from) || ends.has(to)) quality = changedBy(quality, fault);
        }
        qualities.push(quality);
      }
    }
    this.#qualities = qualities;
  }

  #link(from: LinkEnd, to: LinkEnd): number {
    return from * this.#endCount + to;
  }
}

function delaysOf(latencyMs: number, jitterMs: number): Pick<Quality, 'delayLowMs' | 'delayHighMs'> {
  const delayLowMs = Math.max(DELAY_MIN_MS, Math.round(latencyMs - jitterMs));
  return { delayLowMs, delayHighMs: Math.max(delayLowMs, Math.round(latencyMs + jitterMs)) };
}

function changedBy(quality: Quality, fault: QualityFault): Quality {
  switch (fault.type) {
    case 'latency':
      return { ...quality, ...delaysOf(fault.ms, fault.jitterMs) };
    case 'bandwidth':
      return { ...quality, bytesPerMs: fault.mbps * BYTES_PER_MS_OF_MBPS };
    default:
      return { ...quality, [fault.type]: fault.probability };
  }
}
