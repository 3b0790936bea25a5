/** One replayed step as text: the input, the outputs, and the rows that changed, from what to what. */
import { decodeAtomicCompletion } from '../core/atomicCompletion.ts';
import { decodeCompletion } from '../core/completion.ts';
import { decodeProposal, decodeVotes } from '../core/messages.ts';
import type { Input, Output, Topic } from '../core/types.ts';
import type { ReplayStep, RowChange } from '../replay/replay.ts';
import { counted, seconds } from './format.ts';

/** Longest value shown in a line, in characters; `--json` gives all of it. */
const VALUE_CHARACTERS_MAX = 100;
/** Fields of one changed row that are shown. */
const FIELDS_MAX = 12;

export interface InspectNames {
  /** By validator index. */
  readonly nodes: readonly string[];
}

/** All lines of a step. */
export function renderStep(step: ReplayStep, names: InspectNames): string {
  const { number, recorded, outputs, thrown, changes, isAsRecorded } = step;
  const lines = [`#${number} ${seconds(recorded.input.nowMs)}  ${describeInput(recorded.input, names)}`];
  for (const output of outputs) lines.push(`    ${describeOutput(output, names)}`);
  if (thrown !== undefined) lines.push(`    stopped: ${thrown}`);
  for (const change of changes) lines.push(...describeChange(change).map((line) => `  ${line}`));
  if (!isAsRecorded) lines.push('  DIFFERS: the recorded run gave other outputs here');
  return lines.join('\n');
}

/** An input in one line. */
export function describeInput(input: Input, { nodes }: InspectNames): string {
  const nameOf = (index: number): string => nodes[index] ?? `node ${index}`;
  switch (input.type) {
    case 'started':
      return `started on ${counted(input.recovered.length, 'row')}`;
    case 'message':
      return `message from ${nameOf(input.from)}: ${describeMessage(input.topic, input.bytes, nameOf)}`;
    case 'timerFired':
      return `timer ${input.id}`;
    case 'settlementBlock':
      return `settlement block ${input.block.height} with ${counted(input.block.events.length, 'event')}`;
    case 'transactionSubmitted':
      return `transaction submitted (${input.bytes.length} bytes)`;
    case 'request':
      return `request ${input.requestId} from ${nameOf(input.from)} (${input.bytes.length} bytes)`;
    case 'response':
      return input.bytes === undefined
        ? `no response from ${nameOf(input.from)} to request ${input.requestId}`
        : `response from ${nameOf(input.from)} to request ${input.requestId} (${input.bytes.length} bytes)`;
    default:
      return shortText(input);
  }
}

function describeMessage(topic: Topic, bytes: Uint8Array, nameOf: (index: number) => string): string {
  if (topic === 'votes') {
    const message = decodeVotes(bytes);
    if (message.ok) {
      const { votes, certificate } = message.value;
      const parts = votes.map(({ kind, view, voter }) => `${kind} of ${nameOf(voter)} in view ${view}`);
      if (certificate !== undefined) parts.push(`a certificate of view ${certificate.view}`);
      return parts.join(', ') || 'no votes';
    }
  } else if (topic === 'blocks') {
    const message = decodeProposal(bytes);
    if (message.ok) {
      const { height, view } = message.value.block.header;
      return `block ${height} proposed in view ${view}`;
    }
  } else if (topic === 'settlements') {
    const atomic = decodeAtomicCompletion(bytes);
    if (atomic.ok) {
      const { batches, height } = atomic.value;
      return `completion of ${counted(batches.length, 'atomic batch', 'atomic batches')} of block ${height}`;
    }
    const message = decodeCompletion(bytes);
    if (message.ok) return `completion of batch ${message.value.seq}`;
  }
  return `${topic} (${bytes.length} bytes)`;
}

/** An output in one line. */
export function describeOutput(output: Output, names: InspectNames): string {
  const nameOf = (index: number): string => names.nodes[index] ?? `node ${index}`;
  switch (output.type) {
    case 'persist':
      return `persist ${counted(output.writes.length, 'row')}${output.sync ? ', synced' : ''}`;
    case 'publish':
      return `publish ${describeMessage(output.topic, output.bytes, nameOf)}`;
    case 'verdict':
      return output.code === undefined ? output.verdict : `${output.verdict}: ${output.code}`;
    case 'setTimer':
      return `set timer ${output.id} to ${seconds(output.at)}`;
    case 'clearTimer':
      return `clear timer ${output.id}`;
    case 'submitSettlement':
      return `submit batch ${output.batch}, attempt ${output.attempt}`;
    case 'request':
      return `ask ${nameOf(output.peer)}, request ${output.requestId}`;
    case 'respond':
      return `answer ${nameOf(output.peer)} (${output.bytes.length} bytes)`;
    case 'followSettlement':
      return `follow the settlement chain from block ${output.fromHeight}`;
    case 'emit':
      return `report ${shortText(output.event)}`;
    default:
      return shortText(output);
  }
}

/** A changed row: in one line where it came or went, else with each field that differs. */
export function describeChange({ name, before, after }: RowChange): string[] {
  if (before === undefined) return [`+ ${name}: ${shortText(after)}`];
  if (after === undefined) return [`- ${name}`];
  const fields = findDifferences(plainOf(before), plainOf(after), '');
  const lines = fields
    .slice(0, FIELDS_MAX)
    .map(({ path, before: old, after: now }) => `~ ${name}${path}: ${shortText(old)} -> ${shortText(now)}`);
  if (fields.length > FIELDS_MAX) lines.push(`~ ${name}: and ${fields.length - FIELDS_MAX} more fields`);
  return lines;
}

interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

function findDifferences(before: unknown, after: unknown, path: string): Difference[] {
  if (!isStructure(before) || !isStructure(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
  }
  const old = new Map(Object.entries(before));
  const now = new Map(Object.entries(after));
  const keys = new Set([...old.keys(), ...now.keys()]);
  return [...keys].flatMap((key) => findDifferences(old.get(key), now.get(key), `${path}.${key}`));
}

function isStructure(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** As JSON has it: amounts as text, byte strings as hexadecimal digits. */
export function plainOf(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(plainOf);
  if (!isStructure(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainOf(item)]));
}

function shortText(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(plainOf(value)).replaceAll(/"(0x[0-9a-f]{6})[0-9a-f]{20,}"/g, '$1…');
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX - 1)}…`;
}
