/**
 * Asking peers for what is missing, and answering them: final blocks with a certificate, open certificates and
 * the blocks they name. One request at a time, to one peer after the other, paced while nothing new comes.
 */
import type { Block } from '../../consensus/block.ts';
import type { Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { SimplexLack } from '../../consensus/simplex/host.ts';
import type { Simplex } from '../../consensus/simplex/simplex.ts';
import type { Certificate } from '../../consensus/vote.ts';
import {
  decodeSyncRequest,
  decodeSyncResponse,
  encodeSyncRequest,
  encodeSyncResponse,
  SYNC_BLOCKS_MAX,
  SYNC_BYTES_SOFT_MAX,
  SYNC_CERTIFICATES_MAX,
  type SyncResponse,
} from './messages.ts';
import type { StoredBlock } from './store.ts';
import type { Output, PeerId } from './types.ts';

export interface SynchroniserHost {
  output(output: Output): void;
  storedBlock(height: Height): StoredBlock | undefined;
  /** True while the node must know how far its peers are; they are asked again until enough have answered. */
  needsReports(): boolean;
  /** Told of every well-formed answer, before it is used. */
  reported(peer: PeerId, response: SyncResponse): void;
}

export class Synchroniser {
  readonly #host: SynchroniserHost;
  readonly #simplex: Simplex;
  readonly #deltaMs: number;
  readonly #peers: readonly PeerId[];
  /** Requests under way, by id. */
  readonly #pending = new Map<number, PeerId>();
  #nextRequestId = 1;
  #nextPeer = 0;
  /** Nothing may be asked before this instant: the last answer brought nothing new. */
  #quietUntilMs: TimeMs = Number.NEGATIVE_INFINITY;
  #wanted = false;
  #hasWarned = false;

  constructor(
    options: { readonly deltaMs: number; readonly peers: readonly PeerId[]; readonly self: PeerId },
    dependencies: { readonly host: SynchroniserHost; readonly simplex: Simplex },
  ) {
    this.#deltaMs = options.deltaMs;
    this.#peers = options.peers;
    // Nodes start with different peers, so a crowd does not ask the same one.
    this.#nextPeer = options.self;
    this.#host = dependencies.host;
    this.#simplex = dependencies.simplex;
  }

  /** Asks every peer at once: how far are you, what have I missed. */
  askAll(nowMs: TimeMs): void {
    for (const peer of this.#peers) this.#send(peer, nowMs);
  }

  /** Something is missing; asks `peer`, or the next in turn, unless a request is under way. */
  request(peer: PeerId | undefined, nowMs: TimeMs): void {
    if (this.#peers.length === 0) return;
    if (this.#pending.size > 0 || nowMs < this.#quietUntilMs) {
      this.#wanted = true;
      return;
    }
    this.#wanted = false;
    const isPeer = peer !== undefined && this.#peers.includes(peer);
    this.#send(isPeer ? peer : this.#takePeer(), nowMs);
  }

  onTimer(nowMs: TimeMs): void {
    this.#pending.clear();
    // The pause is over when its timer says so: the clock may have been set back since it began.
    this.#quietUntilMs = Number.NEGATIVE_INFINITY;
    if (this.#host.needsReports()) this.askAll(nowMs);
    else if (this.#wanted) this.request(undefined, nowMs);
  }

  /** @returns The refusal's code when the peer's answer is no answer. */
  onResponse(
    requestId: number,
    from: PeerId,
    bytes: Uint8Array | undefined,
    nowMs: TimeMs,
  ): string | undefined {
    if (this.#pending.get(requestId) !== from) return 'SYNC_UNASKED';
    this.#pending.delete(requestId);
    if (bytes === undefined) {
      this.#pause(nowMs);
      return undefined;
    }
    const decoded = decodeSyncResponse(bytes);
    if (!decoded.ok) {
      this.#pause(nowMs);
      return decoded.code;
    }
    const response = decoded.value;
    this.#host.reported(from, response);
    this.#noteHistory(response);
    const heightBefore = this.#simplex.chain.finalized.header.height;
    const news = this.#use(response, nowMs);
    const { height } = this.#simplex.chain.finalized.header;
    if (height > heightBefore && response.finalizedHeight > height) this.#send(from, nowMs);
    else if (!news) this.#pause(nowMs);
    else if (this.#wanted) this.request(undefined, nowMs);
    return undefined;
  }

  /** Peers keep a bounded history: a node that was away for longer cannot catch up, and says so once. */
  #noteHistory({ finalizedHeight, finalized }: SyncResponse): void {
    const { height } = this.#simplex.chain.finalized.header;
    if (this.#hasWarned || finalizedHeight <= height || finalized.length > 0) return;
    this.#hasWarned = true;
    const message = `peers are at height ${finalizedHeight} and no longer keep block ${height + 1}`;
    this.#host.output({ type: 'emit', event: { type: 'warning', code: 'SYNC_HISTORY_GONE', message } });
  }

  /** Answers a peer; undefined when the request is malformed. */
  answer(bytes: Uint8Array, from: PeerId): Uint8Array | undefined {
    const decoded = decodeSyncRequest(bytes);
    if (!decoded.ok) return undefined;
    const { finalizedHeight, lack } = decoded.value;
    const own = this.#simplex.chain.finalized.header.height;
    const { blocks, certificate } = this.#finalizedAfter(finalizedHeight, own);
    const isCaughtUp = finalizedHeight + blocks.length >= own;
    const openCertificates = isCaughtUp ? this.#openCertificates(lack) : [];
    return encodeSyncResponse({
      view: this.#simplex.view,
      lastVotedView: this.#simplex.lastVotedView(from),
      proof: this.#simplex.chain.newestCertificate ?? this.#host.storedBlock(own)?.certificate,
      finalizedHeight: own,
      finalized: blocks,
      certificate,
      openCertificates,
      openBlocks: this.#openBlocks(openCertificates.map(({ blockHash }) => blockHash)),
    });
  }

  #use(response: SyncResponse, nowMs: TimeMs): boolean {
    let news = false;
    const { height } = this.#simplex.chain.finalized.header;
    const blocks = response.finalized.filter(({ header }) => header.height > height);
    if (response.certificate !== undefined && blocks.length > 0) {
      news = this.#simplex.onFinalizedChain(blocks, response.certificate, nowMs);
    }
    for (const certificate of response.openCertificates) {
      if (this.#simplex.onCertificate(certificate, nowMs).verdict === 'accept') news = true;
    }
    for (const block of response.openBlocks) if (this.#simplex.onBlock(block, nowMs)) news = true;
    return news;
  }

  /** Final blocks above `height`, ending at one with a certificate of its own. */
  #finalizedAfter(
    height: Height,
    newest: Height,
  ): { readonly blocks: Block[]; readonly certificate: StoredBlock['certificate'] } {
    const blocks: Block[] = [];
    let byteCount = 0;
    let complete = 0;
    let certificate: StoredBlock['certificate'];
    for (let next = height + 1; next <= newest && blocks.length < 2 * SYNC_BLOCKS_MAX; next += 1) {
      const stored = this.#host.storedBlock(next);
      const isEnough = blocks.length >= SYNC_BLOCKS_MAX || byteCount > SYNC_BYTES_SOFT_MAX;
      if (stored === undefined || (isEnough && certificate !== undefined)) break;
      blocks.push(stored.block);
      byteCount += stored.block.bytes.length;
      if (stored.certificate !== undefined) {
        complete = blocks.length;
        certificate = stored.certificate;
      }
    }
    blocks.length = complete;
    return { blocks, certificate };
  }

  /** What was asked for by name first: the rest may be cut off. */
  #openCertificates({ fromView, blockHash }: SimplexLack): Certificate[] {
    const named = this.#simplex.chain.notarizationOf(blockHash);
    const certificates = this.#simplex.chain.openCertificates(fromView, SYNC_CERTIFICATES_MAX - 1);
    return named === undefined ? certificates : [named, ...certificates];
  }

  #openBlocks(hashes: readonly string[]): Block[] {
    const blocks: Block[] = [];
    let byteCount = 0;
    for (const hash of new Set(hashes)) {
      const block = this.#simplex.chain.block(hash);
      if (block === undefined || byteCount > SYNC_BYTES_SOFT_MAX) continue;
      blocks.push(block);
      byteCount += block.bytes.length;
    }
    return blocks;
  }

  #send(peer: PeerId, nowMs: TimeMs): void {
    const requestId = this.#nextRequestId;
    this.#nextRequestId += 1;
    this.#pending.set(requestId, peer);
    const bytes = encodeSyncRequest({
      finalizedHeight: this.#simplex.chain.finalized.header.height,
      lack: this.#simplex.chain.lack,
    });
    this.#host.output({ type: 'request', requestId, peer, protocol: 'sync', bytes });
    this.#host.output({ type: 'setTimer', id: 'sync', at: nowMs + 2 * this.#deltaMs });
  }

  #pause(nowMs: TimeMs): void {
    this.#quietUntilMs = nowMs + this.#deltaMs;
    this.#host.output({ type: 'setTimer', id: 'sync', at: this.#quietUntilMs });
  }

  #takePeer(): PeerId {
    const peer = this.#peers[this.#nextPeer % this.#peers.length] ?? 0;
    this.#nextPeer += 1;
    return peer;
  }
}
