/** Tables of docs/errors.md: every code with the meaning its own table gives it, and what to do from here. */
import { consensusCodes } from '../../consensus/codes.ts';
import { apiCodes } from '../../node/api/codes.ts';
import { autoBatchCodes } from '../../node/autobatch/codes.ts';
import { orderCodes } from '../../node/autobatch/intake/orderCodes.ts';
import { adapterCodes } from '../../node/batcher/adapters/adapter.ts';
import { evmTargetCodes } from '../../node/batcher/adapters/evm/codes.ts';
import { batcherOptionCodes } from '../../node/batcher/criteria/codes.ts';
import { inputCodes } from '../../node/batcher/input/codes.ts';
import { batcherCodes } from '../../node/batcher/pipeline/inputPipeline.ts';
import { inputStorageCodes } from '../../node/batcher/storage/codes.ts';
import { cliCodes } from '../../node/cli/codes.ts';
import { configCodes } from '../../node/config/codes.ts';
import { coreCodes } from '../../node/core/codes.ts';
import { devnetCodes } from '../../node/devnet/codes.ts';
import { experimentCodes } from '../../node/experiment/codes.ts';
import { runtimeCodes } from '../../node/runtime/codes.ts';
import { scenarioCodes } from '../../node/scenario/codes.ts';
import { simulationCodes } from '../../node/simulation/codes.ts';
import { atomicCodes } from '../../settlement/atomic/codes.ts';
import { proofCodes, proofFormCodes, proofTrustCodes } from '../../settlement/atomic/proofs/codes.ts';
import { crossChainCodes } from '../../settlement/bridge/codes.ts';
import { chainCodes } from '../../settlement/chain/codes.ts';
import { executionCodes } from '../../settlement/execution/codes.ts';
import { postedCodes } from '../../settlement/execution/postedInputs.ts';
import { transactionCodes } from '../../settlement/execution/transaction.ts';
import { ledgerCodes } from '../../settlement/ledger/codes.ts';
import { netCodes } from '../../settlement/net/codes.ts';
import { asSentence, checkMeanings, code, type Parts, renderTable } from './markdown.ts';

type CodeTable = Readonly<Record<string, string>>;

/** Codes of places too small for a table of their own. */
const otherCodes: CodeTable = {
  BAD_QUOTE: 'net law’s name for SLIPPAGE_EXCEEDED when the proposer allowed less than the derived plan',
  INTERNAL: 'a bug in Sidereal: an assertion failed or something unforeseen was thrown',
  TEST_REQUIREMENT_UNKNOWN: 'SIDEREAL_TEST_REQUIRE names a requirement that there is not',
};

/** One section of the document each. */
const sections: Readonly<Record<string, CodeTable>> = {
  cli: { ...cliCodes, ...devnetCodes, ...experimentCodes },
  config: configCodes,
  scenario: scenarioCodes,
  transaction: { ...transactionCodes, ...executionCodes, ...postedCodes },
  ledger: ledgerCodes,
  atomic: { ...atomicCodes, ...crossChainCodes },
  proofs: { ...proofCodes, ...proofFormCodes, ...proofTrustCodes },
  net: netCodes,
  chain: chainCodes,
  consensus: consensusCodes,
  core: coreCodes,
  api: apiCodes,
  batcher: { ...inputCodes, ...batcherCodes, ...adapterCodes, ...evmTargetCodes, ...batcherOptionCodes },
  runtime: runtimeCodes,
  inputStorage: inputStorageCodes,
  autoBatch: { ...autoBatchCodes, ...orderCodes },
  simulation: simulationCodes,
  other: otherCodes,
};

/** What the reader of a refusal can do. Peers’ faults need nothing: the node has dealt with them. */
const nothing = 'Nothing: the message is dropped.';
const peerFault =
  'Nothing: the message is dropped and the peer’s standing suffers. From an honest peer it is a bug.';

const advice: Readonly<Record<string, string>> = {
  BATCH_FILE_INVALID: 'Correct the file; docs/api.md, atomic batches, has an example.',
  OPERATION_FILE_INVALID: 'Correct the file; docs/api.md, escrows and other operations, says what it holds.',
  CLI_USAGE: 'See `sidereal --help`; the message names the nearest command or option.',
  NOT_AVAILABLE_YET: 'Leave it out, or wait for the version that has it; the message names the feature.',
  OUT_DIR_TAKEN: 'Choose another folder for `--out`, or empty this one.',
  EXPERIMENT_CELL_LOST:
    'Run the command that the message names: it repeats that run alone. A thread that runs out of memory needs a shorter `--duration`, fewer `--workers`, or less `--concurrency` of a worker.',
  EXPERIMENT_EMPTY: 'Name at least one batch size and one seed, and a duration of at least one block.',
  EXPERIMENT_INPUT_CHANGED: 'Leave the files alone while a sweep goes on, and start it again.',
  EXPERIMENT_LIMIT_UNKNOWN: 'Use an asset of the ledger; the message lists them.',
  EXPERIMENT_PACKAGE_DAMAGED:
    'Start the sweep again: it puts a new package into the queue. If that does not help, the builds of sweep and worker differ in more than they know.',
  EXPERIMENT_TOO_LARGE: 'Sweep fewer values, or fewer seeds; with `--queue`, shorter traces.',
  QUEUE_ADDRESS_INVALID: 'Write it as docs/choosing-n.md shows: `redis://10.0.0.9:6379`.',
  QUEUE_DRIVER_MISSING: 'Run `npm install` without `--omit=optional`.',
  QUEUE_LOST: 'See to the server; the same command goes on from the runs that are kept.',
  QUEUE_REFUSED:
    'Correct user, password or database; on PostgreSQL the user needs the right to make a schema.',
  QUEUE_UNREACHABLE: 'Start the server, open its port, or correct `--queue`.',
  OUT_DIR_UNWRITABLE: 'Look at the path, its permissions and the space on the disk.',
  INPUT_LOG_DAMAGED:
    'Of a simulation: record the run again, the same scenario and seed give the same log. Of a real node: other lives can still be replayed; move the damaged file away.',
  INPUT_LOG_MISSING:
    'Give the folder of `sidereal run --out`, recorded without `--record none`, or the data directory of a devnet whose nodes record their inputs.',
  INPUT_LOG_NODE_UNKNOWN: 'Use a name or an index of a recorded node; the message names the nearest one.',
  KEY_FILE_EXISTS: 'Choose another file with `--out`, or move the old key away yourself.',

  ACCOUNT_NOT_FUNDED: 'Use one of the accounts that the devnet prints when it starts.',
  CONFIG_KEY_NEEDED: 'Add the key to the file of `--config`; docs/machines.md shows whole files.',
  DEVNET_CONFIG_OTHER: 'Leave the setting out, start over with `--fresh`, or choose another `--data-dir`.',
  DEVNET_WORKLOAD_INVALID:
    'Keep `workload:` and `config:`, and run the rest as a scenario with `sidereal run`.',
  DEVNET_WORKLOAD_OTHER: 'Start over with `--fresh`, or choose another `--data-dir`.',
  RESTART_TIMED_OUT: 'Look at the log of the node; `sidereal status` shows when it is back.',
  DEVNET_DIR_TAKEN: 'Choose another `--data-dir`, or empty this one.',
  DEVNET_DIR_UNUSABLE: 'Look at the path, its permissions and the space on the disk.',
  DEVNET_GENESIS_TOO_LARGE: 'Choose a workload of fewer accounts, or run it in a simulation.',
  DEVNET_NAME_TAKEN: 'Call the validator something else.',
  DEVNET_RUNNING: 'Stop the devnet that runs there, or choose another `--data-dir`.',
  KEY_FILE_INVALID: 'Make a key with `sidereal keys --out`, or correct `node.key_file`.',
  NODE_KEY_OTHER: 'Give each node its own key file; the message names both public keys.',
  PORT_NONE_FREE: 'Stop something that listens on this machine.',
  PORT_OUT_OF_RANGE: 'Choose a smaller `--port`.',
  PORT_TAKEN: 'Choose another `--port`, or stop what listens there.',
  PROCESS_DIED: 'Read the end of the log file that the message names.',
  SETTLEMENT_ADMIN_FAILED: 'Look whether the settlement chain runs; its log says more.',
  DEVNET_DESCRIPTION_INVALID: 'Start the devnet again: it writes the file anew.',
  DEVNET_NOT_RUNNING: 'Start one with `sidereal devnet`, or name its `--data-dir`.',
  LOG_UNREADABLE: 'Look at the path that the devnet prints for the node, and at its permissions.',
  LOG_UNWRITABLE: 'Look at the path and its permissions, or leave `log.file` empty for standard output.',
  NODE_NOT_VALIDATOR: 'Correct `node.name`, or add the node to `validators` of a network that has not begun.',
  NODE_UNKNOWN: 'Use a name that `sidereal status` shows.',
  NODE_UNREACHABLE:
    'Look with `sidereal status` which nodes answer, and at the log of the one that does not.',
  RECORD_DIVERGES:
    'The message names what differs. The size of batches may have followed the settlement chain (`settlement.adaptive`), or a pool ran short for a while; leave such blocks out with `--to-height`.',
  RECORD_HISTORY_PRUNED:
    'Start the network anew with a larger `simulation.history_blocks`, and record before that many blocks are made.',
  RECORD_NO_BLOCKS: 'Wait for the first block; `sidereal status` shows the height.',
  RECORD_TOO_LONG: 'Record its first part with `--to-height`; the message says what fits.',
  WAIT_TIMED_OUT: 'Ask `GET /transactions/:id` again, or wait longer with `--timeout`.',

  CONFIG_KEY_UNKNOWN: 'Correct the key; the message names the nearest one or the group it belongs to.',
  CONFIG_VALUE_INVALID: 'Write what the message expects.',
  CONFIG_RULE_BROKEN: 'Change one of the keys that the message names.',
  FILE_UNREADABLE: 'Correct the path; paths in a file are relative to that file.',
  FILE_TOO_LARGE: 'Split the file; long flows belong in a trace.',
  YAML_SYNTAX: 'Correct the text at the place given.',
  YAML_TOO_COMPLEX: 'Nest less, or use fewer aliases.',
  YAML_KEY_DUPLICATE: 'Remove one of the two.',
  YAML_KEY_INVALID: 'Use a plain word as key.',
  YAML_ROOT_NOT_MAP: 'Begin the file with keys.',
  YAML_ALIAS_UNKNOWN: 'Define the anchor before the alias.',
  PROBLEMS_OMITTED: 'Mend those that are listed and check again.',
  YAML_TAG_UNSUPPORTED: 'Write the value without a tag.',

  SCENARIO_KEY_UNKNOWN: 'Correct the key; the message names the nearest one.',
  SCENARIO_KEY_MISSING: 'Add the key.',
  SCENARIO_VALUE_INVALID: 'Write what the message expects.',
  SCENARIO_KEYS_CONFLICT: 'Keep one of the keys.',
  SCENARIO_EVENT_EMPTY: 'Give the event a transaction or a fault.',
  SCENARIO_FAULT_EMPTY: 'Name a node, or a second group; nodes that are not named form a group of their own.',
  SCENARIO_FAULT_NOT_REAL:
    'Put what the message names as nearest in its place, or run the scenario with `--engine simulation`.',
  SCENARIO_DURATION_INVALID: 'Write ms as a number, or `40s`, `5m`, `6h`.',
  SCENARIO_NODE_UNKNOWN: 'Use a name of `config.validators`; the default ones are `node-0` to `node-3`.',
  SCENARIO_NODE_REPEATED: 'Name each node once.',
  SCENARIO_ASSET_UNKNOWN: 'Register the asset under `config.ledger.assets`, or let `auto_fund` do it.',
  SCENARIO_BLOCK_INVALID: 'Count blocks from 1.',
  SCENARIO_BATCH_SIZE_INVALID: 'Stay within `batch_size_min` and `batch_size_max`.',
  SCENARIO_ACCOUNT_INVALID: 'Leave `account` out or name another; the message says who may send it.',
  SCENARIO_OPERATOR_KEY_FOREIGN:
    'Leave `settlement.operator_keys` empty, so that the scenario derives a key.',
  SCENARIO_KEY_FOREIGN: 'Leave `public_key` and `oracle_key` out: the keys then follow from the seed.',
  TREASURY_KEEPER_UNKNOWN:
    'Name the keeper by its address, or fund an account of that label under `ledger.accounts`.',
  VALIDATOR_KEY_MISSING: 'Give every validator its `public_key`, and every process the same list.',
  SCENARIO_BLOCK_OVERFULL: 'Spread the transactions, or raise `chain.block_transactions_max`.',
  SCENARIO_BYZANTINE_THIRD:
    'Name fewer dishonest nodes, or set `allow_unsafe: true`: the laws may then break. `withhold_settlement` does not count.',
  SCENARIO_REORG_TOO_DEEP:
    'Raise `settlement.origin_confirmations` to the depth, or expect `{ eventually: { halted: true } }`.',
  SCENARIO_HISTORY_SHORT: 'Raise `simulation.history_blocks`, or bring the node back earlier.',
  SCENARIO_EXPECTATION_UNREACHABLE:
    'Correct the expectation, or set a longer `duration`; the message says what is in the way.',
  SCENARIO_EVENT_AFTER_END: 'Set a longer `duration`. The run goes on without the event.',
  AMOUNT_NEGATIVE: 'Use an amount from 0 up.',
  AMOUNT_FRACTIONAL: 'Write smallest units: 1 USDC is 1000000.',
  AMOUNT_TOO_LARGE: 'Stay at or below 2^128-1.',
  AMOUNT_UNSAFE: 'Put the number in quotes.',
  AMOUNT_ZERO: 'Use an amount above 0.',
  AMOUNT_INVALID: 'Write digits only.',
  TRACE_HEADER_INVALID: 'Add the column, or rename the one that the message names.',
  TRACE_ROW_INVALID: 'Correct the row; the message names line and column.',
  TRACE_TOO_LONG: 'Split the trace.',
  TRACE_EMPTY: 'Give the trace at least one row.',
  TRACE_TOO_SHORT: 'Give `sidereal fit` a longer trace.',
  FUNDING_IMPOSSIBLE: 'Lower the amounts, or fund by hand with `auto_fund: false`.',

  TRANSACTION_ADDRESS_INVALID:
    'Sign with ed25519 for a 32-byte address, with secp256k1 for an EVM address of 20 bytes.',
  TRANSACTION_CHAIN_MISMATCH: 'Sign for this chain’s id.',
  TRANSACTION_INPUT_INVALID:
    'Send the input to a batcher, which says what is wrong with it; the details of the refusal say why.',
  TRANSACTION_SIGNATURE_INVALID: 'Sign the canonical bytes with the sender’s key.',
  TRANSACTION_VOUCHER_INVALID:
    'Take the voucher as its payer signed it: chain, channel, amount and nonce are all covered.',
  TRANSACTION_EXPIRED: 'Sign it anew with a later last height.',
  TRANSACTION_TOO_EARLY: 'Wait: it is kept for its height.',
  INPUT_ALREADY_EXECUTED:
    'Nothing: ask for its result. To do the same again, sign it with another timestamp.',
  INPUT_TOO_EARLY: 'Wait, or set the clock and sign again.',
  FEE_PROPOSAL_NOT_OWN: 'Sign with the key of the validator that the transaction names.',
  OPERATOR_ONLY: 'Sign with one of `settlement.operator_keys`.',
  UNJAIL_NOT_OWN: 'Sign with the key of the jailed validator.',

  TRANSACTION_COSIGNATURE_INVALID:
    'Have each of its signers sign the body for this chain, in the order of their addresses.',
  TRANSACTION_TOO_LARGE: 'Send less at once, or raise `chain.block_bytes_max` of a new chain.',

  BATCH_ALREADY_EXECUTED: 'Nothing: ask for its result. To try again, make a batch with another id.',
  BATCH_EMPTY: 'Put at least one request into the batch.',
  BATCH_EXPIRY_TOO_FAR:
    'Sign it again with a last height at most `atomic_batches.timeout_blocks` above the next block.',
  BATCH_GAS_TOO_HIGH: 'Split the batch; the details say what it costs and what there is.',
  BATCH_ID_TAKEN: 'Draw another id, at random.',
  BATCH_TIMEOUT: 'Sign it again with a later last height and another id.',
  BATCH_TOO_LARGE: 'Split the batch.',
  BATCH_TOO_MANY_ACCOUNTS: 'Split the batch.',
  BATCH_VALUE_TOO_HIGH: 'Split the batch.',
  BLOCK_GAS_FULL: 'Nothing: it waits for the next block.',
  DUPLICATE_SETTLEMENT_ID: 'Give every request an id of its own.',
  CHANNEL_ALREADY_CLOSING: 'Show a better voucher with `channel_dispute`, or settle when the window is over.',
  CHANNEL_AMOUNT_ABOVE_DEPOSIT:
    'Use an amount of at most the deposit; vouchers above it were never worth more.',
  CHANNEL_AMOUNT_FALLS: 'Amounts of vouchers never fall: the larger one counts, whatever its nonce.',
  CHANNEL_ASSET_OTHER: 'Use the asset that the details name.',
  CHANNEL_CLOSED: 'Look at the receipt of the settlement that the details name.',
  CHANNEL_DISPUTE_OPEN: 'Wait until a block has the timestamp that the details name.',
  CHANNEL_DISPUTE_OVER: 'Settle the channel: what was shown in time stands.',
  CHANNEL_EXISTS: 'Draw another id, at random.',
  CHANNEL_EXPIRED: 'Settle the channel; to open one, use a later last height, or 0 for none.',
  CHANNEL_NONCE_INVALID: 'Count vouchers of a channel from 1.',
  CHANNEL_NOT_CLOSING: 'Begin with `channel_unilateral_close`, or close together with `channel_close`.',
  CHANNEL_NOT_PARTY: 'Let payer or payee send it; to close at once, both have to sign.',
  CHANNEL_PAYEE_OTHER: 'Pay the payee that the details name; a request behind it may pay on.',
  CHANNEL_SIGNER_OTHER: 'Show a voucher that the payer of the channel signed.',
  CHANNEL_UNKNOWN: 'Look at the id. The opening may not be final yet.',
  CHANNEL_VOUCHER_STALE: 'Nothing is lost: what was shown is as good.',
  ESCROW_ASSET_OTHER: 'Use the asset that the details name.',
  ESCROW_EXISTS: 'Draw another id, at random.',
  ESCROW_EXPIRED: 'Ask for the refund; to open one, use a later last height.',
  ESCROW_NOT_EXPIRED: 'Wait until its last height has passed.',
  ESCROW_THRESHOLD_INVALID: 'Use a threshold from 1 to the number of parties, or 0 without any.',
  ESCROW_UNKNOWN: 'Look at the id. An escrow of which nothing is left is gone.',
  FEE_PROPOSALS_TOO_MANY: 'Wait until one of them ended.',
  FEE_PROPOSAL_ENDED: 'Propose it again under another id.',
  FEE_PROPOSAL_EXISTS: 'Draw another id, at random.',
  FEE_PROPOSAL_OTHER: 'Read the proposal again before you vote on it.',
  FEE_PROPOSAL_TOO_HIGH: 'Propose 10000 bps at most.',
  FEE_PROPOSAL_UNKNOWN: 'Look at the id.',
  FEE_PROPOSER_NOT_BONDED: 'Leave jail first, or let another validator propose it.',
  INSUFFICIENT_BALANCE:
    'Look at the order of the requests, then at the balance of the account that the details name: each sees only what those before it did.',
  ORDER_EXPIRED:
    'Nothing pays it any more. If it should still be paid, sign it again with a later last height.',
  ORDER_ID_OTHER:
    'Leave the last height out, or take for the settlement id that of the order with this very last height and the metadata as its reference.',
  PARTIAL_EXECUTION: 'See `error` in the details.',
  PROOF_VERIFICATION_FAILED: 'See `reason` in the details.',
  SELF_PAYMENT: 'Name another payee.',
  SETTLEMENT_ALREADY_SETTLED: 'Nothing, if it is the payment you mean; otherwise draw another id, at random.',
  SETTLEMENT_ID_RESERVED: 'Draw another id, at random.',
  TREASURY_APPROVED_ALREADY: 'Nothing: the first approval counts.',
  TREASURY_EXPIRY_TOO_FAR: 'Use a last height within `ledger.treasury_timeout_blocks`.',
  TREASURY_KEEPER_ONLY: 'Sign with the key of one of `ledger.treasury_keepers`.',
  TREASURY_WITHDRAWALS_TOO_MANY:
    'Wait until one of them was paid or expired, or let another keeper propose it.',
  TREASURY_WITHDRAWAL_EXISTS: 'Approve it, or draw another id, at random.',
  TREASURY_WITHDRAWAL_EXPIRED: 'Propose it with a later last height.',
  TREASURY_WITHDRAWAL_OTHER: 'Read the withdrawal again before you approve it; the details hold its terms.',
  TREASURY_WITHDRAWAL_PAID: 'Nothing: it was paid once. Propose another under an id of its own.',
  TREASURY_WITHDRAWAL_UNKNOWN: 'Look at the id. One that expired is gone.',
  CROSS_CHAIN_ID_RESERVED: 'Draw the id at random.',
  CROSS_CHAIN_ID_TAKEN: 'Nothing, if it is the transfer you mean; otherwise draw another id, at random.',
  CROSS_CHAIN_TRANSFERS_FULL: 'Send again once earlier ones have ended; each window ends at most eight.',
  CROSS_CHAIN_TIMEOUT_INVALID: 'Use 1 to 10,000 blocks of the settlement chain.',
  CROSS_CHAIN_AMOUNT_TOO_SMALL: 'Send more: each side withholds its fee.',
  CROSS_CHAIN_REFUSED: 'The amount is back. Send less, or give the bridge more liquidity.',
  CROSS_CHAIN_TIMED_OUT:
    'The amount is back. Use a longer time-out: a transfer needs a window and two settlements.',
  CROSS_CHAIN_ASSET_UNKNOWN: 'The amount is back. Deposit an asset of `ledger.assets`.',
  CROSS_CHAIN_SUPPLY_EXCEEDED: 'The amount is back. Deposit less.',
  CROSS_CHAIN_TRANSFER_UNKNOWN: 'Look at the id. A transfer is known once the block that opened it is final.',
  LEDGER_AMOUNT_ZERO: 'Use an amount above 0.',
  LEDGER_AMOUNT_OVERFLOW: 'Use a smaller amount.',
  LEDGER_ASSET_UNKNOWN: 'Use an asset of `ledger.assets`.',
  LEDGER_CLOSE_FACTOR_EXCEEDED: 'Repay at most `close_factor_bps` of the debt at once.',
  LEDGER_COLLATERAL_INSUFFICIENT: 'Repay less, or seize another collateral.',
  LEDGER_GENESIS_INVALID: 'Correct the accounts, pool cash or asset rules that the details name.',
  LEDGER_INSUFFICIENT_BALANCE: 'The details say what is there and what was wanted.',
  LEDGER_INSUFFICIENT_DEPOSIT: 'Withdraw at most what was deposited.',
  LEDGER_NONCE_AHEAD: 'Wait, or send the transaction with the missing nonce.',
  LEDGER_NONCE_USED: 'Sign with the next nonce; the details name it.',
  LEDGER_NOT_ORACLE: 'Send from the genesis oracle.',
  LEDGER_POSITION_HEALTHY: 'Wait until the debts exceed the liquidation threshold.',
  LEDGER_POSITION_UNHEALTHY: 'Deposit more collateral first, or take less.',
  LEDGER_PRICE_ZERO: 'Set a price above 0.',
  LEDGER_REPAY_EXCEEDS_DEBT: 'Repay at most what is owed.',
  LEDGER_SELF_LIQUIDATION: 'Repay instead.',
  LEDGER_TRANSFER_TO_SELF: 'Name another receiver.',
  POOL_INSUFFICIENT_CASH:
    'Wait for repayments or a confirmed batch; cash that the open window’s repayments brought is reserved.',

  PROOF_FORM_INVALID: 'Write the proof as docs/api.md shows; the message names the place.',
  PROOF_KIND_MISSING:
    'Bring what `atomic_batches.required_proofs` asks for; `required` in the details names the kinds.',
  PROOF_PAYER_MISSING: 'Let the payer sign the batch, or a proof of this settlement.',
  PROOF_RELEASE_MISSING:
    'Let the payer of the escrow, or enough of its parties, sign the batch or a proof of this release.',
  PROOF_SIGNATURE_INVALID:
    'Sign the byte 0x20 and the statement; an EVM account signs their SHA-256, with the low s.',
  PROOF_SIGNERS_REPEATED: 'Name each party once.',
  PROOF_THRESHOLD_INVALID: 'Use a threshold from 1 to the number of named parties.',
  PROOF_THRESHOLD_NOT_MET: 'Collect more signatures.',
  ATTESTATION_MALFORMED: 'Send the document as the enclave gave it out; protocol.md says which form is read.',
  ATTESTATION_CERTIFICATE_MALFORMED: 'Use P-384 keys and ecdsa-with-SHA384 in the chain of certificates.',
  ATTESTATION_CERTIFICATE_MISUSED: 'Look at basic constraints, key usage and path length of the chain.',
  ATTESTATION_CHAIN_BROKEN:
    'Put the certificates from the root down to the issuer of the leaf into the bundle.',
  ATTESTATION_DEBUG_MODE: 'Start the enclave without debug mode.',
  ATTESTATION_EXPIRED:
    'Ask the enclave for a new document, and send it at once: its certificates live for hours.',
  ATTESTATION_MEASUREMENT_UNKNOWN: 'Run a program that this chain trusts.',
  ATTESTATION_NONCE_MISMATCH:
    'Ask the enclave for a document whose nonce is the statement of this settlement.',
  ATTESTATION_NOT_YET_VALID: 'Send it again a little later: the clock of the enclave is ahead of the chain.',
  ATTESTATION_ROOT_UNKNOWN: 'Use an enclave under one of the roots that this chain trusts.',
  ATTESTATION_SIGNATURE_INVALID: 'Send the document as the enclave gave it out.',
  ATTESTATION_USER_DATA_MISMATCH:
    'Have the program in the enclave put the SHA-256 of the byte 0x20 and the statement into its user data.',
  ZK_INPUT_COUNT_WRONG: 'Send all public inputs of the circuit, the two of the statement first.',
  ZK_INPUT_OUT_OF_RANGE: 'Send each public input below the order of the field.',
  ZK_KEY_UNKNOWN: 'Use a circuit whose verifying key this chain knows.',
  ZK_POINT_INVALID: 'Send the proof as the prover made it.',
  ZK_PROOF_INVALID: 'Prove again with the public inputs that are sent, and the key that is named.',
  ZK_STATEMENT_MISMATCH: 'Make the halves of the statement the first two public inputs of the circuit.',
  ATTESTATION_ROOT_INVALID: 'Give the DER bytes of a self-signed P-384 certificate authority.',
  ATTESTATION_MEASUREMENT_INVALID: 'Give 48 bytes as lower-case 0x hex for registers 0 to 31.',
  ZK_KEY_INVALID: 'Export the verifying key again, after a contribution to its set-up.',
  ZK_PROOF_FORM_INVALID: 'Send `proof.json` and `public.json` as snarkjs writes them.',

  BATCH_SIZE_OUT_OF_RANGE: 'Use a whole number of blocks from 1 to 100,000.',
  VALIDATOR_UNKNOWN: 'Use an index of the genesis set.',
  UNJAIL_NOT_JAILED: 'Nothing: the validator is free.',
  UNJAIL_TOO_EARLY: 'Send it again from the height in the details on.',
  UNJAIL_TOMBSTONED: 'Nothing can be done: this is final.',

  SETTLEMENT_CHAIN_MISMATCH: 'Settle on the chain that was made for this sidechain.',
  SETTLEMENT_PROPOSER_UNKNOWN: 'Sign as a validator of the genesis set.',
  SETTLEMENT_SIGNATURE_INVALID: 'Sign transaction hash and certificate digest; see protocol.md.',
  SETTLEMENT_TIP_ABOVE_FEE_CAP: 'Raise the fee cap or lower the tip.',
  SETTLEMENT_GAS_ABOVE_LIMIT:
    'Settle with fewer headers and signatures, or on a chain with a higher gas limit.',
  SETTLEMENT_SEQ_TOO_FAR: 'Send it again once earlier batches have settled.',
  SETTLEMENT_MEMPOOL_FULL: 'Wait until some of your transactions are included.',
  SETTLEMENT_ATTEMPT_USED: 'Begin the next attempt.',
  SETTLEMENT_REPLACEMENT_UNDERPRICED: 'Raise both fees to at least 1.1 times the waiting ones.',
  SETTLEMENT_OUTBOX_CORRUPT:
    'Restore the disk, or start without it: the node then stays silent until that is safe.',
  CROSS_CHAIN_DEPOSITS_FULL: 'Deposit again once earlier ones have ended; each window ends at most eight.',
  POSTED_INPUT_EMPTY: 'Post the bytes of the inputs.',
  POSTED_INPUT_TOO_LARGE: 'Post fewer inputs at once: at most 64 KiB.',
  POSTED_INPUT_INVALID: 'Post a list of 1 to 16 inputs, as `encodePost` writes it.',
  POSTED_INPUT_QUEUE_FULL: 'Post again, under another salt, once the chain has executed what waits.',
  POSTED_INPUTS_FULL: 'Post again after the next settlement block, which takes up to 16.',
  SETTLEMENT_TRACE_REPEATS: 'Give a longer trace, if fees that come again would mislead.',
  NET_BATCH_ALREADY_SETTLED: 'Nothing: this answers a resend.',
  BAD_RANGE: 'A proposer that follows the derived batch never sees it: compare `seq` and heights.',
  BAD_CERTIFICATE:
    'Send the headers from the sealing block up to the first one with a finalisation certificate.',
  BAD_COMMITMENT: 'Send the batch and the actions exactly as derived.',
  SLIPPAGE_EXCEEDED: 'The next attempt quotes afresh; raise `slippage_bps` if it happens often.',
  INSUFFICIENT_LIQUIDITY: 'Give the pool or the treasury more; until then every attempt reverts.',
  TRANSFER_TIMEOUT: 'The next attempt tries again.',
  OUT_OF_GAS: 'Fewer assets in one batch, or a higher `settlement_chain.gas_limit`.',

  ENCODING_INVALID: 'Encode as the codec does; one value has one encoding.',
  CERTIFICATE_DUPLICATE: nothing,
  CERTIFICATE_MALFORMED: peerFault,
  CERTIFICATE_NO_QUORUM: peerFault,
  CERTIFICATE_SIGNATURE_INVALID: peerFault,
  CERTIFICATE_SIGNER_UNKNOWN: peerFault,
  CERTIFICATE_STALE: nothing,
  EVIDENCE_NOT_EQUIVOCATION: peerFault,
  EVIDENCE_SIGNATURE_INVALID: peerFault,
  PROPOSAL_BODY_INVALID: nothing,
  PROPOSAL_DUPLICATE: nothing,
  PROPOSAL_INVALID: peerFault,
  PROPOSAL_STALE: nothing,
  VOTE_EQUIVOCATION_KNOWN: nothing,
  VOTE_DUPLICATE: nothing,
  VOTE_SIGNATURE_INVALID: peerFault,
  VOTE_STALE: nothing,
  VOTE_TOO_FAR_AHEAD: 'Nothing: the node asks the voter for what it lacks.',
  VOTE_VOTER_UNKNOWN: peerFault,

  BLOCK_EVIDENCE_INVALID: 'Nothing: the node does not vote for the block.',
  BLOCK_ROOT_MISMATCH:
    'Nothing: the node does not vote for the block. Among equal versions it is a bug; keep the run.',
  BLOCK_SETTLEMENT_FOREIGN: nothing,
  BLOCK_TOO_LARGE: 'Nothing: the node does not vote for the block.',
  BLOCK_TRANSACTION_INVALID: 'Nothing: the node does not vote for the block.',
  COMPLETION_CONTRADICTS_CHAIN: peerFault,
  COMPLETION_PROPOSER_UNKNOWN: peerFault,
  COMPLETION_SIGNATURE_INVALID: peerFault,
  COMPLETION_UNKNOWN: nothing,
  EVIDENCE_DUPLICATE: nothing,
  MEMPOOL_DUPLICATE: 'Nothing: it waits already.',
  MEMPOOL_FULL: 'Send it again later.',
  MEMPOOL_NONCE_TAKEN: 'Wait for the other one, or use the next nonce. There is no replacement by fee.',
  MEMPOOL_SENDER_FULL:
    'Send it again later; the message names the missing nonce if that is what the others wait for.',
  SETTLEMENT_ORIGIN_MISSING:
    'Wait, if the settlement chain of this node is behind. Otherwise it was reorganised deeper than `origin_confirmations`: restart the node on a settlement chain that has the block which the message names, or begin a new chain. Its data is kept.',
  SETTLEMENT_REACHABLE: 'Nothing: the message says how long the outage lasted.',
  SETTLEMENT_REORG_BELOW_ORIGIN:
    'Restart the node on a settlement chain that has the block which the message names; or begin a new chain with `origin_confirmations` at the depth to which the settlement chain can reorganise. Its data is kept.',
  SETTLEMENT_PAUSED: 'Resume before the deadline of the oldest batch, or the node is slashed for it.',
  SETTLEMENT_UNKNOWN: 'Nothing: the node judges again when more settlement blocks arrive.',
  SETTLEMENT_UNREACHABLE:
    'Look at the address, the network and the node behind it. Blocks go on, settlement waits and is tried again by itself.',
  STORE_CORRUPT:
    'Restore the disk from a copy, or start on an empty one: the node then catches up from its peers.',
  SYNC_HISTORY_GONE: 'Set `simulation.history_blocks` above the longest absence, in blocks.',
  SYNC_UNASKED: nothing,
  TOPIC_UNKNOWN: 'Upgrade the peer, or this node: they disagree on the topics.',
  VOTES_EMPTY: nothing,

  BATCHER_OPTION_INVALID: 'Write what the message expects; it lists all that is wrong.',
  CRITERIA_EXPORT_INVALID: 'Export a function under that name.',
  CRITERIA_EXPORT_UNKNOWN: 'Write `file#export` with one of the names that the message lists.',
  CRITERIA_MODULE_UNREADABLE:
    'Correct the path, which counts from the file of the configuration, or what the message says of the module.',
  EVM_CHAIN_MISMATCH: 'Correct the address of the node, or the chain id.',
  EVM_DRIVER_MISSING: 'Run `npm install` without `--omit=optional`.',
  EVM_KEY_UNREADABLE: 'Name a file with `0x` and 64 hex digits that the node may read.',
  BATCHER_RETENTION_TOO_SHORT:
    'Remember requests for as long as the message says, or take a shorter freshness.',
  BATCHER_BATCH_REVERTED:
    'Look at the transaction on the chain of the target; correct the input and sign it again.',
  BATCHER_INPUT_REFUSED: 'Correct the input as the message says, and sign it again.',
  BATCHER_QUEUE_FULL:
    'Send it again after the time that the answer names; see why batches are not confirmed.',
  BATCHER_RECEIPT_TIMEOUT: 'Nothing: the batch is looked for before anything is sent again.',
  BATCHER_STOPPING: 'Send it again once the node is back, or to another node.',
  BATCHER_STORAGE_UNAVAILABLE:
    'Send the same request again: if it was stored all the same, it is recognised. See to the storage of the node.',
  BATCHER_TARGET_PARKED:
    'Nothing: it is tried again by itself. Ask after it, or see to the chain of the target.',
  BATCHER_TARGET_UNREACHABLE: 'See to the chain of the target; inputs wait meanwhile, and none is charged.',
  INPUT_CLEARED: 'Sign it again, if it is still wanted.',
  INPUT_EXPIRED: 'Sign it again with the present time.',
  INPUT_FAILED: 'The details say why; correct that and sign it again.',
  INPUT_LEVEL_UNAVAILABLE: 'Ask for `wait-receipt` or `no-wait`.',
  INPUT_UNKNOWN: 'Send the input again while its signature is fresh, or sign it again.',
  INPUT_ADDRESS_INVALID: 'Write `0x` and 40 hex digits for address type 0, 64 for 200.',
  INPUT_AMOUNT_INVALID:
    'Write whole smallest units from 1 to 2^128 - 1, in digits alone and without leading zeros.',
  INPUT_ARGUMENT_INVALID: 'Write it as the message says; addresses are in lower case.',
  INPUT_ARGUMENTS_MISCOUNTED: 'Write the command as the message shows it.',
  INPUT_ASSET_AMBIGUOUS: 'Send the transaction as sealed JSON, which says what the signed text hides.',
  INPUT_ASSET_UNKNOWN: 'Use a symbol that `GET /assets` lists, letter by letter.',
  INPUT_COMMAND_UNKNOWN: 'Begin with a command that the message names, or seal JSON.',
  INPUT_FROM_FUTURE: 'Set the clock and sign again, or wait.',
  INPUT_JSON_INVALID: 'Correct the place that the message names.',
  INPUT_JSON_UNSEALED: 'Put the digest that the message gives into the input, and sign again.',
  INPUT_NEVER_FITS: 'Split it; the details name the limit.',
  INPUT_RATE_LIMITED: 'Send it again after the time that the answer names; it need not be signed anew.',
  INPUT_REQUEST_INVALID: 'Correct the place that the message names.',
  INPUT_SIGNATURE_INVALID:
    'Sign the text in the details with the key of the address; namespace and target are part of it.',
  INPUT_STALE: 'Sign it again with the present time.',
  INPUT_TARGET_UNKNOWN: 'Name a target that the message lists, or leave it out.',
  INPUT_TOO_LARGE: 'Send less; the details name the limit.',

  MESSAGE_TOO_LARGE: peerFault,
  NODE_OVERLOADED: 'Send it again later. If it lasts, the machine is too slow for what reaches it.',
  NODE_UNSUPERVISED: 'Restart the node where it was started: by hand, or with its service manager.',
  NODE_STOPPED: 'Send it to another node, or again when this one has started.',
  P2P_ADDRESS_INVALID:
    'Write `/ip4/<address>/tcp/<port>`; under `p2p.bootstrap` a name as well: `/dns4/<name>/tcp/<port>`.',
  P2P_LISTEN_FAILED: 'Choose a free port under `p2p.listen`, or stop the process that has it.',
  PEER_IS_SELF:
    'Run one process a validator key: two of them vote against each other, and are slashed for it.',
  PEER_NOT_READY: nothing,
  PEER_SCORE_LOW:
    'Nothing: it may come back after a minute. From an honest peer it is a bug, or another version.',
  PEER_SILENT: 'Nothing: it is disconnected. A peer of another chain or version looks like this.',
  PEER_STATEMENT_INVALID: 'Nothing: it is disconnected. Look at the keys of the peer if it is yours.',
  FRAME_INVALID: peerFault,
  FRAME_TOO_LARGE:
    'Nothing: its score falls, and it is disconnected. Give every node the same `p2p.message_bytes_max`.',
  MESSAGE_SIGNED: peerFault,
  PEER_CONNECTIONS_TOO_MANY: 'Nothing, unless the peer is yours.',
  PEER_IDENTITIES_TOO_MANY: 'Nothing, unless the validator is yours: then another process runs with its key.',
  PEER_READS_NOTHING: 'Nothing: it may connect again. A machine that sleeps looks like this.',
  PEER_STATEMENT_REPEATED: 'Nothing: it is disconnected.',
  PEER_STRANGERS_TOO_MANY: 'Nothing by itself; if it goes on, keep strangers away from the port.',
  PEER_TOO_QUICK: 'Nothing: it has to wait, and the others need not.',
  REQUESTS_TOO_MANY: 'Nothing: what is too much is not answered.',
  REQUEST_LOST: 'Nothing: it asks again, or somebody else.',
  REQUEST_REFUSED: 'Nothing: it asks somebody else.',
  REQUEST_TOO_LARGE: peerFault,
  PEER_STREAM_LOST:
    'Nothing: they connect again. A peer that reads too slowly, or sends oversized frames, looks like this.',
  PEER_UNKNOWN: 'Nothing: it is disconnected. Give every node the same list of validators.',
  SETTLEMENT_LISTEN_FAILED: 'Choose a free port, or stop the process that has it.',
  SETTLEMENT_OTHER_CHAIN:
    'Correct `settlement_chain.urls`, or start the chain with the configuration and seed of the nodes.',
  STORE_LOCKED: 'Stop the process that has it open, or choose another data directory.',
  STORE_OTHER_CHAIN: 'Correct `chain.id`, or choose another data directory.',
  STORE_UNREADABLE:
    'Look at the path and its permissions. Move a damaged store of a node away: it catches up from its peers. An older copy of it has forgotten votes and must not come back (docs/machines.md).',
  STORE_VERSION: 'Run the version that wrote it, or choose another data directory.',
  STORE_WRITE_FAILED: 'Look at the space and the health of the disk, then start the node again.',

  QUORUM_BACK: 'Nothing.',
  QUORUM_LOST:
    'Nothing, when the scenario means it: the message names who is missing. Progress is judged from its return.',

  VERDICT_PROOF_INVALID: 'Do not believe the verdict; the message names the part that fails.',

  BATCHER_DEBUG_OFF: 'Set `batcher.debug_endpoints` to true on a node for development.',
  BATCHER_OFF: 'Set `batcher.enabled` to true, or ask another node.',
  ADMIN_OFF: 'Set `api.admin_token`.',
  ADMIN_TOKEN_INVALID: 'Send `Authorization: Bearer <token>` with the token of `api.admin_token`.',
  API_LISTEN_FAILED: 'Use an address of this machine that you may listen on: `api.host`, `api.port`.',
  API_PORT_TAKEN: 'Stop the other program, or choose another `--port`.',
  ATOMIC_BATCH_UNKNOWN:
    'Ask the node that took it, or for the transaction that carried it: one that was refused leaves nothing under its id.',
  BATCH_UNKNOWN: 'Use a number from 1 to the newest one, which the details name; old ones are dropped.',
  BLOCK_UNKNOWN: 'Use a height up to the final one, which the details name; old ones are dropped.',
  BODY_TOO_LARGE: 'Send less; the details name the limit.',
  CONTENT_TYPE_UNSUPPORTED: 'Send JSON with `Content-Type: application/json`.',
  EVENTS_LOST: 'Read the present state by the queries, then go on with the events that follow.',
  EVENT_READERS_MAX: 'Close a reader, or follow another node.',
  HEADERS_TOO_LARGE: 'Send fewer or shorter headers.',
  METHOD_NOT_ALLOWED: 'Use the method that the header Allow names.',
  OPERATOR_KEY_MISSING:
    'Ask a node that holds a key of `settlement.operator_keys`, or sign the transaction yourself.',
  RECEIPT_UNKNOWN: 'Ask for its atomic batch: of one that failed nothing is settled.',
  REQUEST_INVALID: 'The details list what is wrong; `GET /openapi.json` has the shape.',
  REQUEST_MALFORMED: 'Speak HTTP/1.1.',
  REQUEST_TIMEOUT: 'Send it again, faster.',
  ROUTE_UNKNOWN: '`GET /openapi.json` lists every path.',
  TRANSACTION_UNKNOWN: 'Look in the blocks of the time, or ask the node it was sent to.',

  INPUT_BATCH_UNKNOWN: 'Read its inputs: each has a verdict, or waits for another batch.',
  INPUT_ROW_TOO_LARGE: 'Send a smaller input, or make smaller batches.',
  INPUT_ROWS_NOT_WAITING: 'Read what waits again; another process may have taken it.',
  INPUT_STORAGE_CLOSED: 'Start the batcher again.',
  INPUT_STORAGE_CONTENDED: 'Make the same call again.',
  INPUT_STORAGE_DAMAGED: 'Restore what the message names from a copy, or do what it says.',
  INPUT_STORAGE_DRIVER_MISSING: 'Run `npm install` without `--omit=optional`.',
  INPUT_STORAGE_FULL: 'Send the input again later; see why batches are not confirmed, or raise the limits.',
  INPUT_STORAGE_LOCKED: 'Stop the other process, or choose another folder.',
  INPUT_STORAGE_NOT_DURABLE:
    'PostgreSQL: `fsync = on`, `synchronous_commit = on`. Redis: `--appendonly yes --appendfsync always --maxmemory-policy noeviction`.',
  INPUT_STORAGE_READ_FAILED:
    'Look at the health of the disk, then make the same call again; restore the folder from a copy if it stays.',
  INPUT_STORAGE_REFUSED:
    'Correct address, user, password or database; on PostgreSQL the user needs the right to make a schema.',
  INPUT_STORAGE_UNREACHABLE: 'See to the server; nothing was half done, and the same call may be made again.',
  INPUT_STORAGE_VERSION: 'Use the version that wrote it, or another folder or namespace.',
  INPUT_STORAGE_WRITE_FAILED: 'Look at the space and the health of the disk, then make the same call again.',
  INPUT_TRANSITION_REFUSED: 'Read the input or the batch again: the message says in which state it is.',

  AUTO_BATCH_ATTEMPT_LOST:
    'Nothing: its orders go back to the queue once the batch can no longer be executed.',
  AUTO_BATCH_COMMAND_EXPIRED: 'Nothing: the batch is sent again. Look at why blocks were full if it stays.',
  AUTO_BATCH_DATABASE_CONFLICT: 'Report it: the engine asked for what it must not do.',
  AUTO_BATCH_DATABASE_DRIVER_MISSING: 'Run `npm install` without `--omit=optional`.',
  AUTO_BATCH_DATABASE_NOT_DURABLE: 'PostgreSQL: `fsync = on`, `synchronous_commit = on`.',
  AUTO_BATCH_DATABASE_OTHER_CHAIN: 'Give each chain a database of its own.',
  AUTO_BATCH_DATABASE_REFUSED:
    'Correct address, user, password or database; the user needs the right to make a schema.',
  AUTO_BATCH_DATABASE_UNREACHABLE:
    'See to the server; nothing was half done, and the same call may be made again.',
  AUTO_BATCH_DATABASE_VERSION: 'Use the version that wrote it, or another database.',
  AUTO_BATCH_ELSEWHERE:
    'Send the request to the node that the details name, or set AUTO_BATCH_DB_TYPE=psql: then every node takes orders.',
  AUTO_BATCH_LEDGER_UNREACHABLE: 'Nothing: the ledger is asked before anything is sent again.',
  AUTO_BATCH_OFF: 'Set AUTO_BATCH_SWITCH=true, or `auto_batch.enabled`.',
  AUTO_BATCH_STOPPING:
    'Send the same order to another node, or to this one when it is back: it is stored once.',
  AUTO_BATCH_TRANSITION_REFUSED:
    'Report it, unless somebody changed rows by hand: the message says which rule.',
  AUTO_BATCH_UNKNOWN: 'Ask `GET /auto-batches` for those there are.',
  ORDER_QUEUE_FULL: 'Send the order again later; see why batches are not confirmed.',
  ORDER_REQUEST_INVALID: 'Correct the place that the message names.',
  ORDER_SIGNATURE_INVALID:
    'Sign what docs/auto-batch.md says, for the id in the details; the chain id is in `GET /status`.',
  ORDER_UNKNOWN:
    'Send the order: the answer has its id. Where auto-batch is off, ask the node that took it until it is in a block.',
  BAD_QUOTE:
    'Use the derived plan’s `amount_in_max`. It counts as the proposer’s fault, so the clock runs on.',
  INTERNAL: 'Report it with the scenario, the seed and the message.',
  TEST_REQUIREMENT_UNKNOWN: 'Use a name of the table in CONTRIBUTING.md.',
};

/** Every code that has a row in the document. */
export function allCodes(): ReadonlySet<string> {
  return new Set(Object.values(sections).flatMap((table) => Object.keys(table)));
}

export function errorParts(): Parts {
  checkMeanings('advice on errors', allCodes(), Object.keys(advice));
  const entries = Object.entries(sections).map(([name, table]) => {
    const rows = Object.entries(table).map(([key, meaning]) => [
      code(key),
      asSentence(meaning),
      advice[key] ?? '',
    ]);
    return [name, renderTable(['code', 'meaning', 'what to do'], rows)] as const;
  });
  return Object.fromEntries(entries);
}
