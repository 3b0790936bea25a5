/**
 * The least that a run's work could cost, measured in the same process: the bare event heap with as many events, and the
 * bare signatures of the same blocks.
 */
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import type { CryptoPolicy } from '../../consensus/primitives/signature.ts';
import { EventHeap } from '../../node/simulation/eventHeap.ts';
import { type Timing, timeOf } from './stopwatch.ts';

/** Events waiting at once in the floor's heap for each node, as in a run. */
const EVENTS_PER_NODE = 16;
/** What a vote's signature covers. */
const MESSAGE_BYTES = 74;

export function heapFloor(eventCount: number, nodeCount: number): Timing {
  const depth = EVENTS_PER_NODE * nodeCount;
  return timeOf(() => {
    const heap = new EventHeap();
    let order = 0;
    for (; order < depth; order += 1) heap.push(order % 7, order, order);
    for (let event = 0; event < eventCount; event += 1) {
      const timeMs = heap.nextTimeMs;
      const slot = heap.pop();
      order += 1;
      heap.push(timeMs + ((order * 37) % 101), order, slot);
    }
  });
}

/** Two votes of each node, checked by all others; each transaction signed once and checked by all. */
export function cryptoFloor(
  policy: CryptoPolicy,
  work: { readonly nodes: number; readonly blocks: number; readonly transactions: number },
): Timing {
  const { nodes, blocks, transactions } = work;
  return timeOf(() => {
    const crypto = createCrypto(policy);
    const signers = Array.from({ length: nodes }, (_, index) =>
      crypto.createSigner(deriveSecretKey('benchmark', `node-${index}`)),
    );
    const message = new Uint8Array(MESSAGE_BYTES);
    const view = new DataView(message.buffer);
    let number = 0;
    const exchange = (signer: number, verifierCount: number): void => {
      number += 1;
      view.setUint32(0, number);
      const by = signers[signer % nodes];
      if (by === undefined) return;
      const signed = message.slice();
      const signature = by.sign(signed);
      // Under `modelled` and `cached` nodes share what one of them found out; what was made here is known to be good.
      const checks = policy === 'full' ? verifierCount : 0;
      for (let verifier = 0; verifier < checks; verifier += 1) {
        if (!crypto.verify(by.publicKey, signed, signature)) throw new Error('a signature does not verify');
      }
    };
    for (let block = 0; block < blocks; block += 1) {
      for (let vote = 0; vote < 2 * nodes; vote += 1) exchange(vote, nodes - 1);
      for (let transaction = 0; transaction < transactions; transaction += 1) exchange(transaction, nodes);
    }
  });
}
