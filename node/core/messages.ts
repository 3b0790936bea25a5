/**
 * What nodes say to each other, in bytes: gossip by topic and the sync request and response. Decoding anything
 * malformed is a refusal, never an exception. Equal messages have equal bytes, so gossip can drop repeats;
 * `resend` makes a deliberate repeat different without touching signed bytes.
 */
import { type Block, readBlock, writeBlock } from '../../consensus/block.ts';
import { decode, encode, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { Height, View } from '../../consensus/primitives/flavor.ts';
import type { SimplexLack } from '../../consensus/simplex/host.ts';
import {
  type Certificate,
  readCertificate,
  readVote,
  type Vote,
  writeCertificate,
  writeVote,
} from '../../consensus/vote.ts';

export interface ProposalMessage {
  readonly block: Block;
  /** The leader's notarize vote. */
  readonly vote: Vote;
}

export interface VotesMessage {
  readonly resend: number;
  readonly votes: readonly Vote[];
  readonly certificate: Certificate | undefined;
}

export interface SyncRequest {
  readonly finalizedHeight: Height;
  /** What the asker lacks above it. */
  readonly lack: SimplexLack;
}

export interface SyncResponse {
  /** The responder's view, and the newest view in which it saw a vote of the asker. */
  readonly view: View;
  readonly lastVotedView: View;
  /** Shows that the responder's view is no lie: the newest certificate it holds. */
  readonly proof: Certificate | undefined;
  readonly finalizedHeight: Height;
  /** Final blocks above the asker's, ascending; the certificate finalises the last one. */
  readonly finalized: readonly Block[];
  readonly certificate: Certificate | undefined;
  /** The notarisation of the block asked for, then certificates of open views from the one asked for; their blocks. */
  readonly openCertificates: readonly Certificate[];
  readonly openBlocks: readonly Block[];
}

/** Votes one message may repeat: a stuck node's notarize and nullify. */
const VOTES_PER_MESSAGE_MAX = 4;
/** Blocks of one sync response; a longer gap takes several. */
export const SYNC_BLOCKS_MAX = 64;
export const SYNC_CERTIFICATES_MAX = 256;
/** Bytes after which a responder adds no further block. */
export const SYNC_BYTES_SOFT_MAX = 1_048_576;

export function encodeProposal(message: ProposalMessage): Uint8Array {
  return encode((writer) => {
    writeVote(writer, message.vote);
    writeBlock(writer, message.block);
  }, message.block.bytes.length + 128);
}

export function decodeProposal(bytes: Uint8Array): Verdict<ProposalMessage, 'ENCODING_INVALID'> {
  return decode(bytes, (reader) => ({ vote: readVote(reader), block: readBlock(reader) }));
}

export function encodeVotes(message: VotesMessage): Uint8Array {
  return encode((writer) => {
    writer.u32(message.resend).list(message.votes, VOTES_PER_MESSAGE_MAX, writeVote);
    writeOptional(writer, message.certificate);
  }, 160);
}

export function decodeVotes(bytes: Uint8Array): Verdict<VotesMessage, 'ENCODING_INVALID'> {
  return decode(bytes, (reader) => ({
    resend: reader.u32(),
    votes: reader.list(VOTES_PER_MESSAGE_MAX, readVote),
    certificate: readOptional(reader),
  }));
}

export function encodeSyncRequest(request: SyncRequest): Uint8Array {
  return encode(
    (writer) => writer.u64(request.finalizedHeight).u64(request.lack.fromView).hash(request.lack.blockHash),
    48,
  );
}

export function decodeSyncRequest(bytes: Uint8Array): Verdict<SyncRequest, 'ENCODING_INVALID'> {
  return decode(bytes, (reader) => ({
    finalizedHeight: reader.u64(),
    lack: { fromView: reader.u64(), blockHash: reader.hash() },
  }));
}

export function encodeSyncResponse(response: SyncResponse): Uint8Array {
  return encode((writer) => {
    writer.u64(response.view).u64(response.lastVotedView);
    writeOptional(writer, response.proof);
    writer.u64(response.finalizedHeight);
    writer.list(response.finalized, 2 * SYNC_BLOCKS_MAX, writeBlock);
    writeOptional(writer, response.certificate);
    writer.list(response.openCertificates, SYNC_CERTIFICATES_MAX, writeCertificate);
    writer.list(response.openBlocks, SYNC_CERTIFICATES_MAX, writeBlock);
  }, 1024);
}

export function decodeSyncResponse(bytes: Uint8Array): Verdict<SyncResponse, 'ENCODING_INVALID'> {
  return decode(bytes, (reader) => ({
    view: reader.u64(),
    lastVotedView: reader.u64(),
    proof: readOptional(reader),
    finalizedHeight: reader.u64(),
    finalized: reader.list(2 * SYNC_BLOCKS_MAX, readBlock),
    certificate: readOptional(reader),
    openCertificates: reader.list(SYNC_CERTIFICATES_MAX, readCertificate),
    openBlocks: reader.list(SYNC_CERTIFICATES_MAX, readBlock),
  }));
}

export function writeOptional(writer: Writer, certificate: Certificate | undefined): void {
  writer.boolean(certificate !== undefined);
  if (certificate !== undefined) writeCertificate(writer, certificate);
}

export function readOptional(reader: Reader): Certificate | undefined {
  return reader.boolean() ? readCertificate(reader) : undefined;
}
