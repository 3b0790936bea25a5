/**
 * The proof behind a slash: bytes from which a reader who knows the validator set and the rules can work out for himself
 * that it was due. What it shows of a miss: a chain of headers that a certificate makes final, the settlement blocks
 * that they name, that the batch was not settled in them, and how many headers counted. Who held the duty follows from
 * the chain's state, which no header proves; replaying the chain shows it.
 */
import { type Header, headerHash, readHeader, writeHeader } from '../../consensus/block.ts';
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { decode, encode } from '../../consensus/primitives/codec.ts';
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import {
  type Certificate,
  readCertificate,
  verifyCertificate,
  writeCertificate,
} from '../../consensus/vote.ts';
import { accusedBy, decodeEvidence, verifyEvidence } from '../../settlement/execution/evidence.ts';
import { isChainFault, isCounting } from '../../settlement/net/derive.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { decodeSettlementBlock, encodeSettlementBlock } from '../../settlement/net/settlementBlock.ts';
import type { NetRules } from '../../settlement/net/types.ts';
import type { SlashVerdict } from './result.ts';

/**
 * Hex but for the heights. Headers: each the parent of the next, the last made final by the certificate; of a miss from
 * the one with which the holder's clock began to run. Settlement blocks: those above the first header's origin, up to that
 * of the header that slashed.
 */
export type VerdictProof = NonNullable<SlashVerdict['proof']>;

/** A slash as a report tells of it. */
export interface ProvenSlash {
  readonly validator: ValidatorIndex;
  readonly batch: number | undefined;
  /** Of the block that slashed. */
  readonly height: Height;
  readonly proof: VerdictProof;
}

/** What a reader must know beforehand. */
export interface VerdictNetwork {
  readonly chainId: Hash;
  readonly validators: ValidatorSet;
  readonly rules: Pick<
    NetRules,
    'submissionDeadlineBlocks' | 'maxAttempts' | 'settlementGasReserve' | 'feeCap'
  >;
}

type Checked<Value> = Verdict<Value, 'VERDICT_PROOF_INVALID'>;

export function encodeHeaderHex(header: Header): string {
  return toHex(encode((writer) => writeHeader(writer, header), 264));
}

export function encodeCertificateHex(certificate: Certificate): string {
  return toHex(encode((writer) => writeCertificate(writer, certificate), 512));
}

export function encodeSettlementBlockHex(block: SettlementBlock): string {
  return toHex(encodeSettlementBlock(block));
}

/** Works out from the bytes of its proof alone whether a slash was due. */
export function verifyVerdict(
  slash: ProvenSlash,
  network: VerdictNetwork,
  verifier: Verifier,
): Checked<ProvenSlash> {
  const chain = checkChain(slash, network, verifier);
  if (!chain.ok) return chain;
  const { evidence } = slash.proof;
  const due =
    evidence === undefined
      ? checkMiss(slash, chain.value, network)
      : checkEvidence(slash, evidence, network, verifier);
  return due.ok ? accept(slash) : due;
}

/** The headers hang together, are of this chain, and the last of them is final. */
function checkChain(
  { proof, height }: ProvenSlash,
  network: VerdictNetwork,
  verifier: Verifier,
): Checked<readonly Header[]> {
  const headers: Header[] = [];
  let parentHash: Hash | undefined;
  for (const hex of proof.headers) {
    const decoded = decodeHex(hex, readHeader);
    const before = headers.at(-1);
    if (!decoded.ok) return decoded;
    const header = decoded.value;
    const isLinked =
      before === undefined || (header.parentHash === parentHash && header.height === before.height + 1);
    if (!isLinked || header.chainId !== network.chainId) return wrong('the headers are no chain');
    parentHash = headerHash(header);
    headers.push(header);
  }
  const certificate = decodeHex(proof.certificate, readCertificate);
  if (!certificate.ok) return certificate;
  const { kind, blockHash, view } = certificate.value;
  const last = headers.at(-1);
  const isNamed = kind === 'finalize' && blockHash === parentHash && view === last?.view;
  if (!isNamed || !verifyCertificate(certificate.value, network, verifier).ok) {
    return wrong('the certificate does not make the last header final');
  }
  if (!headers.some((header) => header.height === height)) return wrong('the header that slashed is missing');
  return accept(headers);
}

function checkEvidence(
  { validator }: ProvenSlash,
  hex: string,
  network: VerdictNetwork,
  verifier: Verifier,
): Checked<unknown> {
  const bytes = bytesOf(hex);
  const evidence = bytes === undefined ? undefined : decodeEvidence(bytes);
  if (!evidence?.ok) return wrong('the evidence does not decode');
  if (accusedBy(evidence.value) !== validator) return wrong('the evidence accuses somebody else');
  const verified = verifyEvidence(evidence.value, network, verifier);
  return verified.ok ? accept(undefined) : wrong(verified.message);
}

/** Runs the clock again. */
function checkMiss(
  slash: ProvenSlash,
  headers: readonly Header[],
  { rules }: VerdictNetwork,
): Checked<unknown> {
  const [first] = headers;
  const { clock_start_height: clockStart, settlement_blocks: encoded = [] } = slash.proof;
  if (first === undefined || clockStart === undefined) return wrong('the proof says nothing of a clock');
  const blocks: SettlementBlock[] = [];
  for (const hex of encoded) {
    const bytes = bytesOf(hex);
    const decoded = bytes === undefined ? undefined : decodeSettlementBlock(bytes);
    if (!decoded?.ok) return wrong('a settlement block does not decode');
    blocks.push(decoded.value);
  }
  let origin = first.origin;
  let count = 0;
  const reverted = new Set<number>();
  let startsAt = first.height;
  for (const header of headers.slice(1)) {
    if (header.height > slash.height) break;
    const range = blocks.splice(0, header.origin.height - origin.height);
    for (const block of range) {
      if (block.height !== origin.height + 1 || block.parentHash !== origin.hash) {
        return wrong('the settlement blocks are no chain');
      }
      origin = { height: block.height, hash: block.hash };
      if (block.lastSettledSeq + 1 !== slash.batch) return wrong('the batch was not the next to settle');
      for (const event of block.events) {
        if (event.type !== 'batch_reverted' || event.seq !== slash.batch) continue;
        if (event.proposer !== slash.validator) continue;
        reverted.add(event.attempt);
        if (isChainFault(event.code) && header.height <= clockStart) startsAt = header.height;
      }
    }
    if (origin.hash !== header.origin.hash) return wrong('a header names another settlement block');
    const counts = range.some((block) => isCounting(block, rules));
    if (counts && header.height > clockStart) count += 1;
  }
  if (blocks.length > 0) return wrong('there are settlement blocks that no header names');
  if (startsAt !== clockStart) return wrong('the clock did not begin there');
  const isOver = count > rules.submissionDeadlineBlocks || reverted.size >= rules.maxAttempts;
  return isOver
    ? accept(undefined)
    : wrong(`${count} headers counted, and ${reverted.size} settlements reverted`);
}

function decodeHex<Value>(hex: string, read: Parameters<typeof decode<Value>>[1]): Checked<Value> {
  const bytes = bytesOf(hex);
  const decoded = bytes === undefined ? undefined : decode(bytes, read);
  return decoded?.ok ? accept(decoded.value) : wrong('a part of the proof does not decode');
}

function bytesOf(hex: string): Uint8Array | undefined {
  return /^0x(?:[0-9a-f]{2})*$/.test(hex) ? fromHex(hex) : undefined;
}

function wrong(message: string): {
  readonly ok: false;
  readonly code: 'VERDICT_PROOF_INVALID';
  readonly message: string;
} {
  return refuse('VERDICT_PROOF_INVALID', message);
}
