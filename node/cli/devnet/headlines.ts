/** News of a network in words, a line each: what happens to batches, validators and processes. */
import type { EventLine } from '../../core/eventFields.ts';
import { signedAmount } from '../format.ts';

export type Tone = 'plain' | 'good' | 'bad' | 'warn';

export interface Headline {
  readonly text: string;
  readonly tone: Tone;
}

/** @param line - An event that is news. */
export function headlineOf(line: EventLine): Headline {
  const [tone, text] = wordsOf(line) ?? ['plain', line.type];
  return { tone, text };
}

function wordsOf(line: EventLine): readonly [Tone, string] | undefined {
  const { node, batch, attempt, validator, proposer } = line;
  switch (line.type) {
    case 'empty_window':
      return ['plain', `blocks ${line.from_height}-${line.to_height} net to zero: nothing to settle`];
    case 'batch_sealed':
      return [
        'plain',
        `batch ${batch} sealed: blocks ${line.from_height}-${line.to_height}, ${amountWords(line.net)}; ${proposer} holds the duty`,
      ];
    case 'batch_assigned':
      return ['warn', `batch ${batch} passes to ${proposer}, attempt ${attempt}`];
    case 'batch_submitted':
      return ['plain', `batch ${batch} submitted by ${node}, attempt ${attempt}`];
    case 'batch_included':
      return ['plain', `batch ${batch} included in settlement block ${line.settlement_height}`];
    case 'batch_confirmed':
      return ['good', `batch ${batch} confirmed, settled by ${line.settler}`];
    case 'batch_reverted':
      return ['warn', `batch ${batch} reverted: ${line.code}, ${proposer}, attempt ${attempt}`];
    case 'batch_missed':
      return ['bad', `batch ${batch} missed by ${proposer}, attempt ${attempt}`];
    case 'slashed':
      return ['bad', `${validator} slashed ${line.amount}: ${String(line.reason).replace('_', ' ')}`];
    case 'jailed':
      return ['bad', `${validator} jailed until block ${line.until_height}`];
    case 'unjailed':
      return ['good', `${validator} is out of jail`];
    case 'tombstoned':
      return ['bad', `${validator} will never hold a duty again`];
    case 'equivocation_seen':
      return ['bad', `${validator} contradicts itself, says ${node}`];
    case 'settlement_reorg':
      return ['warn', `the settlement chain took ${line.depth} blocks back, down to ${line.height}`];
    case 'node_crashed':
      return ['bad', `${node} is gone (${endOf(line)})`];
    case 'node_restarted':
      return ['good', `${node} is back`];
    case 'warning':
      return ['warn', `${node ?? 'network'} warns: ${line.message} [${line.code}]`];
    case 'input_target_parked':
      return ['warn', `inputs for ${line.target} wait at ${node}: ${line.message} [${line.code}]`];
    case 'input_target_recovered':
      return ['good', `inputs for ${line.target} go on at ${node}`];
    case 'input_storage_lost':
      return ['bad', `${node} cannot reach its storage of inputs [${line.code}]`];
    case 'input_storage_back':
      return ['good', `${node} has its storage of inputs back`];
    case 'auto_batch_loop_failed':
      return ['warn', `orders wait at ${node}: ${line.loop}: ${line.message}`];
    default:
      return undefined;
  }
}

function endOf({ signal, exit_code: exitCode }: EventLine): string {
  if (typeof signal === 'string') return signal;
  return typeof exitCode === 'number' ? `exit code ${exitCode}` : 'crashed';
}

/** `UM +1700, USDC -90`, or `zero`. */
export function amountWords(amounts: unknown): string {
  const entries = Object.entries((amounts ?? {}) as Readonly<Record<string, string>>);
  if (entries.length === 0) return 'zero';
  return entries.map(([asset, amount]) => `${asset} ${signedAmount(amount)}`).join(', ');
}
