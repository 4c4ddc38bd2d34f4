import { request as send } from 'node:http';
import { openapi } from '../../../src/contracts/index.ts';
import { seeded } from '../seeded.ts';

/** The parts of /openapi.json that requests are made from. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
}
interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

export interface FuzzOptions {
  readonly url: string;
  readonly token: string;
  readonly seed: number;
  /** So many requests, but none after so many ms. */
  readonly most: number;
  readonly forMs: number;
  /** Ids that exist, so that not everything ends as not found. */
  readonly ids: readonly string[];
  /** Texts that no answer may hold: our folders. */
  readonly secrets: readonly string[];
}

export interface FuzzReport {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Operations that were asked, each at least once. */
  readonly operations: readonly string[];
  readonly wrong: readonly string[];
}

/** No answer takes longer: there is no upload among them, and nothing is examined. */
const HANG_MS = 10_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const MAX_WRONG = 20;

const NASTY_TEXTS = [
  '',
  ' ',
  '\0',
  '../../../etc/passwd',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  "' or 1=1 --",
  '\u202e\u2066',
  '\ud800',
  '{{7*7}}${jndi:ldap://x}',
  '__proto__',
  'constructor',
  '20261128T000000000Z-zzzzzzzzzzzz',
  '-1',
  '0x10',
  '1e309',
  'NaN',
  'true',
  '9'.repeat(40),
  'x'.repeat(5000),
  '😀'.repeat(300),
  '2026-13-45T99:99:99Z',
  '2026-11-28T00:00:00+25:00',
  '0001-01-01T00:00:00Z',
];
const NASTY_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  [],
  {},
  [[]],
  { a: { b: { c: [] } } },
  ...NASTY_TEXTS,
];
const NASTY_BODIES: readonly (string | Buffer)[] = [
  '',
  '{',
  '[]',
  'null',
  '"x"',
  '{"a":1,}',
  '\ufeff{}',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{}}}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `{"reason":"${'x'.repeat(60_000)}"}`,
  `{"reason":"${'x'.repeat(70_000)}"}`,
  Buffer.from([0xff, 0xfe, 0x00, 0x7b]),
  Buffer.alloc(1000),
  Buffer.from('{"reason":"\xe9"}', 'latin1'),
];
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'text/plain',
  'multipart/form-data',
  'multipart/form-data; boundary=B',
  'application/x-www-form-urlencoded',
  'x/y',
  '',
  'application/json;;;',
  'a'.repeat(3000),
];
const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** Sends requests that are nearly right, and some that are not at all: of a seed always the same ones in a row. */
export async function fuzzApi(options: FuzzOptions): Promise<FuzzReport> {
  const random = seeded(options.seed);
  const one = <T>(list: readonly T[]): T => {
    const chosen = list[Math.floor(random() * list.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own description
  const { paths } = openapi('0') as unknown as {
    paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      path,
      method: method.toUpperCase(),
      ...described,
    })),
  );
  const asked = new Set<string>();
  const statuses: Record<string, number> = {};
  const wrong: string[] = [];
  let requests = 0;

  const text = (schema: Schema, well: boolean): string => {
    if (!well) return one(NASTY_TEXTS);
    if (schema.enum !== undefined) return String(one(schema.enum));
    if (schema.type === 'integer') return String(Math.floor(random() * 600));
    if (schema.pattern?.includes('T\\d{9}Z') === true) return one(options.ids);
    if (schema.pattern?.includes('{64}') === true) return 'a'.repeat(64);
    return one(['yara_match', 'Marker', '/', 'a', '2026-11-28T00:00:00Z']);
  };
  const value = (schema: Schema, well: boolean): unknown => {
    if (!well) return one(NASTY_VALUES);
    if (schema.anyOf !== undefined) return value(one(schema.anyOf), well);
    if (schema.properties !== undefined) {
      const entries = Object.entries(schema.properties).filter(() => random() < 0.9);
      const object: Record<string, unknown> = Object.fromEntries(
        entries.map(([key, of]) => [key, value(of, random() < 0.8)]),
      );
      if (random() < 0.1) object[one(NASTY_TEXTS)] = one(NASTY_VALUES);
      return object;
    }
    if (schema.type === 'boolean') return random() < 0.5;
    if (schema.type === 'null') return null;
    return text(schema, well);
  };
  const query = (described: Described): string => {
    const parts = (described.parameters ?? [])
      .filter(({ in: where }) => where === 'query' && random() < 0.4)
      .flatMap(({ name, schema }) => {
        const part = `${encodeURIComponent(name)}=${encoded(text(schema, random() < 0.6), random)}`;
        return random() < 0.1 ? [part, part] : [part];
      });
    if (random() < 0.1)
      parts.push(`${encoded(one(NASTY_TEXTS), random)}=${encoded(one(NASTY_TEXTS), random)}`);
    return parts.length === 0 ? '' : `?${parts.join('&')}`;
  };
  const body = (
    described: Described,
  ): { readonly type: string; readonly content: string | Buffer } | null => {
    const content = described.requestBody?.content ?? {};
    if (random() < 0.15) return { type: one(TYPES), content: one(NASTY_BODIES) };
    const json = content['application/json'];
    if (json !== undefined)
      return { type: 'application/json', content: JSON.stringify(value(json.schema, random() < 0.9)) };
    if (content['multipart/form-data'] === undefined) return null;
    return { type: 'multipart/form-data; boundary=B', content: form(one, random) };
  };

  const deadline = performance.now() + options.forMs;
  while (requests < options.most && performance.now() < deadline && wrong.length < MAX_WRONG) {
    const described = one(operations);
    const { path, method, operationId } = described;
    asked.add(operationId);
    const idSchema = described.parameters?.find(({ in: where }) => where === 'path')?.schema ?? {};
    const filled = path.replace('{id}', () => encoded(text(idSchema, random() < 0.7), random));
    const given = {
      method: random() < 0.05 ? one(METHODS) : method,
      path:
        (random() < 0.03
          ? one(['/%zz', '//', '/api/v1/../../etc/passwd', `/${'a'.repeat(8000)}`, '/api/v1/scans/%00', '*'])
          : filled) + query(described),
      token:
        random() < 0.95 ? options.token : one(NASTY_TEXTS.filter((chosen) => /^[\x21-\x7e]*$/.test(chosen))),
      body: body(described),
      headers:
        random() < 0.05
          ? {
              [one(['range', 'x-http-method-override', 'content-encoding', 'expect', 'te', 'last-event-id'])]:
                one(['gzip', 'bytes=0-', 'DELETE', '*', '-1', '9'.repeat(40), '0']),
            }
          : {},
    };
    requests++;
    const answer = await ask(options.url, given);
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    const fault = faultOf(
      answer,
      method === given.method && given.path.startsWith(filled) ? described : null,
      options.secrets,
    );
    if (fault !== null)
      wrong.push(
        `${given.method} ${given.path.slice(0, 300)} ${String(given.body?.content ?? '').slice(0, 300)}: ${fault}`,
      );
  }
  return { requests, statuses, operations: [...asked].toSorted(), wrong };
}

interface Answer {
  /** 0: none came. */
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function faultOf(
  { status, type, text }: Answer,
  described: Described | null,
  secrets: readonly string[],
): string | null {
  if (status === 0) return `no answer: ${text}`;
  // 503 says that it cannot be done now; what is at fault is 500 and whatever else.
  if (status >= 500 && status !== 503) return `${status}: ${text.slice(0, 300)}`;
  if (described !== null && !(String(status) in described.responses) && status !== 413 && status !== 415)
    return `${status} is not promised`;
  if (status < 400) return null;
  if (text !== '' && !type.startsWith('application/problem+json'))
    return `${status} is no problem but ${type}`;
  const leak = [...secrets, 'node_modules', '.ts:', '    at '].find((secret) => text.includes(secret));
  return leak === undefined ? null : `${status} tells ${leak}: ${text.slice(0, 300)}`;
}

/** Percent-encoded, more or less as it has to be. */
function encoded(text: string, random: () => number): string {
  const safe = text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
  return random() < 0.9 ? safe : safe.replace('%', '%25').replaceAll('%2F', '/');
}

function form(one: <T>(list: readonly T[]) => T, random: () => number): string {
  const name = one(['file', 'File', 'file[]', '', 'x'.repeat(300)]);
  const filename = one(NASTY_TEXTS.filter((text) => !/["\r\n\0]/.test(text)));
  const end = random() < 0.8 ? '\r\n--B--\r\n' : '';
  return `--B\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n${'y'.repeat(Math.floor(random() * 2000))}${end}`;
}

async function ask(
  url: string,
  {
    method,
    path,
    token,
    body,
    headers,
  }: {
    readonly method: string;
    readonly path: string;
    readonly token: string;
    readonly body: { readonly type: string; readonly content: string | Buffer } | null;
    readonly headers: Readonly<Record<string, string>>;
  },
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const sending = send(
      {
        hostname,
        port,
        method,
        path,
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          ...(body === null
            ? {}
            : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.content) }),
          ...headers,
        },
        signal: AbortSignal.timeout(HANG_MS),
      },
      (reply) => {
        const type = reply.headers['content-type'] ?? '';
        if (type.startsWith('text/event-stream')) {
          // Endless by design: that it begins is its answer.
          reply.destroy();
          resolve({ status: reply.statusCode ?? 0, type, text: '' });
          return;
        }
        const parts: Buffer[] = [];
        let length = 0;
        reply.on('data', (part: Buffer) => {
          length += part.length;
          if (length <= MAX_ANSWER_BYTES) parts.push(part);
        });
        reply.on('end', () =>
          resolve({
            status: reply.statusCode ?? 0,
            type,
            text: Buffer.concat(parts).toString(),
          }),
        );
        reply.on('error', (error) => resolve({ status: 0, type: '', text: error.message }));
      },
    );
    sending.on('error', (error) => resolve({ status: 0, type: '', text: error.message }));
    sending.end(body?.content);
  });
}
