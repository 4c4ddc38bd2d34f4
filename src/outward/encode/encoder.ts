import type { OutwardEvent } from '../event.ts';
import { cef } from './cef.ts';
import { ecs } from './ecs.ts';
import { ocsf } from './ocsf.ts';

/** Writes an event as one line of printable ASCII (JSON) or of UTF-8 without controls (CEF), without its end. */
export type Encoder = (event: OutwardEvent) => string;

/** Each in a file of its own. */
export const ENCODERS = { ecs, ocsf, cef } as const satisfies Readonly<Record<string, Encoder>>;
export type EventFormat = keyof typeof ENCODERS;

/** What a receiver that goes by it is told the body is. */
export const MEDIA_TYPES: Readonly<Record<EventFormat, string>> = {
  ecs: 'application/json',
  ocsf: 'application/json',
  cef: 'text/plain; charset=utf-8',
};
