/** Field tables of docs/results.md from the schema of result.json, with the words that a schema does not hold. */
import { z } from 'zod';
import { runResultSchema } from '../../node/report/result.ts';
import { checkMeanings, code, type Parts, renderTable } from './markdown.ts';

const meanings: Readonly<Record<string, string>> = {
  scenario: 'Name of the scenario',
  engine: 'Where it ran',
  seed: 'Seed of the run; with the scenario it fixes everything but `wall_ms`',
  virtual_ms: 'Virtual time at the end, ms after genesis',
  wall_ms: 'Time the host took; 0 in `result.json`, so that equal runs give equal files',
  height: 'Highest block a running node saw notarised',
  finalized_height: 'Highest final block',
  settlement_height: 'Newest settlement block',
  state_root: 'State root at `finalized_height`',
  trace_hash:
    'SHA-256 over every line of the event stream; equal seeds give equal hashes on every machine in the simulation, and never on the devnet',
  batches: 'Net batches, oldest first',
  'batches[].seq': 'Number of the batch, from 1',
  'batches[].from_height': 'First block',
  'batches[].to_height': 'Last block, the one that sealed it',
  'batches[].borrowed': 'Borrowed by asset',
  'batches[].repaid': 'Repaid by asset, liquidated debt included',
  'batches[].net': 'Borrowed minus repaid, zero left out',
  'batches[].fees': 'Fees by asset; they move nothing',
  'batches[].liquidations': 'Liquidations in its blocks',
  'batches[].cross_chain':
    'Actions of transfers between the chains that the batch carries; absent where there are none',
  'batches[].cross_chain[].type': '`lock`, `complete` or `refund`',
  'batches[].cross_chain[].transfer_id': 'Id of the transfer',
  'batches[].actions': 'What the settlement did; before it settled, what the running attempt means to do',
  'batches[].actions[].type': 'Kind of action',
  'batches[].actions[].asset': 'Asset bought, drawn or returned',
  'batches[].actions[].amount': 'Amount of that asset',
  'batches[].actions[].amount_in': 'What a settled swap paid, in the base asset',
  'batches[].state':
    'Furthest state reached; `submitted` and `included` are what the run saw, the rest is derived',
  'batches[].attempts': 'Who had to settle it, oldest first (the newest 64)',
  'batches[].attempts[].attempt': 'Number, from 1; goes on over holders',
  'batches[].attempts[].proposer': 'Duty holder',
  'batches[].attempts[].outcome': 'How it ended; absent while it runs',
  'batches[].attempts[].revert_code': 'Code of the revert that ended it',
  'batches[].settler': 'Who really settled it, once confirmed; not always the holder of the last attempt',
  'batches[].sealed_at_ms': 'Timestamp of the sealing block',
  'batches[].submitted_at_ms': 'When the newest attempt was first handed to the settlement chain',
  'batches[].included_at_ms': 'Timestamp of the settlement block that settled it',
  'batches[].settlement_height': 'Height of that block',
  'batches[].confirmed_at_height': 'Sidechain block whose origin told of it',
  'batches[].gas_used': 'Gas of the settling transaction',
  'batches[].fee': 'What it paid',
  'batches[].transaction_hash': 'Its hash',
  windows: 'Closed windows, oldest first',
  'windows[].index': 'Number, from 0',
  'windows[].from_height': 'First block of the window',
  'windows[].to_height': 'Last block of the window',
  'windows[].empty': 'True when its net was zero and nothing was sealed',
  'windows[].batch': 'Batch it sealed',
  slashes: 'Stake that was taken, oldest first',
  'slashes[].validator': 'Who lost it',
  'slashes[].reason': 'Why',
  'slashes[].batch': 'Batch of a missed settlement',
  'slashes[].attempt': 'Attempt of a missed settlement',
  'slashes[].height': 'Block that slashed',
  'slashes[].amount': 'Amount of the stake asset',
  validators: 'Every validator, in order',
  'validators[].name': 'Name',
  'validators[].stake': 'Bonded stake at the end',
  'validators[].jailed': 'In jail at the end',
  'validators[].tombstoned': 'Excluded from duty for good',
  'validators[].blocks_led': 'Final blocks it proposed',
  'validators[].duties': 'Duties it was given',
  'validators[].missed': 'Duties it missed',
  verdicts: 'What the run knows of its slashes and duties (see below)',
  'verdicts.chain_id': 'Id of the sidechain, which every header carries',
  'verdicts.rules': 'What a slash was judged by',
  'verdicts.rules.submission_deadline_blocks': 'Counting headers after which a duty is missed',
  'verdicts.rules.max_attempts': 'Reverts of one holder after which its duty passes on',
  'verdicts.rules.settlement_gas_reserve': 'Room that a settlement block must have left to count',
  'verdicts.rules.fee_cap': 'Highest base fee with which a settlement block counts',
  'verdicts.validators': 'The validator set, in order',
  'verdicts.validators[].name': 'Name',
  'verdicts.validators[].public_key': 'ed25519 public key',
  'verdicts.validators[].power': 'Voting power',
  'verdicts.wrongful_slashes':
    'Slashes of missed duties although nothing kept the holder from settling in any block that counted, and of validators that never equivocated',
  'verdicts.unpunished_absences':
    'Duties that were not slashed although more headers counted in the absence of their holder than the deadline allows',
  'verdicts.attendance': 'Duties by how present their holder was in the headers that counted',
  'verdicts.attendance.present': 'In all of them, or none counted',
  'verdicts.attendance.disturbed': 'In some, or for some of the time',
  'verdicts.attendance.absent': 'In none',
  'verdicts.deadlines': 'What other deadlines would have done to the same duties, from 1 to 12',
  'verdicts.deadlines[].blocks': 'The deadline',
  'verdicts.deadlines[].slashed': 'Runs of a duty clock that exceeded it',
  'verdicts.deadlines[].wrongful': 'Those among them whose holder was present until then',
  'verdicts.deadlines[].undecided': 'Runs that a slash ended before they could reach it',
  'verdicts.slashes': 'Slashes with their proofs, oldest first (the newest 200)',
  'verdicts.slashes[].validator': 'Who was slashed',
  'verdicts.slashes[].reason': 'Why',
  'verdicts.slashes[].batch': 'Batch of a missed settlement',
  'verdicts.slashes[].attempt': 'Attempt of a missed settlement',
  'verdicts.slashes[].height': 'Block that slashed',
  'verdicts.slashes[].wrongful':
    'Nothing kept the holder from settling; of an equivocation: the validator never lied, nor did its disk forget what it had promised to keep',
  'verdicts.slashes[].proof':
    'What proves it to others; absent when the run ended before a certificate, or where it would be too long',
  'verdicts.slashes[].proof.headers':
    'Encoded headers, each the parent of the next; of a miss from the one with which the holder’s clock began to run',
  'verdicts.slashes[].proof.certificate': 'Encoded finalisation certificate of the last header',
  'verdicts.slashes[].proof.evidence': 'Of an equivocation: the two messages, as the block carries them',
  'verdicts.slashes[].proof.clock_start_height':
    'Of a miss: header with which the last run of the clock began',
  'verdicts.slashes[].proof.settlement_blocks':
    'Of a miss: encoded settlement blocks above the origin of the first header, up to that of the one that slashed',
  'verdicts.duties': 'Ended duties, oldest first (the newest 1000)',
  'verdicts.duties[].batch': 'Batch',
  'verdicts.duties[].attempt': 'Attempt',
  'verdicts.duties[].holder': 'Who had to settle it',
  'verdicts.duties[].from_settlement_block': 'Origin before the first header that counted',
  'verdicts.duties[].to_settlement_block': 'Origin at the end of the duty',
  'verdicts.duties[].clock': 'Headers that had counted since its clock last began',
  'verdicts.duties[].outcome':
    'How it ended: somebody settled the batch, it was missed, its holder tries again after a revert, or after too many another does',
  'verdicts.duties[].attendance': 'How present the holder was, as the simulator knows it',
  'verdicts.duties[].absent': 'Headers among those that `clock` counts in which the holder could not settle',
  'verdicts.duties[].reasons': 'What kept it away',
  'verdicts.truncated': 'There when `verdicts` left older slashes or duties out',
  transactions: 'Transactions in final blocks',
  'transactions.executed': 'How many were executed, failed ones included',
  'transactions.failed':
    'How many of them failed, by code; those changed nothing but the nonce of their sender',
  metrics: 'Figures of the whole run (see below)',
  'metrics.average_batch_size': 'Blocks per confirmed batch; 0 before the first',
  'metrics.settlement_latency_ms': 'From a block’s timestamp to the inclusion of its batch',
  'metrics.settlement_latency_ms.mean': 'Mean',
  'metrics.settlement_latency_ms.p50': 'Median',
  'metrics.settlement_latency_ms.p90': '90th percentile',
  'metrics.settlement_latency_ms.p99': '99th percentile',
  'metrics.settlement_latency_ms.max': 'Longest',
  'metrics.settlement_latency_ms.censored': 'Final blocks whose batch was not confirmed when the run ended',
  'metrics.success_rate':
    'Attempts that confirmed over all attempts of confirmed batches and the ended ones of pending batches; 1 before the first',
  'metrics.pending_batches': 'Sealed and unconfirmed',
  'metrics.oldest_pending_age_ms': 'Age of the oldest of them since its sealing block',
  'metrics.total_fee': 'Everything settlements paid, reverted ones included',
  'metrics.fee_per_block': 'Total fee over the blocks of confirmed batches, rounded down',
  'metrics.max_exposure': 'Largest absolute unsettled net after any block, by asset, open window included',
  'metrics.blocks_per_second': 'Final blocks per virtual second',
  laws: 'The laws of protocol.md, each with what was found',
  'laws[].name': 'Name of the law',
  'laws[].checks': 'How often it was checked',
  'laws[].violations': 'What broke it; at most 20 in words',
  'laws[].unchecked': 'What the law covers and this engine cannot see; absent when it sees everything',
  expectations: 'What the scenario expected, in its order',
  'expectations[].text': 'The expectation in words',
  'expectations[].ok': 'Whether it held',
  'expectations[].at_ms': 'When that was decided',
  'expectations[].detail': 'What was found',
  errors: 'What made the run itself wrong, such as a transaction that missed the block it was anchored to',
  warnings:
    'What the scenario asked for and the run never came to, such as events whose anchor was not reached',
  truncated: 'There when `batches` and `windows` hold only the last 1000 of more than 10,000',
  ok: 'No errors, every law and every expectation held',
};

interface Field {
  readonly path: string;
  readonly type: string;
  readonly isOptional: boolean;
}

export function resultParts(): Parts {
  return { result: fieldTable('result.json', runResultSchema, meanings) };
}

/** One row a field of a schema. @throws When a field has no words, or words have no field. */
export function fieldTable(
  document: string,
  schema: z.ZodObject,
  words: Readonly<Record<string, string>>,
): string {
  const fields = listFields(schema, '');
  checkMeanings(
    document,
    fields.map(({ path }) => path),
    Object.keys(words),
  );
  const rows = fields.map(({ path, type, isOptional }) => [
    code(path),
    isOptional ? `${type}, optional` : type,
    `${words[path] ?? ''}.`,
  ]);
  return renderTable(['field', 'type', 'meaning'], rows);
}

function listFields(schema: z.ZodObject, prefix: string): Field[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, value]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const isOptional = value instanceof z.ZodOptional;
    const present = isOptional ? (value.unwrap() as z.ZodType) : value;
    const field: Field = { path, type: typeText(present), isOptional };
    const inner = present instanceof z.ZodNullable ? (present.unwrap() as z.ZodType) : present;
    if (inner instanceof z.ZodObject) return [field, ...listFields(inner, path)];
    if (inner instanceof z.ZodArray && inner.element instanceof z.ZodObject) {
      return [field, ...listFields(inner.element, `${path}[]`)];
    }
    return [field];
  });
}

function typeText(schema: z.ZodType): string {
  if (schema instanceof z.ZodNullable) return `${typeText(schema.unwrap() as z.ZodType)} or null`;
  if (schema instanceof z.ZodTuple)
    return `pair of ${typeText((schema.def.items[0] ?? z.never()) as z.ZodType)}`;
  if (schema instanceof z.ZodObject) return 'object';
  if (schema instanceof z.ZodArray) return `list of ${typeText(schema.element as z.ZodType)}`;
  if (schema instanceof z.ZodRecord && schema.valueType instanceof z.ZodNumber)
    return 'map of code to integer';
  if (schema instanceof z.ZodRecord && typeText(schema.valueType as z.ZodType) === 'text')
    return 'map of key to text';
  if (schema instanceof z.ZodRecord) return `map of asset to ${typeText(schema.valueType as z.ZodType)}`;
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => code(String(option))).join(', ');
  if (schema instanceof z.ZodLiteral) return code(JSON.stringify(schema.value));
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodNumber) return schema.isInt ? 'integer' : 'number';
  if (schema instanceof z.ZodString) return stringText(schema);
  throw new Error(`no words for a schema of type ${schema.type}`);
}

function stringText(schema: z.ZodString): string {
  const pattern = String((schema.toJSONSchema() as { pattern?: unknown }).pattern ?? '');
  if (pattern.startsWith('^0x')) return pattern.endsWith('{64}$') ? 'hash' : 'hex';
  if (pattern.startsWith('^-?')) return 'signed decimal string';
  return pattern === '' ? 'text' : 'decimal string';
}
