/** What each error means, and which exit code it leads to. docs/errors.md is held to this table by a test. */
export const ERRORS = {
  BL_USAGE: { summary: 'The command line is wrong', exit: 2 },
  BL_CONFIG: { summary: 'A configuration value is missing, misspelt or out of range', exit: 2 },
  BL_POLICY: { summary: 'The scoring policy is not valid', exit: 2 },
  BL_UNTRUSTED_CONFIG: {
    summary: 'Policy, rules or data lie where others, or the scanned files, could change them',
    exit: 2,
  },
  BL_PATH_MISSING: { summary: 'A path that was given does not exist', exit: 2 },
  BL_ENGINE_REQUIRED: { summary: 'An engine named by --require is away', exit: 2 },
  BL_RULES: { summary: 'The rules folder cannot be read', exit: 2 },
  BL_OUTPUT: { summary: 'The report cannot be written', exit: 2 },
  BL_SCRATCH: { summary: 'The scratch folder cannot be made or written', exit: 2 },
  BL_DISPOSITION: { summary: 'A file could not be moved as decided; it is where it was', exit: 2 },
  BL_STORE: { summary: 'The store cannot be read or written as it has to be; nothing was changed', exit: 2 },
  BL_STORE_LOCKED: { summary: 'Another BackupLens is at work on the same DATA_DIR', exit: 2 },
  BL_BUNDLE: { summary: 'The bundle is refused; nothing was changed', exit: 1 },
  BL_RUNTIME: { summary: 'This Node.js cannot run BackupLens', exit: 2 },
  BL_INTERNAL: { summary: 'A fault of our own', exit: 2 },
} as const satisfies Record<string, { summary: string; exit: number }>;
export type ErrorCode = keyof typeof ERRORS;

/**
 * What we or the user did wrong. What the *world* does to us (a broken archive, a silent engine) is never thrown
 * but recorded as a Gap. Callers switch on `code`; `hint` is the next step, on a line of its own.
 */
export class BackupLensError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;
  /** The same without a path in it, for those who are told nothing of our folders; null: there is no such wording. */
  readonly placeless: string | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; placeless?: string } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'BackupLensError';
    this.code = code;
    this.hint = options.hint ?? null;
    this.placeless = options.placeless ?? null;
  }
}

const IN_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ELOOP: 'too many levels of links, or a link',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'name too long',
  ENOSPC: 'no space left',
  EIO: 'the disk reports an error',
  EROFS: 'the file system is read-only',
  EBUSY: 'it is in use',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'it exists already',
  EISDIR: 'it is a folder',
  EXDEV: 'it lies on another file system',
  ERR_ACCESS_DENIED: 'outside of what was given to be scanned',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found (no answer from the name server)',
  // Of OpenSSL and Node's TLS: which authority a certificate needs is set with NODE_EXTRA_CA_CERTS.
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed, and not trusted here',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not known here',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** What went wrong, for people and without a path in it (paths are shown once, escaped). */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Our own errors and SQLite's say it in their message, the system's by their code.
  if (error instanceof BackupLensError || 'errcode' in error) return error.message;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return code === null ? error.message : (IN_WORDS[code] ?? code);
}
