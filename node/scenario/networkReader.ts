/** Reads `network:`: the links between nodes, and between a node and the settlement chain. */
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
const NETWORK_DELAY_MS_MAX = 3_600_000;

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
  const delay = (key: string): number | undefined => {
    const found = reader.get(map, key);
    const ms = reader.duration(found);
    if (found === undefined || ms === undefined || ms <= NETWORK_DELAY_MS_MAX) return ms;
    return reader.expected(found, `at most ${NETWORK_DELAY_MS_MAX} ms`);
  };
  for (const [key, defaultValue] of [
    ['duplicate', 0],
    ['reorder', 0],
    ['bandwidth_mbps', 100],
  ] as const) {
    const found = reader.get(map, key);
    const value = reader.number(found, 0, 1_000_000);
    if (found !== undefined && value !== undefined && value !== defaultValue) {
      reader.unavailable(found.keyAt ?? found.value.at, found.path, 'network faults');
    }
  }
  return {
    ...DEFAULT_NETWORK,
    latencyMs: delay('latency_ms') ?? DEFAULT_NETWORK.latencyMs,
    jitterMs: delay('jitter_ms') ?? DEFAULT_NETWORK.jitterMs,
    loss: reader.number(reader.get(map, 'loss'), 0, 1) ?? DEFAULT_NETWORK.loss,
  };
}
