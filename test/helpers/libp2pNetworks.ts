/** Several real networks in one process, on ports of the system's choice, with nothing above them but what a test wants. */
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import type { Crypto } from '../../consensus/primitives/signature.ts';
import { ValidatorSet } from '../../consensus/validators.ts';
import type { Topic } from '../../node/core/types.ts';
import { Libp2pNetwork } from '../../node/runtime/libp2pNetwork.ts';
import type { MessageJudgement } from '../../node/runtime/peerNetwork.ts';
import { waitUntil } from './waitUntil.ts';

export const testChainId: Hash = `0x${'5d'.repeat(32)}`;
export const MESSAGE_BYTES_MAX = 65_536;
/** First byte of a message that only finds out whether gossip runs. */
const PROBE = 0xee;
const accepted: MessageJudgement = { verdict: 'accept', code: undefined };

export interface Received {
  readonly topic: Topic;
  readonly from: number;
  readonly bytes: Uint8Array;
}

export interface NetworkMember {
  readonly network: Libp2pNetwork;
  readonly received: Received[];
  /** Members whose probes came through; see `awaitGossip`. */
  readonly heard: Set<number>;
  judge: (message: Received) => MessageJudgement;
  /** While set, a message is judged only when it resolves. */
  delay: Promise<void> | undefined;
  answer: (from: number, bytes: Uint8Array) => Promise<Uint8Array | undefined>;
}

export interface MemberOptions {
  readonly index: number;
  readonly bootstrap: readonly string[];
  readonly chainId?: Hash;
  /** Index of the key that vouches for the member; another one makes it a stranger. */
  readonly signerIndex?: number;
  readonly listen?: readonly string[];
  readonly requestTimeoutMs?: number;
  readonly messageBytesMax?: number;
}

export class NetworkFactory {
  readonly crypto: Crypto = createCrypto('full');
  readonly validators: ValidatorSet;
  readonly #open: Libp2pNetwork[] = [];

  constructor(validatorCount: number) {
    this.validators = new ValidatorSet(
      Array.from({ length: validatorCount }, (_, index) => ({
        name: `node-${index}`,
        publicKey: this.crypto.createSigner(validatorKey(index)).publicKey,
        power: 1,
      })),
    );
  }

  async start(options: MemberOptions): Promise<NetworkMember> {
    const { index, bootstrap, signerIndex = index, chainId = testChainId } = options;
    const network = new Libp2pNetwork(
      {
        chainId,
        validators: this.validators,
        self: index,
        peerSecretKey: peerKey(index, signerIndex),
        listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0'],
        bootstrap,
        messageBytesMax: options.messageBytesMax ?? MESSAGE_BYTES_MAX,
        requestTimeoutMs: options.requestTimeoutMs ?? 5000,
      },
      { signer: this.crypto.createSigner(validatorKey(signerIndex)), verifier: this.crypto },
    );
    const received: Received[] = [];
    const member: NetworkMember = {
      network,
      received,
      heard: new Set(),
      judge: () => accepted,
      delay: undefined,
      answer: async (_from, bytes) => bytes,
    };
    this.#open.push(network);
    await network.start({
      message: async (topic, from, bytes) => {
        if (topic === 'evidence' && bytes[0] === PROBE) {
          member.heard.add(bytes[1] ?? 0);
          return accepted;
        }
        received.push({ topic, from, bytes });
        await member.delay;
        return member.judge({ topic, from, bytes });
      },
      request: (from, _protocol, bytes) => member.answer(from, bytes),
    });
    return member;
  }

  /** As many members as asked for, each connected to all others, with gossip running between them. */
  async startMesh(
    count: number,
    options: { readonly requestTimeoutMs?: number } = {},
  ): Promise<NetworkMember[]> {
    const members: NetworkMember[] = [];
    for (let index = 0; index < count; index += 1) {
      const bootstrap = members.flatMap(({ network }) => network.addresses);
      members.push(await this.start({ index, bootstrap, ...options }));
    }
    await waitUntil(() => members.every(({ network }) => network.connected.length === count - 1));
    await awaitGossip(members);
    return members;
  }

  async close(): Promise<void> {
    for (const network of this.#open) await network.stop();
    this.#open.length = 0;
  }
}

/** Waits until a message of each member reaches all others: meshes take a moment to form. */
export async function awaitGossip(members: readonly NetworkMember[]): Promise<void> {
  let round = 0;
  for (const [index, { network }] of members.entries()) {
    await waitUntil(() => {
      round += 1;
      network.publish('evidence', Uint8Array.of(PROBE, index, round >>> 8, round & 0xff));
      return members.every((member, other) => other === index || member.heard.has(index));
    });
  }
}

export function validatorKey(index: number): Uint8Array {
  return deriveSecretKey('test', `validator/${index}`);
}

function peerKey(index: number, signerIndex: number): Uint8Array {
  return deriveSecretKey('test', `peer/${index}/${signerIndex}`);
}
