import { pino, type DestinationStream, type Logger } from 'pino';
import { plainValues } from './untrusted.ts';

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a file, a peer or a rule could have chosen. Bounded and made visible before it is written. */
export type Untrusted = Readonly<Record<string, unknown>>;

/** What is so: keys and values of ours, and under `untrusted` everybody else's. */
export interface Facts {
  readonly [key: string]: string | number | boolean | null | undefined | Untrusted;
  readonly untrusted?: Untrusted;
}

/**
 * A log of JSON lines. A message is a constant phrase (`house/constant-message` holds it to that), so that a name
 * cannot forge a line and lines can be counted; what changes is in the facts.
 */
export interface Log {
  /** A person has to act. */
  error(message: string, facts?: Facts): void;
  /** Something was not done, or not as asked. */
  warn(message: string, facts?: Facts): void;
  /** One line a thing that was done. */
  info(message: string, facts?: Facts): void;
  debug(message: string, facts?: Facts): void;
  /** The same log, with these facts in every line. */
  child(facts: Facts): Log;
}

export interface LogOptions {
  /** The program, in every line. */
  readonly name: string;
  readonly level: LogLevel;
  /** By default standard output. */
  readonly to?: DestinationStream;
}

export function openLog({ name, level, to = process.stdout }: LogOptions): Log {
  const options = {
    level,
    base: { name, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return new PinoLog(pino(options, to));
}

class PinoLog implements Log {
  readonly #pino: Logger;

  constructor(logger: Logger) {
    this.#pino = logger;
  }
  error(message: string, facts: Facts = {}): void {
    this.#pino.error(clean(facts), message);
  }
  warn(message: string, facts: Facts = {}): void {
    this.#pino.warn(clean(facts), message);
  }
  info(message: string, facts: Facts = {}): void {
    this.#pino.info(clean(facts), message);
  }
  debug(message: string, facts: Facts = {}): void {
    if (this.#pino.isLevelEnabled('debug')) this.#pino.debug(clean(facts), message);
  }
  child(facts: Facts): Log {
    return new PinoLog(this.#pino.child(clean(facts)));
  }
}

function clean(facts: Facts): object {
  const { untrusted } = facts;
  return untrusted === undefined ? facts : { ...facts, untrusted: plainValues(untrusted) };
}
