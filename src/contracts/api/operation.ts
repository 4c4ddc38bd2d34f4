import type { z } from 'zod';
import type { Role } from '../plain/roles.ts';

/** One request of the API: what it takes, what it answers, who may make it. The server, /openapi.json and the pages go by it. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its parameters as `{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: 'service' | 'scans' | 'reviews' | 'quarantine' | 'events';
  readonly access: Access;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  /** JSON; `file`: a form with the field `file`. */
  readonly body?: z.ZodType | 'file';
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses beside those that every such request can have (openapi.ts). */
  readonly errors?: readonly number[];
}

export interface Answer {
  readonly description: string;
  /** JSON, unless `type` says otherwise. */
  readonly schema?: z.ZodType;
  readonly type?: string;
}

/** `open`: whoever reaches it. `anonymous`: also without a token, as long as none is set. */
export type Access = 'open' | { readonly role: Role; readonly anonymous: boolean };
