/** Structured logs, one JSON object a line (pino): what a node did, and what of it an operator should see. */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { NodeEvent } from '../core/events.ts';
import { LogFile } from './logFile.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LoggerOptions {
  /** Stands in every line. */
  readonly node: string;
  /** `none`: nothing is written. */
  readonly level: LogLevel | 'none';
  /** A file, appended to, its folder made where it is missing; or a stream. */
  readonly out: string | DestinationStream;
  /** The file takes nothing any more, and lines are lost until it does. */
  readonly onLost?: (reason: string) => void;
}

/** Fields of a line: plain JSON values, keys in snake case. */
export type LogFields = Readonly<Record<string, unknown>>;

export class NodeLogger {
  readonly #pino: Logger;
  readonly #file: LogFile | undefined;

  constructor(options: LoggerOptions) {
    const { node, level, out, onLost } = options;
    const target = typeof out === 'string' ? new LogFile(out, (reason) => onLost?.(reason)) : out;
    this.#file = target instanceof LogFile ? target : undefined;
    this.#pino = pino(
      {
        level: level === 'none' ? 'silent' : level,
        base: { node },
        messageKey: 'message',
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      target,
    );
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#pino.info(fields, message);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, message);
  }

  /** @param cause - What was thrown; its stack and code go into the line. */
  error(message: string, cause?: unknown, fields: LogFields = {}): void {
    this.#pino.error(
      { ...fields, ...(cause === undefined ? {} : { err: pino.stdSerializers.err(asError(cause)) }) },
      message,
    );
  }

  /** One line for an event of the node: warnings as such, what moves batches and stake as info, the rest as debug. */
  event(event: NodeEvent): void {
    switch (event.type) {
      case 'warning':
        this.warn(event.message, { code: event.code });
        return;
      case 'equivocation_seen':
        this.warn('two votes or settlements of one validator contradict each other', {
          type: event.type,
          validator: event.validator,
        });
        return;
      case 'block_finalized':
        this.debug('block finalised', {
          type: event.type,
          height: event.height,
          hash: event.hash,
          transactions: event.transactions.length,
        });
        for (const fact of event.facts) this.#fact(event.height, fact);
        return;
      case 'batch_submitted':
      case 'batch_included':
        this.info(event.type.replace('_', ' '), {
          type: event.type,
          batch: event.seq,
          attempt: event.attempt,
          transaction_hash: event.transactionHash,
        });
        return;
      default:
        this.debug(event.type.replaceAll('_', ' '), { type: event.type });
    }
  }

  /** Gives the file free; nothing is logged after it. */
  close(): void {
    this.#file?.close();
  }

  #fact(height: number, fact: Extract<NodeEvent, { type: 'block_finalized' }>['facts'][number]): void {
    const message = fact.type.replaceAll('_', ' ');
    switch (fact.type) {
      case 'slashed':
        this.warn(message, { type: fact.type, height, validator: fact.validator, reason: fact.reason });
        return;
      case 'batch_missed':
      case 'batch_reverted':
        this.warn(message, { type: fact.type, height, batch: fact.seq, proposer: fact.proposer });
        return;
      case 'batch_sealed':
      case 'batch_confirmed':
        this.info(message, { type: fact.type, height, batch: fact.batch.seq });
        return;
      default:
        this.debug(message, { type: fact.type, height });
    }
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
