import { createHash, createHmac, randomBytes } from 'node:crypto';
import { lstat, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  openFile,
  openManagedFolder,
  readAtMost,
  readWhole,
  unlessMissing,
  writeWhole,
  type Folder,
} from '../../bytes/index.ts';
import {
  MAX_REVOKED,
  tokensFile,
  TOKENS_SCHEMA,
  type NamedToken,
  type RevokedToken,
  type Role,
} from '../../contracts/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { alone } from './alone.ts';

/** 1,000 tokens take 250 KB. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_TOKEN_BYTES = 4096;
/** 256 bits: nobody guesses one, however many are tried. */
const TOKEN_BYTES = 32;
/** So that whoever searches for secrets in the wrong places finds ours. */
const PREFIX = 'blt_';
/** As the journal has it. */
const MAX_WHO_CHARACTERS = 200;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/** A new token; shown once, and never kept but as its hash. */
function drawToken(): string {
  return PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
}

function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** What only somebody who knows the token can say to a nonce: who is asked for it does not learn the token. */
export function proofOf(token: string, nonce: string): string {
  return createHmac('sha256', token).update(`backuplens ${nonce}`).digest('hex');
}

/** The named tokens; none where there is no file. Throws BL_CONFIG for one that is broken, or that others can write. */
export async function readTokens(path: string): Promise<readonly NamedToken[]> {
  return (await readTokensFile(path)).tokens;
}

/** And those that were revoked lately. Throws as `readTokens`. */
export async function readTokensFile(path: string): Promise<TokensFile> {
  try {
    const stats = await unlessMissing(lstat(path));
    if (stats === null) return { tokens: [], revoked: [] };
    if ((stats.mode & OTHERS_WRITE) !== 0) {
      throw new BackupLensError('BL_CONFIG', `TOKENS_FILE ${path}: others can change it`, {
        hint: `run: chmod 600 ${path}`,
      });
    }
    const parsed = tokensFile.safeParse(
      JSON.parse((await readAtMost(path, MAX_FILE_BYTES)).toString('utf8')),
    );
    if (!parsed.success) throw new Error(whereWrong(parsed.error.issues[0]));
    const { tokens, revoked = [] } = parsed.data;
    return { tokens, revoked };
  } catch (cause) {
    if (cause instanceof BackupLensError) throw cause;
    // What JSON.parse says quotes the file.
    const why = cause instanceof SyntaxError ? 'it is not JSON' : inWords(cause);
    throw new BackupLensError('BL_CONFIG', `TOKENS_FILE ${path}: ${why}`, {
      hint: 'it is written by `backuplens token create` and `revoke`',
      cause,
    });
  }
}

export interface TokensFile {
  readonly tokens: readonly NamedToken[];
  readonly revoked: readonly RevokedToken[];
}

function whereWrong(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): string {
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not what it should be'}`;
}

/**
 * In the journal they stand for what nobody in particular did: the service and its automatic steps, whoever came without
 * a token, and API_TOKEN.
 */
const RESERVED_NAMES: readonly string[] = ['root', 'backuplens', 'anonymous', 'administrator'];

function assertOwnName(name: string): void {
  if (!RESERVED_NAMES.includes(name.toLowerCase())) return;
  throw new BackupLensError(
    'BL_USAGE',
    `no token can be called ${name}: the journal uses that name for somebody else`,
    { hint: 'name it after the person or the program that uses it' },
  );
}

/**
 * Adds a token, and gives it away: this once. Throws BL_USAGE for a name that is none or reserved and for an end that is
 * over, BL_CONFIG.
 */
export async function addToken(
  path: string,
  {
    name,
    role,
    expires_at,
    now,
    made_by,
  }: {
    readonly name: string;
    readonly role: Role;
    readonly expires_at: string | null;
    readonly now: Date;
    /** Who makes it, for the journal. */
    readonly made_by?: string;
  },
): Promise<{ readonly token: string; readonly entry: NamedToken }> {
  assertOwnName(name);
  if (expires_at !== null && Date.parse(expires_at) <= now.getTime()) {
    throw new BackupLensError('BL_USAGE', `the token would have expired already: ${expires_at}`, {
      hint: 'give a time to come; a date alone is its beginning, 00:00 UTC',
    });
  }
  const token = drawToken();
  const entry: NamedToken = {
    id: randomBytes(6).toString('hex'),
    name,
    role,
    sha256: hashOfToken(token),
    created_at: now.toISOString(),
    expires_at,
    ...(made_by === undefined ? {} : { made_by: made_by.slice(0, MAX_WHO_CHARACTERS) }),
  };
  return alone(path, async () => {
    const { tokens, revoked } = await readTokensFile(path);
    const parsed = tokensFile.safeParse({ schema: TOKENS_SCHEMA, tokens: [...tokens, entry] });
    if (!parsed.success) {
      throw new BackupLensError(
        'BL_USAGE',
        `no such token can be made: ${whereWrong(parsed.error.issues[0])}`,
        {
          hint: 'names are up to 64 letters, digits and . _ @ + -',
        },
      );
    }
    await write(path, { tokens: parsed.data.tokens, revoked });
    return { token, entry };
  });
}

/** Takes tokens away, by id, or all of a name; those that were there. `by`: for the journal. */
export async function removeTokens(
  path: string,
  which: string,
  by: { readonly who: string; readonly now: Date },
): Promise<readonly NamedToken[]> {
  return alone(path, async () => {
    const { tokens, revoked } = await readTokensFile(path);
    const gone = tokens.filter(({ id, name }) => id === which || name === which);
    if (gone.length === 0) return [];
    const revoked_at = by.now.toISOString();
    const revoked_by = by.who.slice(0, MAX_WHO_CHARACTERS);
    const told = gone.map(({ id, name, role }) => ({ id, name, role, revoked_at, revoked_by }));
    await write(path, {
      tokens: tokens.filter((one) => !gone.includes(one)),
      revoked: [...revoked, ...told].slice(-MAX_REVOKED),
    });
    return gone;
  });
}

async function write(path: string, { tokens, revoked }: TokensFile): Promise<void> {
  const folder = await openManagedFolder(dirname(path), 'make');
  try {
    await writeWhole(
      folder,
      basename(path),
      `${JSON.stringify({ schema: TOKENS_SCHEMA, tokens, ...(revoked.length === 0 ? {} : { revoked }) }, null, 2)}\n`,
    );
  } finally {
    await folder.close();
  }
}

/** Of the administrator at this machine: whoever may read DATA_DIR. */
const OWN_TOKEN_NAME = 'api-token';

/** The token that the service makes in DATA_DIR at its first start; one that others could read is replaced. */
export async function ownToken(dataDir: string): Promise<string> {
  const folder = await openManagedFolder(dataDir, 'make');
  try {
    const known = await ownTokenIn(folder);
    if (known !== null) return known;
    const token = drawToken();
    await unlessMissing(unlink(folder.at(OWN_TOKEN_NAME)));
    await writeWhole(folder, OWN_TOKEN_NAME, `${token}\n`);
    return token;
  } finally {
    await folder.close();
  }
}

/** As the service made it; null where none has been made yet, or this user may not read it. */
export async function ownTokenIfAny(dataDir: string): Promise<string | null> {
  try {
    const folder = await openManagedFolder(dataDir, 'null');
    if (folder === null) return null;
    try {
      return await ownTokenIn(folder);
    } finally {
      await folder.close();
    }
  } catch {
    // Whoever asks goes another way.
    return null;
  }
}

/** null: there is none, or none that is nobody's but ours. */
async function ownTokenIn(folder: Folder): Promise<string | null> {
  const handle = await unlessMissing(openFile(folder, OWN_TOKEN_NAME));
  if (handle === null) return null;
  try {
    if (((await handle.stat()).mode & OTHERS) !== 0) return null;
    const token = (await readWhole(handle, MAX_TOKEN_BYTES)).toString().trim();
    return token.startsWith(PREFIX) ? token : null;
  } finally {
    await handle.close();
  }
}
