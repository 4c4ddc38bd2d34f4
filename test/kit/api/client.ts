import {
  OPERATIONS,
  problem,
  type Operation,
  type OperationId,
  type Problem,
} from '../../../src/contracts/index.ts';

const DEADLINE_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** What any request may be answered, beside what its operation says. */
const ALWAYS = [400, 401, 403, 405, 408, 413, 415, 417, 429];

export interface Call {
  readonly id?: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** As it was sent. */
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- each was held against the schema of its operation
  readonly body: any;
}

/** One installation's API; each answer is held against what the operation promises. */
export class Api {
  readonly url: string;
  readonly #token: string | undefined;
  /** Which operations were answered with what. */
  readonly seen = new Map<OperationId, Set<number>>();

  constructor(url: string, token?: string) {
    this.url = url;
    this.#token = token;
  }

  as(token: string | undefined): Api {
    const other = new Api(this.url, token);
    Object.assign(other, { seen: this.seen });
    return other;
  }

  async call(
    name: OperationId,
    { id, query = {}, body, token = this.#token, headers = {} }: Call = {},
  ): Promise<Answered> {
    const operation: Operation = OPERATIONS[name];
    const search = new URLSearchParams(
      Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
    );
    const path = operation.path.replace('{id}', encodeURIComponent(id ?? ''));
    const isForm = body instanceof FormData;
    const reply = await fetch(`${this.url}${path}${search.size === 0 ? '' : `?${search.toString()}`}`, {
      method: operation.method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await bounded(reply);
    this.#note(name, reply.status);
    return { status: reply.status, headers: reply.headers, text, body: held(operation, reply, text) };
  }

  /** The answer of a request that has to succeed. */
  async ok(name: OperationId, call: Call = {}): Promise<Answered['body']> {
    const answer = await this.call(name, call);
    assertStatus(name, answer, Number(Object.keys(OPERATIONS[name].answers)[0]));
    return answer.body;
  }

  /** What is wrong with a request that has to fail so. */
  async wrong(name: OperationId, status: number, call: Call = {}): Promise<Problem> {
    const answer = await this.call(name, call);
    assertStatus(name, answer, status);
    return answer.body;
  }

  #note(name: OperationId, status: number): void {
    const known = this.seen.get(name) ?? new Set<number>();
    this.seen.set(name, known.add(status));
  }
}

function assertStatus(name: OperationId, { status, text }: Answered, wanted: number): void {
  if (status !== wanted) throw new Error(`${name}: ${status} instead of ${wanted}: ${text.slice(0, 500)}`);
}

/** Every answer is one that the operation promises. */
function held({ answers, errors = [] }: Operation, { status, headers }: Response, text: string): unknown {
  const type = headers.get('content-type') ?? '';
  const promised = answers[status];
  if (promised === undefined) {
    if (![...ALWAYS, ...errors].includes(status))
      throw new Error(`${status} is not promised: ${text.slice(0, 300)}`);
    if (!type.startsWith('application/problem+json')) throw new Error(`${status} is no problem but ${type}`);
    return problem.parse(JSON.parse(text));
  }
  if (headers.get('x-content-type-options') !== 'nosniff') throw new Error('a browser may guess its type');
  if (promised.schema === undefined) return text;
  if (!type.startsWith('application/json')) throw new Error(`not JSON but ${type}`);
  return promised.schema.parse(JSON.parse(text));
}

async function bounded(reply: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of reply.body ?? []) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError('the answer is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** A form with a file. */
export function fileForm(
  content: string | Uint8Array<ArrayBuffer>,
  name = 'a.txt',
  field = 'file',
): FormData {
  const form = new FormData();
  form.append(field, new Blob([content]), name);
  return form;
}
