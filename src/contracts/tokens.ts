import { z } from 'zod';
import { ROLES } from './plain/roles.ts';

/** TOKENS_FILE: who may do what over the API. */
export const TOKENS_SCHEMA = 'backuplens.tokens/1';
/** Each is compared with what is sent. */
const MAX_TOKENS = 1000;

/** Short enough for a line of the journal, and nothing in it that a terminal or a log would take for more. */
const tokenName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/);

export const namedToken = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  /** Who uses it, as the journal has it. */
  name: tokenName,
  role: z.enum(ROLES),
  /**
   * Of the token, lower-case hex. A token is 256 random bits: there is no dictionary to try, so a slow hash would cost every
   * request and gain nothing.
   */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created_at: z.iso.datetime(),
  /** null: without an end. */
  expires_at: z.iso.datetime().nullable(),
  /** The operating system's user, for the journal. Older versions did not write it down. */
  made_by: z.string().max(200).optional(),
});
export type NamedToken = z.infer<typeof namedToken>;

/** Kept for the journal, which whoever has the store writes. */
const revokedToken = namedToken
  .pick({ id: true, name: true, role: true })
  .extend({ revoked_at: z.iso.datetime(), revoked_by: z.string().max(200) });
export type RevokedToken = z.infer<typeof revokedToken>;
/** The newest: each is in the journal within seconds of a running service. */
export const MAX_REVOKED = 1000;

export const tokensFile = z.strictObject({
  schema: z.literal(TOKENS_SCHEMA),
  tokens: z.array(namedToken).max(MAX_TOKENS),
  revoked: z.array(revokedToken).max(MAX_REVOKED).optional(),
});
