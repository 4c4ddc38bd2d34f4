import { randomBytes } from 'node:crypto';
import { asciiJson } from '../../bytes/index.ts';
import { loadConfig, outwardSettings } from '../../config/index.ts';
import { processEnvironment, programVersion } from '../../config/start/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { openSinks, testEvent, type Delivery, type Sink } from '../../outward/index.ts';
import { forTerminal } from '../../report/index.ts';
import { DONE, WRONG } from '../command-io.ts';
import type { CommonOptions } from '../run.ts';
import type { Tty } from '../tty.ts';

/** A receiver that has not answered by then has not taken it. */
const WITHIN_MS = 60_000;

export interface EventsTestOptions extends CommonOptions {
  readonly json?: boolean;
}

interface Outcome {
  readonly sink: string;
  readonly delivered: boolean;
  readonly why: string | null;
}

/** Sends one event to each. Throws BL_CONFIG. */
export async function testEvents({ json }: EventsTestOptions, tty: Tty): Promise<number> {
  const config = loadConfig({ cwd: process.cwd(), env: processEnvironment() });
  const sinks = await openSinks(outwardSettings(config), { standing: nobodyWaits });
  if (sinks.length === 0) {
    throw new BackupLensError('BL_CONFIG', 'nobody is told of events', {
      hint: 'set WEBHOOK_URL, SYSLOG_URL, EVENTS_FILE, TICKETS or MAIL_URL, as the service has them',
    });
  }
  const id = randomBytes(32).toString('hex');
  const event = testEvent({ id, version: programVersion(), time: new Date().toISOString() });
  const outcomes: Outcome[] = [];
  for (const sink of sinks) {
    const delivery = await sink.deliver([event], AbortSignal.timeout(WITHIN_MS)).catch(asLater);
    outcomes.push(outcomeOf(sink, delivery));
    await sink.close();
  }
  if (json === true) tty.print(asciiJson(outcomes, 2));
  else {
    tty.print(`event ${id}`);
    for (const { sink, why } of outcomes) tty.print(`${sink.padEnd(10)}${forTerminal(why ?? 'delivered')}`);
  }
  return outcomes.every(({ delivered }) => delivered) ? DONE : WRONG;
}

function asLater(error: unknown): Delivery {
  return { outcome: 'later', delivered: 0, why: inWords(error) };
}

function outcomeOf({ name }: Sink, delivery: Delivery): Outcome {
  if (delivery.outcome === 'done') return { sink: name, delivered: true, why: null };
  return { sink: name, delivered: false, why: delivery.why };
}

/** What is sent here is of no review. */
async function nobodyWaits(): Promise<{ reviews: number; bytes: number; oldest: null; escalated: number }> {
  return { reviews: 0, bytes: 0, oldest: null, escalated: 0 };
}
