/** The event tables of docs/results.md: types and fields from what the trace writes, words from here. */
import { checkMeanings, code, type Parts, renderTable } from './markdown.ts';
import { listEventFields, listServiceEventFields } from './samples.ts';

/** Events of the simulation around the nodes, with the fields it writes itself. */
export const runtimeEvents: Readonly<Record<string, readonly string[]>> = {
  settlement_reorg: ['height', 'depth'],
  fault_started: ['fault', '…'],
  fault_ended: ['fault', '…'],
  node_crashed: ['lose', 'exit_code', 'signal', 'restart_in_ms'],
  node_restarted: [],
};

/** Who reports, and what it means. `node`: the node's name stands in `node`; `network`: `node` is null. */
const meanings: Readonly<Record<string, readonly ['node' | 'network', string]>> = {
  block_proposed: ['node', 'The leader made a block and sent it.'],
  block_notarized: [
    'node',
    'This node saw more than two thirds of the power notarise the block, and holds the block.',
  ],
  view_nullified: ['node', 'This node saw a view end without a block.'],
  block_finalized: [
    'node',
    'The block is final for this node, executed, and on its disk. Every node reports every height.',
  ],
  transaction_executed: ['network', 'A transaction of a final block; `result` is `ok` or an error code.'],
  window_closed: ['network', 'A window ended and sealed a batch.'],
  empty_window: ['network', 'A window ended with net zero for every asset and sealed nothing.'],
  batch_sealed: ['network', 'A net batch was frozen, with its first duty holder.'],
  batch_assigned: ['network', 'The duty on a batch came to a validator: at the seal, or when it passed on.'],
  batch_submitted: [
    'node',
    'This node handed a newly signed transaction to the settlement chain; resends are not told.',
  ],
  batch_included: [
    'node',
    'The settler itself saw its transaction in a settlement block, settled. No other node tells.',
  ],
  completion_gossiped: ['node', 'The settler told its peers so.'],
  batch_confirmed: [
    'network',
    'The header of a final block brought the settlement into view: derived, for all nodes.',
  ],
  batch_reverted: [
    'network',
    'A settlement was included and failed; `counted` says whether it ended the running attempt.',
  ],
  batch_missed: ['network', 'The duty clock ran out, or the holder reverted too often by its own fault.'],
  slashed: ['network', 'A validator lost bonded stake. `batch` and `attempt` are null for equivocation.'],
  jailed: ['network', 'A validator missed too many duties and is given none for a while.'],
  unjailed: ['network', 'A jailed validator came back by its own transaction.'],
  tombstoned: ['network', 'A validator equivocated and will never hold a duty again.'],
  atomic_batch_completed: ['network', 'Every settlement of an atomic batch happened.'],
  atomic_batch_failed: [
    'network',
    'An atomic batch was executed and failed: nothing of it happened. One that is refused before execution is told by its transaction alone.',
  ],
  atomic_batch_published: [
    'node',
    'The leader of a block told its peers of the atomic batches that ended in it, after all of it was on its disk.',
  ],
  escrow_opened: ['network', 'A payer handed money over to an escrow.'],
  escrow_released: ['network', 'A settlement took money out of an escrow; `left` is still in it.'],
  escrow_refunded: ['network', 'What was left in an escrow after its last height went back to its payer.'],
  channel_opened: ['network', 'A payer locked money for a payee.'],
  channel_closing: [
    'network',
    'One side began to close a channel: better vouchers count before `ends_at_ms`, then anybody may settle it.',
  ],
  channel_disputed: ['network', 'Somebody showed a better voucher of a channel that is closing.'],
  channel_closed: [
    'network',
    'A channel ended: `amount` to the payee, less the network fee, `returned` to the payer.',
  ],
  treasury_withdrawal_proposed: [
    'network',
    'A keeper proposed a withdrawal from the treasury, and approved it with that.',
  ],
  treasury_withdrawal_approved: ['network', 'Another keeper approved it.'],
  treasury_withdrawn: [
    'network',
    'Enough keepers had approved it and the treasury held enough: it was paid.',
  ],
  treasury_withdrawal_expired: ['network', 'Its last height passed without payment; it is gone.'],
  proposal_opened: ['network', 'A validator proposed another network fee.'],
  proposal_voted: ['network', 'A validator voted on it, or changed its vote.'],
  proposal_passed: ['network', 'Its time to vote is over: enough stake voted, and enough of that in favour.'],
  proposal_rejected: ['network', 'Its time to vote is over, and one of the two lacked.'],
  proposal_activated: ['network', 'From this block on the network fee is the proposed one.'],
  cross_chain_opened: [
    'network',
    'Somebody sends value to the settlement chain: it lies in escrow here until the transfer is decided.',
  ],
  cross_chain_decided: [
    'network',
    'A transfer between the chains was decided, and done here: `bridged` came over the bridge, or left where it is below zero. `reason` says why it is refunded.',
  ],
  cross_chain_closed: ['network', 'The settlement chain has followed: both sides of the transfer are done.'],
  input_posted: [
    'network',
    'The block names a settlement block that holds a post for this chain; `inputs` of it wait for their turn, 0 where it is none.',
  ],
  posted_input_executed: [
    'network',
    'An input of a post was executed, whatever its `result`; the transaction `id` has its own line.',
  ],
  posted_input_refused: [
    'network',
    'An input of a post was skipped for good, with a code; `index` null: the whole post.',
  ],
  treasury_flushed: ['network', 'The network fees that had gathered went to the treasury.'],
  equivocation_seen: [
    'node',
    'This node holds two signed messages that contradict each other: two votes of a `view`, or two settlements of a `batch` and `attempt`.',
  ],
  input_queued: [
    'node',
    'An input is on the disk of this node and waits for a batch. Inputs are told by the node that took them.',
  ],
  input_charged: ['node', 'A try was charged to an input: the failure was its own.'],
  input_confirmed: ['node', 'An input ended on the chain of its target.'],
  input_failed: ['node', 'An input ended for good and was not executed; `code` says why.'],
  input_batch_opened: ['node', 'Inputs that waited became a batch.'],
  input_batch_recovered: [
    'node',
    'A batch was found unfinished when the node started: it is asked after before it is sent again.',
  ],
  input_batch_submitted: ['node', 'A batch went to the chain of its target; `batch:submit` of the batcher.'],
  input_batch_overdue: ['node', 'A batch was not seen in a block in time; it is asked after.'],
  input_batch_landed: [
    'node',
    'A batch was seen in a block, with what became of its inputs; `batch:receipt`.',
  ],
  input_batch_processed: [
    'node',
    'This sidechain has processed inputs of a batch; `batch:effectstream-processed`.',
  ],
  input_batch_returned: ['node', 'The inputs of a batch wait for other ones.'],
  input_target_parked: [
    'node',
    'A target cannot be reached: its inputs wait, and nothing is charged to them.',
  ],
  input_target_recovered: ['node', 'It can be reached again.'],
  input_criteria_failed: ['node', 'Batching criteria of the configuration threw; they are asked again.'],
  input_adapter_failed: ['node', 'An adapter did not do what it promises.'],
  input_pruned: ['node', 'Inputs that ended long ago were forgotten.'],
  input_storage_lost: ['node', 'The storage of inputs cannot be reached: inputs are refused until it can.'],
  input_storage_back: ['node', 'It can be reached again.'],
  auto_batch_prepared: [
    'node',
    'Queued orders of one party became a batch. Batches of orders are told by the node whose engine moved them.',
  ],
  auto_batch_submitted: [
    'node',
    'The ledger took a submission of the batch; one that is sent again is not told.',
  ],
  auto_batch_accepted: ['node', 'The ledger has it, in a block or on its way into one.'],
  auto_batch_confirmed: ['node', 'It is final, and its orders are paid.'],
  auto_batch_failed: ['node', 'A submission failed; `code` says why. It is tried again, or the batch ends.'],
  auto_batch_released: ['node', 'A failed batch ended, and its orders are queued again.'],
  auto_batch_order_rejected: ['node', 'The one order of a failed batch failed for good.'],
  auto_batch_order_paid_before: [
    'node',
    'The one order of a failed batch turned out to be paid, by a command that the database does not know.',
  ],
  auto_batch_pruned: [
    'node',
    'Orders that ended are kept no longer; batches of which no order is left went with them.',
  ],
  auto_batch_loop_failed: ['node', 'A round of a loop of the order engine failed, and the loop rests.'],
  settlement_block: ['network', 'The settlement chain made a block.'],
  settlement_reorg: [
    'network',
    'The settlement chain took its newest blocks back; their places are filled at their own time.',
  ],
  fault_started: [
    'node',
    'A fault of the scenario begins; its own keys follow. `node` is null for the settlement chain.',
  ],
  fault_ended: ['node', 'It ends.'],
  node_crashed: [
    'node',
    'The process is gone. In a simulation `lose` says what its disk lost; of a real process the rest says how it went, and `node` may be `settlement`.',
  ],
  node_restarted: ['node', 'The process starts again on what the disk holds.'],
  warning: [
    'network',
    'Something worth a look that broke no rule, such as a transaction the settlement chain refused.',
  ],
};

const fieldMeanings: Readonly<Record<string, string>> = {
  height:
    'Height of the sidechain block; in `settlement_block` of the settlement block, in `settlement_reorg` of the newest block that stays',
  depth: 'How many blocks are gone',
  view: 'View of the agreement protocol',
  hash: 'Hash of the block',
  transactions: 'How many transactions the block holds',
  timestamp_ms: 'The block’s own timestamp, ms after genesis',
  leader: 'Validator that proposed the block',
  state_root: 'State root after the block',
  origin_height: 'Settlement block that the header names as its origin',
  id: 'Id of the transaction',
  operation: 'Type of the transaction, such as `borrow`',
  from: 'Label of the sender, or its address where the scenario has no name for it',
  result: '`ok`, or the code with which it failed',
  index: 'Number of the window, from 0',
  from_height: 'First height of the window or batch',
  to_height: 'Last height of the window or batch',
  batch: 'Number (`seq`) of the net batch; absent for an empty window',
  borrowed: 'Amounts by asset, decimal strings',
  repaid: 'Amounts by asset, decimal strings',
  net: 'Borrowed minus repaid by asset, signed decimal strings, zero left out',
  fees: 'Network fees by asset; in a net batch they are reported and move nothing',
  batch_id: 'Id of the atomic batch, which is that of a batch of orders too, or of the batch of inputs',
  escrow_id: 'Id of the escrow',
  transfer_id: 'Id of the transfer; those of transfers from the settlement chain are numbers',
  direction: '`outbound`: to the settlement chain, or `inbound`',
  outcome: '`complete` or `refund`',
  bridged: 'What came over the bridge, decimal string; below zero, what left',
  deadline_height: 'Last settlement block that may lock the amount',
  settlement_id: 'Id of the settlement',
  channel_id: 'Id of the channel',
  payer: 'Address of whoever paid into the escrow or the channel',
  payee: 'Address of whoever the channel pays',
  by: 'Address of the side that began',
  nonce: 'Nonce of the best voucher shown; 0 while none was',
  ends_at_ms: 'Timestamp of a block, ms after genesis, from which on nobody may dispute',
  returned: 'What went back to the payer, decimal string; of inputs how many wait for another batch',
  withdrawal_id: 'Id of the withdrawal',
  keeper: 'Address of the keeper',
  approvals: 'How many keepers approved it by now, whoever proposed it among them',
  to: 'Address of the recipient',
  expires_at_height: 'Its last height',
  proposal_id: 'Id of the proposal',
  network_fee_bps: 'The proposed network fee, in basis points',
  voting_ends_at_ms: 'Timestamp from which on votes are counted, ms after genesis',
  activates_at_ms: 'Timestamp from which on the fee is in force, ms after genesis',
  vote: '`yes` or `no`',
  yes: 'Stake that voted for it, decimal string',
  no: 'Stake that voted against it, decimal string',
  bonded: 'All stake that counted, decimal string',
  asset: 'Asset that moved',
  left: 'What is still in the escrow, decimal string',
  requests: 'How many settlements the batch holds',
  failed_at: 'Position of the request or order that failed, from 0; null: unknown',
  completed: 'Settlements before it, which were undone',
  batches: 'How many atomic batches ended in the block',
  liquidations: 'Liquidations in the batch',
  proposer: 'Duty holder',
  commitment: 'Hash of the batch in the sealing header',
  attempt: 'Attempt on the batch, from 1',
  transaction_hash:
    'Hash of the settlement transaction; of inputs of their transaction, or that of their batch',
  fee_cap: 'Most the transaction offers per unit of gas',
  settlement_height: 'Height of the settlement block',
  included_at_ms: 'Timestamp of that block, ms after genesis',
  settler: 'Validator whose transaction settled the batch',
  gas_used: 'Gas of the transaction, or of the whole settlement block',
  fee: 'What the transaction paid, in the smallest fee unit of its chain',
  code: 'Error code (errors.md)',
  message: 'The same for people',
  counted: 'Whether the revert ended the running attempt',
  clock_count: 'Headers the duty clock had counted',
  validator: 'Validator it is about',
  reason:
    '`missed_settlement` or `equivocation`; of a rejected proposal `quorum` or `majority`; of a refund, the code that says why',
  amount: 'Amount of the stake asset, or of `asset` where that is there, decimal string',
  until_height: 'Height from which `unjail` works',
  base_fee: 'Base fee per unit of gas in that block',
  events: 'How many settlement events the block holds',
  request_id: 'Id of the input',
  target: 'Target of the input, such as `sidechain`',
  attempts:
    'Tries that were charged to the input, or submissions of the batch of orders that were begun, by now',
  inputs: 'How many inputs',
  party: 'Address that pays the orders',
  orders: 'How many orders the batch holds',
  order_id: 'Id of the order',
  kind: '`rejected`: the ledger refused it; `expired`: its last height passed; `unreachable`: the ledger gave no answer',
  loop: '`batching`, `monitoring` or `retrying`',
  block: 'Height on the chain of the target',
  confirmed: 'Inputs that ended well',
  failed: 'Inputs that landed and were refused',
  rest_ms: 'Time until it is tried again',
  step: 'Method of the adapter',
  why: '`refused`, `lost`, `partial` or `outage`: their batch was refused, can never land, landed without them, or waited too long for its target',
  fault: 'Type of the fault',
  lose: '`none`, `unsynced` or `all`',
  exit_code: 'Exit code of a process, or null',
  signal: 'Signal that ended a process, or null',
  restart_in_ms: 'Time until it is started again, or null',
};

/** Every event type with its fields. */
export function allEventFields(): ReadonlyMap<string, readonly string[]> {
  return new Map([...listEventFields(), ...listServiceEventFields(), ...Object.entries(runtimeEvents)]);
}

export function eventParts(): Parts {
  const fields = allEventFields();
  checkMeanings('events', fields.keys(), Object.keys(meanings));
  const names = new Set([...fields.values()].flat());
  names.delete('…');
  checkMeanings('fields of events', names, Object.keys(fieldMeanings));
  const rows = Object.entries(meanings).map(([type, [source, meaning]]) => {
    const own = (fields.get(type) ?? []).map((name) => (name === '…' ? name : code(name)));
    return [code(type), source, own.join(', '), meaning];
  });
  return {
    events: renderTable(['type', 'told by', 'fields', 'meaning'], rows),
    'event-fields': renderTable(
      ['field', 'meaning'],
      Object.entries(fieldMeanings).map(([name, meaning]) => [code(name), `${meaning}.`]),
    ),
  };
}
