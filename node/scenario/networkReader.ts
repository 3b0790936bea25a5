/** Reads `network:`: the links between nodes, and between a node and the settlement chain. */
import { faultBounds } from './faultKinds.ts';
import type { Place, Reader } from './reader.ts';
import type { NetworkModel } from './types.ts';

const DEFAULT_NETWORK: NetworkModel = {
  latencyMs: 50,
  jitterMs: 10,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  bandwidthMbps: 100,
};

export function readNetwork(reader: Reader, place: Place | undefined): NetworkModel {
  if (place === undefined) return DEFAULT_NETWORK;
  const map = reader.map(place, [
    'latency_ms',
    'jitter_ms',
    'loss',
    'duplicate',
    'reorder',
    'bandwidth_mbps',
  ]);
  if (map === undefined) return DEFAULT_NETWORK;
  const { delayMs, probability, bandwidthMbps } = faultBounds;
  const delay = (key: string): number | undefined => reader.duration(reader.get(map, key), delayMs.max);
  const chance = (key: string): number | undefined =>
    reader.number(reader.get(map, key), probability.min, probability.max);
  return {
    latencyMs: delay('latency_ms') ?? DEFAULT_NETWORK.latencyMs,
    jitterMs: delay('jitter_ms') ?? DEFAULT_NETWORK.jitterMs,
    loss: chance('loss') ?? DEFAULT_NETWORK.loss,
    duplicate: chance('duplicate') ?? DEFAULT_NETWORK.duplicate,
    reorder: chance('reorder') ?? DEFAULT_NETWORK.reorder,
    bandwidthMbps:
      reader.number(reader.get(map, 'bandwidth_mbps'), bandwidthMbps.min, bandwidthMbps.max) ??
      DEFAULT_NETWORK.bandwidthMbps,
  };
}
