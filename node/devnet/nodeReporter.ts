/**
 * What one node tells whoever watches the whole network: its events, its final blocks as bytes, the votes it sends, and
 * what it came back with. It stands around core and network and changes nothing.
 */
import type { Block } from '../../consensus/block.ts';
import { encode } from '../../consensus/primitives/codec.ts';
import type { Hash, Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { type Certificate, type Vote, writeCertificate, writeVote } from '../../consensus/vote.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import type { NodeEvent } from '../core/events.ts';
import { decodeProposal, decodeVotes } from '../core/messages.ts';
import type { NodeCore } from '../core/nodeCore.ts';
import type { FinalityObserver } from '../core/ports.ts';
import { recoverBlocks } from '../core/store.ts';
import type { Output, Topic } from '../core/types.ts';
import type { PeerNetwork } from '../runtime/peerNetwork.ts';

/** Final blocks told again after a restart: those that a killed process may not have told any more are fewer. */
const BLOCKS_TOLD_AGAIN = 16;

/** What comes from a node's process. All of it survives a structured clone. */
export type NodeReport =
  | { readonly type: 'event'; readonly nowMs: TimeMs; readonly event: NodeEvent }
  /** A block is final there: its bytes, the certificate if it finalised this very block, and the root it came to. */
  | {
      readonly type: 'block';
      readonly height: Height;
      readonly hash: Hash;
      readonly stateRoot: Hash;
      readonly block: Uint8Array;
      readonly certificate: Uint8Array | undefined;
    }
  /** Votes of the node's own, about to leave it. */
  | { readonly type: 'votes_sent'; readonly votes: readonly Uint8Array[] }
  /** The process came back, with this final height on its disk. */
  | { readonly type: 'recovered'; readonly height: Height };

export class NodeReporter implements FinalityObserver {
  readonly #self: ValidatorIndex;
  readonly #send: (report: NodeReport) => void;

  constructor(self: ValidatorIndex, send: (report: NodeReport) => void) {
    this.#self = self;
    this.#send = send;
  }

  /** For the driver's `onEvent`. */
  event(event: NodeEvent, nowMs: TimeMs): void {
    this.#send({ type: 'event', nowMs, event });
  }

  finalized(
    _node: ValidatorIndex,
    block: Block,
    { stateRoot }: ExecutionResult,
    certificate: Certificate | undefined,
  ): void {
    this.#tellBlock(block, stateRoot, certificate);
  }

  /** The core for the driver: tells what a start found on the disk. */
  aroundCore(core: Pick<NodeCore, 'handle' | 'status'>): Pick<NodeCore, 'handle' | 'status'> {
    return {
      status: () => core.status(),
      handle: (input): readonly Output[] => {
        const outputs = core.handle(input);
        if (input.type === 'started') {
          for (const { block, certificate } of recoverBlocks(input.recovered, BLOCKS_TOLD_AGAIN)) {
            this.#tellBlock(block, block.header.stateRoot, certificate);
          }
          this.#send({ type: 'recovered', height: core.status().finalizedHeight });
        }
        return outputs;
      },
    };
  }

  /** The network for the driver: a vote counts as sent when it leaves, which is after it was written. */
  aroundNetwork(network: PeerNetwork): PeerNetwork {
    return {
      start: (handlers) => network.start(handlers),
      publish: (topic, bytes) => {
        const votes = this.#ownVotesIn(topic, bytes);
        if (votes.length > 0) {
          this.#send({
            type: 'votes_sent',
            votes: votes.map((vote) => encode((writer) => writeVote(writer, vote), 128)),
          });
        }
        network.publish(topic, bytes);
      },
      request: (peer, protocol, bytes) => network.request(peer, protocol, bytes),
      penalise: (peer, code) => network.penalise(peer, code),
      stop: () => network.stop(),
    };
  }

  #tellBlock(block: Block, stateRoot: Hash, certificate: Certificate | undefined): void {
    this.#send({
      type: 'block',
      height: block.header.height,
      hash: block.hash,
      stateRoot,
      block: block.bytes,
      certificate:
        certificate === undefined
          ? undefined
          : encode((writer) => writeCertificate(writer, certificate), 512),
    });
  }

  #ownVotesIn(topic: Topic, bytes: Uint8Array): readonly Vote[] {
    let votes: readonly Vote[] = [];
    if (topic === 'votes') {
      const decoded = decodeVotes(bytes);
      if (decoded.ok) votes = decoded.value.votes;
    } else if (topic === 'blocks') {
      const decoded = decodeProposal(bytes);
      if (decoded.ok) votes = [decoded.value.vote];
    }
    return votes.filter(({ voter }) => voter === this.#self);
  }
}
