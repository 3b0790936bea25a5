import { describe, expect, it } from 'vitest';
import { GossipMemory, SEEN_TTL_MS } from '../../../../../node/simulation/network/gossipMemory.ts';

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe('GossipMemory', () => {
  const network = () => new GossipMemory(3);

  it('refuses to publish bytes again within two minutes, whatever object holds them', () => {
    const gossip = network();
    expect(gossip.publish(0, 'votes', bytesOf('a'), 0)).toBeDefined();
    expect(gossip.publish(0, 'votes', bytesOf('a'), SEEN_TTL_MS - 1)).toBeUndefined();
    expect(gossip.publish(0, 'votes', bytesOf('b'), SEEN_TTL_MS - 1)).toBeDefined();
    expect(gossip.publish(0, 'votes', bytesOf('a'), SEEN_TTL_MS)).toBeDefined();
  });

  it('refuses to publish what was received, and delivers it once a node', () => {
    const gossip = network();
    const message = gossip.publish(0, 'votes', bytesOf('a'), 0);
    if (message === undefined) throw new Error('refused');
    expect(gossip.receive(1, message, 50)).toBe(true);
    expect(gossip.receive(1, message, 60)).toBe(false);
    expect(gossip.publish(1, 'votes', bytesOf('a'), 70)).toBeUndefined();
    expect(gossip.publish(2, 'votes', bytesOf('a'), 70)).toBe(message);
    expect(gossip.receive(1, message, 120)).toBe(false);
  });

  it('hands the very same bytes to every receiver', () => {
    const bytes = bytesOf('block');
    expect(network().publish(0, 'blocks', bytes, 0)?.bytes).toBe(bytes);
  });

  it('forgets what a process knew when it starts again', () => {
    const gossip = network();
    const message = gossip.publish(0, 'votes', bytesOf('a'), 0);
    if (message === undefined) throw new Error('refused');
    gossip.receive(1, message, 50);
    gossip.start(1, 1000);
    expect(gossip.receive(1, message, 1050)).toBe(true);
    expect(gossip.publish(0, 'votes', bytesOf('a'), 1100)).toBeUndefined();
  });

  it('tells apart messages that differ in the middle only', () => {
    const gossip = network();
    const first = new Uint8Array(1000);
    const second = new Uint8Array(1000);
    second[500] = 1;
    expect(gossip.publish(0, 'blocks', first, 0)).toBeDefined();
    expect(gossip.publish(0, 'blocks', second, 0)).toBeDefined();
    expect(gossip.publish(0, 'blocks', second.slice(), 1)).toBeUndefined();
  });

  it('keeps two minutes of messages and no more', () => {
    const gossip = network();
    for (let index = 0; index < 20_000; index += 1) {
      gossip.publish(0, 'votes', bytesOf(`vote ${index}`), index * 100);
      expect(gossip.rememberedCount).toBeLessThanOrEqual(SEEN_TTL_MS / 100);
    }
  });
});
