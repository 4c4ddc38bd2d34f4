import { z } from 'zod';

/** What crosses between a yara-scanner and whoever asks it (docs: CONTRACTS, section 3). */

const count = z.int().nonnegative();
const metaValue = z.union([z.string(), z.number(), z.boolean()]);

const rejectedRule = z.object({
  file: z.string(),
  line: count.nullable(),
  column: count.nullable(),
  message: z.string(),
});

/** `GET /health`. Not strict: another implementation may say more. */
export const yaraHealth = z.object({
  status: z.enum(['healthy', 'degraded']),
  rules_loaded: z.boolean(),
  rules_dir: z.string(),
  rules: count,
  rule_files: count,
  rejected: z.array(rejectedRule),
  engine: z.string(),
  rules_sha256: z.string().nullable(),
  /** External variables that the rules read. */
  externals: z.array(z.string()).optional(),
  /** `POST /scan` takes a body of type `application/octet-stream` of any size, beside a form. */
  takes_bytes: z.boolean().optional(),
  /** `POST /scan-file` takes a `YaraSharedWindow`, and proves that it has opened the same file. */
  proves_files: z.boolean().optional(),
  /** There are rules, but nothing that runs here can load them. */
  failed: z.boolean().optional(),
});
export type YaraHealth = z.infer<typeof yaraHealth>;

const yaraMatch = z.object({
  rule: z.string(),
  /** null when the rule has none. */
  tags: z.array(z.string()).nullable(),
  namespace: z.string(),
  meta: z.record(z.string(), metaValue),
  /** Offsets are bytes from the start of what was scanned; at most 100 a pattern. */
  strings: z.array(
    z.object({
      id: z.string(),
      offset: count,
      length: count,
      /** The first bytes of what was found, in printable ASCII. */
      excerpt: z.string().optional(),
    }),
  ),
});
export type YaraMatch = z.infer<typeof yaraMatch>;

/** A file as its file system knows it; as decimal text what may exceed what a number holds. */
const yaraFileIdentity = z.object({
  ino: z.string(),
  size: count,
  mtime_ns: z.string(),
  ctime_ns: z.string(),
});
export type YaraFileIdentity = z.infer<typeof yaraFileIdentity>;

const yaraFileProof = yaraFileIdentity.extend({
  /** Over the nonce, the identity and some of the bytes (analyze/yara/same-file.ts). */
  proof: z.string(),
});
export type YaraFileProof = z.infer<typeof yaraFileProof>;

/** 200 of `POST /scan` and `POST /scan-file`. */
export const yaraScanReply = z.object({
  matches: z.array(yaraMatch),
  /** How many rules matched: larger than `matches` is long when the reply had to be kept short. */
  match_count: count,
  /** Which file that was: of an answer to a `YaraSharedWindow`. */
  file: yaraFileProof.optional(),
});
export type YaraScanReply = z.infer<typeof yaraScanReply>;

/** Why a scan was not done, for programs; `error` beside it is for people. */
export const YARA_ERROR_CODES = [
  'bad_request',
  'not_allowed',
  'no_token',
  'not_found',
  'another_file',
  'no_rules',
  'busy',
  'timed_out',
  'changed',
  'unreadable',
  'engine_failed',
] as const;
export type YaraErrorCode = (typeof YARA_ERROR_CODES)[number];

/** `POST /reload`: 200 with `success`, 500 without. */
export const yaraReload = z.discriminatedUnion('success', [
  z.object({
    success: z.literal(true),
    message: z.string(),
    rule_count: count,
    rule_files: count,
    rejected: z.array(rejectedRule),
  }),
  z.object({ success: z.literal(false), message: z.string() }),
]);
export type YaraReload = z.infer<typeof yaraReload>;

export const yaraError = z.object({ error: z.string(), code: z.enum(YARA_ERROR_CODES).optional() });
export type YaraError = z.infer<typeof yaraError>;

/**
 * Asked on the private socket: a part of a file that must still be the one the asker has open.
 * `path` may be `/proc/PID/fd/N`. Identity as decimal text, because an inode can exceed what a number holds.
 */
export interface YaraWindow {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
}

/**
 * `POST /scan-file` of a scanner that may see the same files, on another host or in another container: a part of the file
 * at `path`, if it is the one that the asker has open. The answer proves it with `file`.
 */
export interface YaraSharedWindow extends YaraFileIdentity {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** 32 hexadecimal digits, new for each request. */
  readonly nonce: string;
}
