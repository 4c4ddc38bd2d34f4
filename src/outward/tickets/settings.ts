import { Unavailable } from './ask.ts';

export type TrackerKind = 'github' | 'gitlab' | 'jira' | 'servicenow';

export interface TrackerSettings {
  readonly kind: TrackerKind;
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** null: the token goes by itself. */
  readonly user: string | null;
  /** Jira's key; null elsewhere. */
  readonly project: string | null;
  /** Jira's issue type, ServiceNow's table. */
  readonly type: string;
  /** What a ticket says; null: our own words. */
  readonly template: string | null;
  /** For each answer, in ms. */
  readonly within_ms: number;
}

/** A member of an answer; undefined where it is none. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What a tracker calls a ticket. Throws Unavailable for what goes into no path of ours. */
export function field(value: unknown, name: string): string {
  const found = member(value, name);
  const text = typeof found === 'number' ? String(found) : found;
  if (typeof text === 'string' && /^[A-Za-z0-9_-]{1,100}$/.test(text)) return text;
  throw new Unavailable(`its answer has no ${name}`);
}
