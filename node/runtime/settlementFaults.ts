/** The faults of scenarios that the mock settlement chain plays in real time, as the simulation does in virtual time. */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { SettlementChainFault } from '../scenario/types.ts';
import type { ChainOperation } from './settlementLog.ts';

/** Share of failed calls that were carried out all the same. */
const CARRIED_OUT_CHANCE = 0.5;
const BPS = 10_000n;

/** Faults of the way to the chain. */
type CallFault = Extract<SettlementChainFault, { readonly probability: number }>['kind'];

/** What happens to one call: how often it is carried out, and what the caller learns. */
export interface CallFate {
  readonly times: number;
  readonly outcome: 'answered' | 'failed' | 'lost';
}

export interface SettlementFaultsDependencies {
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly indexOf: (name: string) => number | undefined;
  /** Does something to the chain, and writes it down. */
  readonly perform: (operation: ChainOperation) => void;
  /** Blocks come faster or slower from now on, or again. */
  readonly paceChanged: () => void;
  readonly stallEnded: () => void;
}

export class SettlementFaults {
  readonly #dependencies: SettlementFaultsDependencies;
  readonly #chances = new Map<CallFault, number[]>();
  /** Faults that are on, each under its kind, or its kind and node: of two that overlap the second changes nothing. */
  readonly #on = new Map<string, number>();
  readonly #slowFactors: number[] = [];

  constructor(dependencies: SettlementFaultsDependencies) {
    this.#dependencies = dependencies;
  }

  get isStalled(): boolean {
    return (this.#on.get('stall') ?? 0) > 0;
  }

  /** How many times longer a block takes. */
  get slowFactor(): number {
    return Math.max(1, ...this.#slowFactors);
  }

  /** Decides the fate of one call. */
  strike(): CallFate {
    if (this.#chances.size === 0) return { times: 1, outcome: 'answered' };
    const times = this.#strikes('duplicate_delivery') ? 2 : 1;
    const maybe = this.#dependencies.random() < CARRIED_OUT_CHANCE ? times : times - 1;
    if (this.#strikes('rpc_errors')) return { times: maybe, outcome: 'failed' };
    if (this.#strikes('rpc_timeouts')) return { times: maybe, outcome: 'lost' };
    return { times, outcome: this.#strikes('lose_receipts') ? 'lost' : 'answered' };
  }

  /** Turns a fault on or off; an instant one happens when it is turned on. */
  set(fault: SettlementChainFault, on: boolean): void {
    const { perform, paceChanged, stallEnded, indexOf } = this.#dependencies;
    switch (fault.kind) {
      case 'stall':
        if (this.#isTurned('stall', on) && !on) stallEnded();
        paceChanged();
        return;
      case 'slow':
        change(this.#slowFactors, fault.factor, on);
        paceChanged();
        return;
      case 'full':
      case 'transfer_timeout':
        if (this.#isTurned(fault.kind, on)) perform({ type: fault.kind, on });
        return;
      case 'censor': {
        const proposer = indexOf(fault.node);
        assert(proposer !== undefined, `no validator is called ${fault.node}`);
        if (this.#isTurned(`censor/${fault.node}`, on)) perform({ type: 'censor', proposer, on });
        return;
      }
      case 'slippage': {
        const { asset, bps } = fault;
        const dear = BPS + BigInt(bps);
        const [numerator, denominator] = on ? [dear, BPS] : [BPS, dear];
        perform({ type: 'price', move: { asset, numerator, denominator } });
        return;
      }
      case 'base_fee':
        if (on) perform({ type: 'base_fee', permille: Math.round(fault.factor * 1000) });
        return;
      case 'reorg':
        if (on) perform({ type: 'reorganise', depth: fault.depth });
        return;
      default:
        this.#changeChance(fault.kind, fault.probability, on);
    }
  }

  #changeChance(kind: CallFault, probability: number, on: boolean): void {
    const chances = this.#chances.get(kind) ?? [];
    change(chances, probability, on);
    if (chances.length > 0) this.#chances.set(kind, chances);
    else this.#chances.delete(kind);
  }

  #strikes(kind: CallFault): boolean {
    const chances = this.#chances.get(kind);
    return chances !== undefined && this.#dependencies.random() < Math.max(...chances);
  }

  /** Counts a fault in or out. @returns Whether that turns it on, or off. */
  #isTurned(key: string, on: boolean): boolean {
    const before = this.#on.get(key) ?? 0;
    const after = Math.max(0, before + (on ? 1 : -1));
    this.#on.set(key, after);
    return (before === 0) !== (after === 0);
  }
}

/** Adds a value to those that are on, or takes one away. */
function change(values: number[], value: number, on: boolean): void {
  if (on) values.push(value);
  else if (values.includes(value)) values.splice(values.indexOf(value), 1);
}
