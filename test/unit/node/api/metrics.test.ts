import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { counterHelp } from '../../../../node/runtime/counters.ts';
import { ApiHarness } from '../../../helpers/apiHarness.ts';

describe('GET /metrics', () => {
  let api: ApiHarness;
  let text: string;
  const value = (series: string): number => {
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1));
  };

  beforeAll(async () => {
    api = await ApiHarness.start();
    api.network.run(30_000);
    await api.fetch('/blocks/1');
    await api.fetch('/blocks/2');
    await api.fetch('/made/up');
    const response = await api.fetch('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    text = await response.text();
  });
  afterAll(() => api.stop());

  it('shows where the node stands', async () => {
    const status = await api.json('/status');
    expect(value('sidereal_finalized_height_blocks')).toBe(status.finalized_height);
    expect(value('sidereal_settlement_height_blocks')).toBe(status.settlement_height);
    expect(value('sidereal_peers')).toBe(3);
    expect(value('sidereal_settlement_paused')).toBe(0);
    expect(value('sidereal_head_age_seconds')).toBeGreaterThanOrEqual(0);
  });

  it('counts events by type, requests by documented route, and what the runtime counts', () => {
    expect(value('sidereal_events_total{type="batch_confirmed"}')).toBe(3);
    const requests = 'sidereal_http_requests_total{method="GET",route="/blocks/:height",status="200"}';
    expect(value(requests)).toBe(2);
    expect(text).not.toContain('/made/up');
    expect(value('sidereal_gossip_rejected_total{label="votes"}')).toBe(2);
    expect(value('sidereal_restarts_total{label=""}')).toBe(4);
  });

  it('has words for all that the runtime counts, before anything has happened', () => {
    for (const [name, help] of Object.entries(counterHelp)) {
      expect(text).toContain(`# HELP sidereal_${name}_total ${help}`);
    }
  });

  it('counts nothing twice however often it is asked', async () => {
    const before = value('sidereal_events_total{type="batch_confirmed"}');
    text = await (await api.fetch('/metrics')).text();
    expect(value('sidereal_events_total{type="batch_confirmed"}')).toBe(before);
    expect(value('sidereal_gossip_rejected_total{label="votes"}')).toBe(2);
  });

  it('gives every series a name of ours and words', () => {
    const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(15);
    for (const name of names) {
      expect(name).toMatch(/^sidereal_[a-z_]+$/);
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.{8,}$`, 'm'));
    }
  });
});
