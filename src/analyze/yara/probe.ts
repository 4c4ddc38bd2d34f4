import type { Client } from 'undici';
import { inWords, type RejectedRule, type YaraState } from '../../domain/index.ts';
import { ASKED } from './frames.ts';
import { PrivateConnection } from './private-connection.ts';

const CONNECT_MS = 3000;
const ANSWER_MS = 5000;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_REJECTED = 1000;
const MAX_TEXT_CHARS = 300;
/** There are six. */
const MAX_EXTERNALS = 100;
const NOTHING = Buffer.alloc(0);

/** A yara-scanner elsewhere, and the token that it may want. */
export interface YaraService {
  readonly url: string;
  readonly token?: string | undefined;
}

/**
 * What a yara-scanner elsewhere says of itself. Never throws: one that is away is a state, and one that takes the question and
 * does not answer it has failed, as a clamd that says nothing has: no file should wait for it.
 */
export async function probeYara(service: YaraService): Promise<YaraState> {
  try {
    return await ask(service);
  } catch (error) {
    return yaraAway(isLate(error) ? 'failed' : 'unavailable', service.url, reasonOf(error));
  }
}

/** The same of our own child, which answers when its rules are compiled; it has to answer, and to know the secret. */
export async function probeYaraSocket(
  socketPath: string,
  secret: string,
  timeoutMs = ANSWER_MS,
): Promise<YaraState> {
  const address = `unix:${socketPath}`;
  const connection = new PrivateConnection(socketPath, { connectMs: CONNECT_MS, answerMs: timeoutMs });
  try {
    const { text } = await connection.ask(ASKED.health, NOTHING, NOTHING);
    const health: unknown = JSON.parse(text);
    if (!isFields(health) || health['nonce'] !== secret) {
      throw new Error('somebody else answers on its socket');
    }
    return stateOf(health, address);
  } catch (error) {
    return yaraAway('failed', address, reasonOf(error));
  } finally {
    connection.destroy();
  }
}

export function yaraAway(
  status: 'off' | 'unavailable' | 'failed',
  address: string | null,
  detail: string | null,
): YaraState {
  return {
    status,
    version: null,
    rules: 0,
    rule_files: 0,
    rules_sha256: null,
    rejected: [],
    address,
    detail,
  };
}

async function ask({ url, token }: YaraService): Promise<YaraState> {
  // Loaded here: most programs that can ask never do.
  const undici = await import('undici');
  const { origin, pathname } = new URL(url);
  const client = new undici.Client(origin, {
    connect: { timeout: CONNECT_MS },
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  });
  try {
    const path = `${pathname.replace(/\/$/, '')}/health`;
    const signal = AbortSignal.timeout(ANSWER_MS);
    const { body } = await client.request({ path, method: 'GET', signal });
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of body as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > MAX_BYTES) throw new Error('its answer is too long');
      parts.push(part);
    }
    const health: unknown = JSON.parse(Buffer.concat(parts, length).toString());
    const refusal = await refusedAt(client, pathname, token, signal);
    return refusal === null ? stateOf(health, url) : yaraAway('failed', url, refusal);
  } finally {
    await client.destroy();
  }
}

/** `/health` is open to all; whether scans are shows at the path that takes them, without one: 405 is as good as yes. */
async function refusedAt(
  client: Client,
  pathname: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const path = `${pathname.replace(/\/$/, '')}/scan`;
  const { statusCode, body } = await client.request({ path, method: 'GET', signal, headers });
  await body.dump({ limit: MAX_BYTES, signal });
  if (statusCode === 401) return token === undefined ? NO_TOKEN : OTHER_TOKEN;
  return statusCode === 403 ? NOT_US : null;
}

/** By hand, and not by the schema in contracts: scan workers load this file, and should stay small. */
function stateOf(health: unknown, address: string): YaraState {
  if (!isFields(health) || typeof health['status'] !== 'string') {
    return yaraAway('unavailable', address, NO_SCANNER);
  }
  if (health['failed'] === true) return yaraAway('failed', address, 'the YARA engine does not start');
  const rules = sizeOf(health['rules']) ?? 0;
  const loaded = health['rules_loaded'] === true || rules > 0;
  const { rejected } = health;
  return {
    status: loaded ? 'ok' : 'unavailable',
    version: textOf(health['engine']),
    rules,
    rule_files: sizeOf(health['rule_files']) ?? 0,
    rules_sha256: textOf(health['rules_sha256']),
    rejected: Array.isArray(rejected) ? rejected.slice(0, MAX_REJECTED).flatMap(rejectedOf) : [],
    address,
    detail: loaded ? null : 'no rules are loaded',
    ...externalsOf(health),
  };
}

function externalsOf(health: Fields): Pick<YaraState, 'externals'> {
  const { externals } = health;
  if (!Array.isArray(externals) || externals.length > MAX_EXTERNALS) return {};
  return { externals: externals.map(String) };
}

const NO_TOKEN = 'it wants a token: set YARA_TOKEN_FILE';
const OTHER_TOKEN = 'it wants another token than that of YARA_TOKEN_FILE or YARA_TOKEN';
const NOT_US = 'it lets nobody scan who asks from here, or by this name (403)';
const LATE = 'it does not answer in time';
const NO_SCANNER = 'what answers there is no yara-scanner';

function rejectedOf(entry: unknown): RejectedRule[] {
  if (!isFields(entry)) return [];
  const { file, line, column, message } = entry;
  return [
    {
      file: textOf(file) ?? '?',
      line: sizeOf(line),
      column: sizeOf(column),
      message: textOf(message) ?? '?',
    },
  ];
}

interface Fields {
  readonly [key: string]: unknown;
  readonly rejected?: unknown;
  readonly externals?: unknown;
  readonly file?: unknown;
  readonly line?: unknown;
  readonly column?: unknown;
  readonly message?: unknown;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function sizeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT_CHARS) : null;
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return NO_SCANNER;
  if (isLate(error)) return LATE;
  return inWords(error).slice(0, MAX_TEXT_CHARS);
}

function isLate(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}
