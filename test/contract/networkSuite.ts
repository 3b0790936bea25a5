/** What every network between nodes must do: gossip to all, once; requests answered, refused or given up. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Topic } from '../../node/core/types.ts';

export interface NetworkUnderTest {
  publish(from: number, topic: Topic, bytes: Uint8Array): void;
  /** Messages that reached a node, in order. */
  received(
    node: number,
  ): readonly { readonly topic: Topic; readonly from: number; readonly bytes: Uint8Array }[];
  request(from: number, to: number, bytes: Uint8Array): Promise<Uint8Array | undefined>;
  /** What a node answers to requests from now on; a promise that stays open answers never. */
  setAnswer(node: number, answer: (from: number, bytes: Uint8Array) => Promise<Uint8Array | undefined>): void;
  /** Lets time pass until the condition holds. */
  until(condition: () => boolean): Promise<void>;
  stopNode(node: number): Promise<void>;
  close(): Promise<void>;
}

/** Nodes of a network under test. */
export const NODES = 4;
const nodes = Array.from({ length: NODES }, (_, index) => index);

export function describeNetwork(name: string, create: () => Promise<NetworkUnderTest>): void {
  describe(`network: ${name}`, () => {
    let network: NetworkUnderTest;

    beforeEach(async () => {
      network = await create();
    });

    afterEach(() => network.close());

    const texts = (node: number): string[] =>
      network.received(node).map(({ bytes }) => new TextDecoder().decode(bytes));
    const publish = (from: number, text: string, topic: Topic = 'transactions'): void =>
      network.publish(from, topic, new TextEncoder().encode(text));
    /** Everything sent before has arrived when a later message of each node has. */
    const flush = async (): Promise<void> => {
      for (const node of nodes) publish(node, `last of ${node}`);
      await network.until(() => nodes.every((node) => texts(node).filter(isMarker).length === NODES - 1));
    };
    const own = (node: number): string[] => texts(node).filter((text) => !isMarker(text));

    it('delivers to all others, each once, and not to the sender', async () => {
      publish(0, 'a');
      publish(2, 'b');
      await flush();
      expect(nodes.map((node) => own(node).sort())).toEqual([['b'], ['a', 'b'], ['a'], ['a', 'b']]);
    });

    it('says on which topic a message came, and that a peer brought it', async () => {
      publish(1, 'on votes', 'votes');
      publish(1, 'on settlements', 'settlements');
      await flush();
      const [first, second] = network.received(3).filter(({ topic }) => topic !== 'transactions');
      expect([first?.topic, second?.topic].sort()).toEqual(['settlements', 'votes']);
      for (const { from } of network.received(3)) expect([0, 1, 2]).toContain(from);
    });

    it('drops what was seen within two minutes, from whomever it comes', async () => {
      publish(0, 'again');
      await network.until(() => nodes.every((node) => node === 0 || own(node).includes('again')));
      publish(0, 'again');
      publish(1, 'again');
      await flush();
      expect(nodes.map((node) => own(node))).toEqual([[], ['again'], ['again'], ['again']]);
    });

    it('carries large messages whole', async () => {
      const bytes = Uint8Array.from({ length: 60_000 }, (_, index) => index % 251);
      network.publish(3, 'blocks', bytes);
      await network.until(() => [0, 1, 2].every((node) => network.received(node).length === 1));
      for (const node of [0, 1, 2]) expect(network.received(node)[0]?.bytes).toEqual(bytes);
    });

    it('answers a request, and tells the responder who asks', async () => {
      network.setAnswer(2, async (from, bytes) => Uint8Array.of(from, ...bytes));
      expect(await network.request(1, 2, Uint8Array.of(7, 8))).toEqual(Uint8Array.of(1, 7, 8));
      expect(await network.request(3, 2, Uint8Array.of())).toEqual(Uint8Array.of(3));
    });

    it('gives back empty and large answers', async () => {
      network.setAnswer(2, async () => new Uint8Array());
      expect(await network.request(0, 2, Uint8Array.of(1))).toEqual(new Uint8Array());
      const large = new Uint8Array(5_000_000).fill(7);
      network.setAnswer(2, async () => large);
      expect((await network.request(0, 2, Uint8Array.of(1)))?.length).toBe(large.length);
    });

    it('keeps requests apart that run at the same time', async () => {
      network.setAnswer(0, async (_from, bytes) => bytes);
      const answers = await Promise.all(
        [1, 2, 3].map((from) => network.request(from, 0, Uint8Array.of(from))),
      );
      expect(answers).toEqual([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]);
    });

    it('fails a request that the peer refuses', async () => {
      network.setAnswer(2, async () => undefined);
      expect(await network.request(1, 2, Uint8Array.of(1))).toBeUndefined();
    });

    it('fails a request that nobody answers in time', async () => {
      network.setAnswer(2, () => new Promise(() => undefined));
      expect(await network.request(1, 2, Uint8Array.of(1))).toBeUndefined();
    });

    it('fails a request to a peer that is down; gossip among the others goes on', async () => {
      await network.stopNode(2);
      expect(await network.request(1, 2, Uint8Array.of(1))).toBeUndefined();
      publish(0, 'without node 2');
      await network.until(() => [1, 3].every((node) => own(node).includes('without node 2')));
    });
  });
}

function isMarker(text: string): boolean {
  return text.startsWith('last of');
}
