/** Bugs of the kind that this program is made to withstand, as edits of its source, and the law that each one breaks. */

export interface BugEdit {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly honest: string;
  readonly planted: string;
}

export interface PlantedBug {
  readonly name: string;
  /** What went wrong in whoever wrote it. */
  readonly idea: string;
  readonly edits: readonly BugEdit[];
  /** The law that kills it, as in result.json. */
  readonly law: string;
  /** Faults in whose company it shows; undefined: all. */
  readonly kinds?: readonly string[];
  /** Seeds from 1 within which it is killed. */
  readonly seedsMax: number;
}

export const bugs: readonly PlantedBug[] = [
  {
    name: 'vote-before-persisting',
    idea: 'votes leave before the disk has them',
    edits: [
      {
        file: 'node/core/nodeCore.ts',
        honest: "this.#saveViews(vote.kind === 'notarize' ? record.proposal : undefined, true);",
        planted: "this.#saveViews(vote.kind === 'notarize' ? record.proposal : undefined, false);",
      },
    ],
    law: 'durability',
    kinds: ['crash'],
    seedsMax: 40,
  },
  {
    name: 'quorum-of-half',
    idea: 'half of the power is a quorum',
    edits: [
      {
        file: 'consensus/validators.ts',
        honest: 'return 3 * power > 2 * this.totalPower;',
        planted: 'return 2 * power >= this.totalPower;',
      },
    ],
    law: 'agreement',
    kinds: ['partition', 'one_way'],
    seedsMax: 40,
  },
  {
    name: 'votes-not-restored',
    idea: 'a restarted node has forgotten what it voted for',
    edits: [
      {
        file: 'consensus/simplex/simplex.ts',
        honest: 'if (vote.view <= this.#chain.finalizedView) continue;',
        planted: 'if (vote.view > 0) continue;',
      },
    ],
    law: 'durability',
    kinds: ['crash'],
    seedsMax: 40,
  },
  {
    name: 'vote-signatures-unchecked',
    idea: 'anybody votes for anybody',
    edits: [
      {
        file: 'consensus/simplex/simplex.ts',
        honest:
          'const isGood = this.#verifier.verify(validators.at(vote.voter).publicKey, message, vote.signature);',
        planted: 'const isGood = message.length > 0 && validators.has(vote.voter);',
      },
    ],
    law: 'progress',
    kinds: ['garbage', 'equivocate'],
    seedsMax: 40,
  },
  {
    name: 'slash-paid-twice',
    idea: 'what a slash takes is collected twice',
    edits: [
      {
        file: 'settlement/net/slashing.ts',
        honest: "record.pay({ to: 'treasury', amount: amount - held });",
        planted: "record.pay({ to: 'treasury', amount });",
      },
    ],
    law: 'ledger',
    kinds: ['withhold_settlement', 'crash'],
    seedsMax: 40,
  },
  {
    name: 'slash-the-next-holder',
    idea: 'the slash falls on whoever holds the duty next',
    edits: [
      {
        file: 'settlement/net/derive.ts',
        honest: 'slashMissed(state, rules, { holder, batch: row.seq, attempt }, record);',
        planted:
          'slashMissed(state, rules, { holder: drawHolder(state, [holder]), batch: row.seq, attempt }, record);',
      },
    ],
    law: 'justice',
    kinds: ['withhold_settlement', 'crash'],
    seedsMax: 40,
  },
  {
    name: 'slash-twice',
    idea: 'one miss is slashed twice',
    edits: [
      {
        file: 'settlement/net/derive.ts',
        honest: 'const held = slashMissed(state, rules, { holder, batch: row.seq, attempt }, record);',
        planted:
          'const held = slashMissed(state, rules, { holder, batch: row.seq, attempt }, record) + slashMissed(state, rules, { holder, batch: row.seq, attempt }, record);',
      },
    ],
    law: 'justice',
    kinds: ['withhold_settlement', 'crash'],
    seedsMax: 40,
  },
  {
    name: 'deadline-off-by-one',
    idea: 'the last block of the deadline is a block too late',
    edits: [
      {
        file: 'settlement/net/derive.ts',
        honest: 'if (clockCount > rules.submissionDeadlineBlocks)',
        planted: 'if (clockCount >= rules.submissionDeadlineBlocks)',
      },
    ],
    law: 'justice',
    kinds: ['withhold_settlement', 'crash'],
    seedsMax: 40,
  },
  {
    name: 'full-blocks-count',
    idea: 'a full settlement chain is the duty holder’s fault',
    edits: [
      {
        file: 'settlement/net/derive.ts',
        honest:
          'return block.gasUsed + rules.settlementGasReserve <= block.gasLimit && block.baseFee <= rules.feeCap;',
        planted: 'return block.gasUsed <= block.gasLimit || block.baseFee <= rules.feeCap;',
      },
    ],
    law: 'justice',
    kinds: ['settlement_chain.full'],
    seedsMax: 40,
  },
  {
    name: 'deadline-by-local-clock',
    idea: 'every node judges the deadline by a clock of its own',
    edits: [
      {
        file: 'node/core/executor.ts',
        honest: 'return new BlockExecution(this.#genesis, this.#tree',
        planted:
          'const own = { ...this.#genesis.net, submissionDeadlineBlocks: this.#genesis.net.submissionDeadlineBlocks + (this.#options.self % 2) };\n    return new BlockExecution({ ...this.#genesis, net: own }, this.#tree',
      },
    ],
    law: 'progress',
    kinds: ['withhold_settlement'],
    seedsMax: 40,
  },
  {
    name: 'clock-counts-blocks',
    idea: 'a header that brings several settlement blocks moves the clock by all of them',
    edits: [
      {
        file: 'settlement/net/derive.ts',
        honest: 'if (header.blocks.some((block) => isCounting(block, rules))) advanceClock(derivation);',
        planted: 'for (const block of header.blocks) if (isCounting(block, rules)) advanceClock(derivation);',
      },
    ],
    law: 'justice',
    kinds: ['withhold_settlement', 'partition'],
    seedsMax: 40,
  },
  {
    name: 'silence-forgotten',
    idea: 'a node that lost its disk votes at once',
    edits: [
      {
        file: 'node/core/silence.ts',
        honest: 'const untilView = newestView <= 1 && !this.#mayHaveRun ? 0 : newestView + 2;',
        planted: 'const untilView = newestView > -1 || !this.#mayHaveRun ? 0 : newestView + 2;',
      },
    ],
    law: 'durability',
    kinds: ['crash'],
    seedsMax: 40,
  },
  {
    name: 'escrow-kept',
    idea: 'what was returned to the settlement chain stays in escrow as well',
    edits: [
      {
        file: 'settlement/ledger/pools.ts',
        honest: 'state.set(poolsTable, asset, { ...pool, escrow });',
        planted: 'state.set(poolsTable, asset, { ...pool });',
      },
    ],
    law: 'ledger',
    kinds: ['crash'],
    seedsMax: 40,
  },
  {
    name: 'seed-window-rule',
    idea: 'a window is over when height - from >= N, as the first design had it',
    edits: [
      {
        file: 'settlement/net/window.ts',
        honest: 'return window.windowFromHeight + window.batchSize - 1;',
        planted: 'return window.windowFromHeight + window.batchSize;',
      },
    ],
    law: 'exactly_once',
    seedsMax: 40,
  },
  {
    name: 'netting-sign',
    idea: 'repayments less borrowings',
    edits: [
      {
        file: 'settlement/net/flows.ts',
        honest: 'return merge(borrowed, negate(repaid));',
        planted: 'return merge(repaid, negate(borrowed));',
      },
      {
        file: 'settlement/ledger/pools.ts',
        honest: 'if (sealed !== pool.openNet)',
        planted: 'if (sealed !== -pool.openNet)',
      },
    ],
    law: 'conservation',
    seedsMax: 40,
  },
  {
    name: 'equivocation-slashed-again',
    idea: 'every proof of the same fault costs anew',
    edits: [
      {
        file: 'settlement/net/slashing.ts',
        honest: 'if (standing.tombstoned) return noOutcome;',
        planted: 'if (standing.stake < 0n) return noOutcome;',
      },
    ],
    law: 'justice',
    kinds: ['equivocate', 'twin'],
    seedsMax: 40,
  },
  {
    name: 'roots-unchecked',
    idea: 'a leader’s roots are taken at its word',
    edits: [
      {
        file: 'node/core/executor.ts',
        honest: 'result.stateRoot !== header.stateRoot ||',
        planted: 'result.stateRoot === undefined ||',
      },
    ],
    law: 'agreement',
    kinds: ['lie_about_net'],
    seedsMax: 40,
  },
  {
    name: 'outbox-unsynced',
    idea: 'a settlement leaves before the disk has its outbox row',
    edits: [
      {
        file: 'node/core/settler.ts',
        honest: 'writes: [{ key: outboxKey, value: bytes }], sync: true });',
        planted: 'writes: [{ key: outboxKey, value: bytes }], sync: false });',
      },
    ],
    law: 'durability',
    seedsMax: 10,
  },
  {
    name: 'outbox-forgotten',
    idea: 'a restarted node has forgotten what it signed for its duty',
    edits: [
      {
        file: 'node/core/settler.ts',
        honest: 'for (const submission of this.#submitter.recover(outbox)) this.#send(submission);',
        planted:
          'for (const submission of this.#submitter.recover(outbox.slice(0, 0))) this.#send(submission);',
      },
    ],
    law: 'durability',
    kinds: ['crash', 'settlement_chain.base_fee', 'settlement_chain.censor'],
    seedsMax: 40,
  },
  {
    name: 'finalize-after-nullify',
    idea: 'a node that gave a view up finalises it after all',
    edits: [
      {
        file: 'consensus/simplex/simplex.ts',
        honest: 'if (record.ownFinalize === undefined && record.ownNullify === undefined) {',
        planted: 'if (record.ownFinalize === undefined) {',
      },
      {
        file: 'consensus/simplex/simplex.ts',
        honest: 'record.ownNullify === undefined ? certificate : undefined',
        planted: 'certificate',
      },
      {
        file: 'consensus/simplex/simplex.ts',
        honest: 'if (record.conflictWith(vote) !== undefined) assert(false,',
        planted: "if (kind !== 'finalize' && record.conflictWith(vote) !== undefined) assert(false,",
      },
    ],
    law: 'durability',
    kinds: ['latency', 'loss', 'partition'],
    seedsMax: 40,
  },
  {
    name: 'origin-delay-skipped',
    idea: 'leaders name, and voters accept, a settlement block as soon as they see it',
    edits: [
      {
        file: 'node/core/settlementView.ts',
        honest: 'if (block !== undefined && block.timestampMs <= timestampMs - this.#rules.originDelayMs) {',
        planted: 'if (block !== undefined && timestampMs > 0) {',
      },
      {
        file: 'node/core/settlementView.ts',
        honest: "return block.timestampMs <= timestampMs - this.#rules.originDelayMs ? 'valid' : 'invalid';",
        planted: "return block.timestampMs <= timestampMs + 60_000 ? 'valid' : 'invalid';",
      },
    ],
    law: 'agreement',
    seedsMax: 5,
  },
  {
    name: 'origin-confirmations-skipped',
    idea: 'leaders name, and voters accept, what the settlement chain may still take back',
    edits: [
      {
        file: 'node/core/settlementView.ts',
        honest: 'let height = this.#newestHeight - this.#rules.originConfirmations;',
        planted: 'let height = this.#newestHeight;',
      },
      {
        file: 'node/core/settlementView.ts',
        honest: 'return height <= this.#newestHeight - this.#rules.originConfirmations;',
        planted: 'return height <= this.#newestHeight;',
      },
    ],
    law: 'agreement',
    seedsMax: 20,
  },
  {
    name: 'fees-never-raised',
    idea: 'what a settlement first offered is all it ever offers',
    edits: [
      {
        file: 'settlement/chain/submitter.ts',
        honest: 'if (feeCap < feeCapMin || tip < tipMin) return undefined;',
        planted: 'if (feeCap >= 0n || tip < tipMin) return undefined;',
      },
    ],
    law: 'justice',
    kinds: ['settlement_chain.full', 'settlement_chain.base_fee', 'settlement_chain.reorg'],
    seedsMax: 40,
  },
  {
    name: 'completion-unchecked',
    idea: 'whoever says that a batch is settled is believed',
    edits: [
      {
        file: 'node/core/nodeCore.ts',
        honest: "if (judgement === 'consistent') return accepted;",
        planted: "if (judgement !== 'unknown') return accepted;",
      },
    ],
    law: 'exactly_once',
    kinds: ['forge_completion'],
    seedsMax: 20,
  },
];
