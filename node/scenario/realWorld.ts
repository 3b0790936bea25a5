/**
 * What a real network cannot be made to do. A scenario that asks for it is refused for the devnet before anything starts,
 * all of it at once, each with the nearest thing that is possible there (docs/scenarios.md, on the devnet).
 */
import type { ScenarioContext } from './context.ts';
import { realReorgDepthMax } from './faultKinds.ts';
import type { Place } from './reader.ts';
import type { Fault, TimelineEvent } from './types.ts';

interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/** Why a fault cannot be had on the devnet, and what comes nearest; undefined: it can. */
export function findUnreal(fault: Fault): Refusal | undefined {
  const elsewhere = 'or run it with `--engine simulation`';
  const lies = {
    message: `expected a fault that the devnet can play, got ${fault.type}: its nodes run unchanged and do not lie`,
    hint: `nearest: withhold_settlement, ${elsewhere}`,
  };
  switch (fault.type) {
    case 'clock_skew':
    case 'clock_step':
      return {
        message: `expected a fault that the devnet can play, got ${fault.type}: all its processes read the clock of one machine`,
        hint: `nearest: latency on the links of ${fault.node}, or pause, ${elsewhere}`,
      };
    case 'disk':
      return {
        message:
          'expected a fault that the devnet can play, got disk: its nodes write to a disk of this machine',
        hint: `nearest: crash: { node: ${fault.node}, lose: all }, ${elsewhere}`,
      };
    case 'bandwidth':
      return {
        message:
          'expected a fault that the devnet can play, got bandwidth: its links are those of one machine',
        hint: `nearest: latency, ${elsewhere}`,
      };
    case 'withhold_votes':
      return { ...lies, hint: `nearest: pause: { node: ${fault.node} }, ${elsewhere}` };
    case 'withhold_gossip':
      return { ...lies, hint: `nearest: one_way with from: [${fault.node}], ${elsewhere}` };
    case 'equivocate':
    case 'forge_completion':
    case 'lie_about_net':
    case 'garbage':
    case 'twin':
      return lies;
    case 'settlement_chain':
      if (fault.kind !== 'reorg' || fault.depth <= realReorgDepthMax) return undefined;
      return {
        message: `expected a depth of at most ${realReorgDepthMax} on the devnet, got ${fault.depth}: its settlement chain keeps no more to take back`,
        hint: elsewhere.replace('or ', ''),
      };
    default:
      return undefined;
  }
}

/** Reports everything that the devnet cannot do. @param bandwidth - That of the network model, where the file names one. */
export function checkReality(
  context: ScenarioContext,
  timeline: readonly TimelineEvent[],
  bandwidth: Place | undefined,
): void {
  const code = 'SCENARIO_FAULT_NOT_REAL';
  if (bandwidth !== undefined) {
    context.reader.report(
      bandwidth.keyAt ?? bandwidth.value.at,
      bandwidth.path,
      code,
      'expected no bandwidth_mbps on the devnet: its links are those of one machine',
      'leave it out; latency_ms and jitter_ms are played',
    );
  }
  for (const fault of timeline.flatMap(({ faults }) => faults)) {
    const refusal = findUnreal(fault);
    if (refusal !== undefined) context.reportFault(fault, code, refusal.message, refusal.hint);
  }
}
