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
import { tokensFile, TOKENS_SCHEMA, type NamedToken, type Role } from '../../contracts/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { alone } from './alone.ts';

/** 1,000 tokens take 250 KB. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_TOKEN_BYTES = 4096;
/** 256 bits: nobody guesses one, however many are tried. */
const TOKEN_BYTES = 32;
/** So that whoever searches for secrets in the wrong places finds ours. */
const PREFIX = 'blt_';
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
  try {
    const stats = await unlessMissing(lstat(path));
    if (stats === null) return [];
    if ((stats.mode & OTHERS_WRITE) !== 0) {
      throw new BackupLensError('BL_CONFIG', `TOKENS_FILE ${path}: others can change it`, {
        hint: `run: chmod 600 ${path}`,
      });
    }
    const parsed = tokensFile.safeParse(
      JSON.parse((await readAtMost(path, MAX_FILE_BYTES)).toString('utf8')),
    );
    if (!parsed.success) throw new Error(whereWrong(parsed.error.issues[0]));
    return parsed.data.tokens;
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
  }: { readonly name: string; readonly role: Role; readonly expires_at: string | null; readonly now: Date },
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
  };
  return alone(path, async () => {
    const known = await readTokens(path);
    const parsed = tokensFile.safeParse({ schema: TOKENS_SCHEMA, tokens: [...known, entry] });
    if (!parsed.success) {
      throw new BackupLensError(
        'BL_USAGE',
        `no such token can be made: ${whereWrong(parsed.error.issues[0])}`,
        {
          hint: 'names are up to 64 letters, digits and . _ @ + -',
        },
      );
    }
    await write(path, parsed.data.tokens);
    return { token, entry };
  });
}

/** Takes tokens away, by id, or all of a name; those that were there. */
export async function removeTokens(path: string, which: string): Promise<readonly NamedToken[]> {
  return alone(path, async () => {
    const known = await readTokens(path);
    const gone = known.filter(({ id, name }) => id === which || name === which);
    if (gone.length > 0)
      await write(
        path,
        known.filter((one) => !gone.includes(one)),
      );
    return gone;
  });
}

async function write(path: string, tokens: readonly NamedToken[]): Promise<void> {
  const folder = await openManagedFolder(dirname(path), 'make');
  try {
    await writeWhole(
      folder,
      basename(path),
      `${JSON.stringify({ schema: TOKENS_SCHEMA, tokens }, null, 2)}\n`,
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
