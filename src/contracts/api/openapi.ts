import { z } from 'zod';
import { engines, fileResult } from '../report.ts';
import { problem } from './common.ts';
import { journalEvent } from './events.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { quarantineItem } from './quarantine.ts';
import { review } from './reviews.ts';
import { scanSummary } from './scans.ts';

type Json = Readonly<Record<string, unknown>>;

const PROBLEM_TYPE = 'application/problem+json';
/** Schemas that have a name of their own, and are referred to by it. */
const NAMED = {
  FileResult: fileResult,
  Engines: engines,
  Problem: problem,
  JournalEvent: journalEvent,
  Review: review,
  ScanSummary: scanSummary,
  QuarantineItem: quarantineItem,
};

/** What every request may be answered, beside its own. */
const ALWAYS = [400, 401, 403, 405, 408, 417, 429, 500];
const WITH_BODY = [413, 415];

const WORDS: Readonly<Record<number, string>> = {
  400: 'The request is not what it should be; `errors` says where.',
  401: 'No token, or none that is known.',
  403: 'Not from this host or origin, or not in this role.',
  404: 'There is no such thing.',
  405: 'The path has other methods.',
  408: 'The request arrived too slowly.',
  409: 'It is not as the request supposes: decided already, another content, an own upload, a name that is taken.',
  413: 'Too large.',
  415: 'The body has to be of another type.',
  417: 'The header `Expect` asks for something that is not done.',
  429: 'Too many of them: `Retry-After` says when.',
  500: 'A fault of ours.',
  503: 'Not now: `Retry-After` says when.',
};

for (const [id, schema] of Object.entries(NAMED)) z.globalRegistry.add(schema, { ...schema.meta(), id });

/** The API as OpenAPI 3.1, from the schemas that the server checks with. */
export function openapi(version: string): Json & { readonly openapi: string } {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [operationId, operation] of Object.entries<Operation>(OPERATIONS)) {
    const methods = (paths[operation.path] ??= {});
    methods[operation.method.toLowerCase()] = described(operationId, operation, schemas);
  }
  const Problem = schemas.of(problem, 'output');
  schemas.of(journalEvent, 'output');
  return {
    openapi: '3.1.1',
    info: {
      title: 'BackupLens',
      version,
      summary: 'Scans of backups, reviews and quarantine.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://127.0.0.1:8080' }],
    tags: ['service', 'scans', 'reviews', 'quarantine', 'events'].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.named,
      responses: {
        Problem: {
          description: 'What went wrong (RFC 9457).',
          content: { [PROBLEM_TYPE]: { schema: Problem } },
        },
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function described(operationId: string, operation: Operation, schemas: Schemas): Json {
  const { summary, tag, access, params, query, body, answers, errors = [] } = operation;
  const own = Object.entries(answers).map(([status, { description, schema, type }]) => [
    status,
    { description, content: contentOf(schema, type, schemas) },
  ]);
  const all = [...ALWAYS, ...(body === undefined ? [] : WITH_BODY), ...errors].filter(
    (status) => !(status in answers),
  );
  const wrong = all
    .toSorted((a, b) => a - b)
    .map((status) => [
      String(status),
      {
        description: WORDS[status] ?? 'It could not be done.',
        content: { [PROBLEM_TYPE]: { schema: schemas.of(problem, 'output') } },
      },
    ]);
  return {
    operationId,
    summary,
    tags: [tag],
    ...(access === 'open'
      ? { security: [] }
      : { 'x-role': access.role, security: access.anonymous ? [{ token: [] }, {}] : [{ token: [] }] }),
    ...(params === undefined && query === undefined
      ? {}
      : { parameters: [...parametersOf('path', params, schemas), ...parametersOf('query', query, schemas)] }),
    ...(body === undefined ? {} : { requestBody: bodyOf(body, schemas) }),
    responses: Object.fromEntries([...own, ...wrong]),
  };
}

function contentOf(schema: z.ZodType | undefined, type: string | undefined, schemas: Schemas): Json {
  if (schema === undefined) return { [type ?? 'text/plain']: { schema: { type: 'string' } } };
  return { [type ?? 'application/json']: { schema: schemas.of(schema, 'output') } };
}

function parametersOf(where: 'path' | 'query', schema: z.ZodType | undefined, schemas: Schemas): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.of(schema, 'input');
  return Object.entries(properties).map(([name, { description, ...of }]) => ({
    name,
    in: where,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: of,
  }));
}

function bodyOf(body: z.ZodType | 'file', schemas: Schemas): Json {
  if (body !== 'file') {
    const required = !body.safeParse(undefined).success;
    return { required, content: { 'application/json': { schema: schemas.of(body, 'input') } } };
  }
  const file = { type: 'string', contentMediaType: 'application/octet-stream' };
  const schema = { type: 'object', properties: { file }, required: ['file'] };
  return { required: true, content: { 'multipart/form-data': { schema } } };
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
  readonly required?: readonly string[];
  readonly [key: string]: unknown;
}

/** JSON Schema out of ours; what has a name is put under `components` once. */
class Schemas {
  readonly named: Record<string, unknown> = {};

  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema: _, $defs = {}, id, ...rest } = z.toJSONSchema(schema, { io, override: withoutCalendar });
    for (const [name, definition] of Object.entries($defs)) this.#name(name, relocated(definition));
    const here = relocated(rest);
    if (typeof id !== 'string') return here;
    this.#name(id, here);
    return { $ref: `#/components/schemas/${id}` };
  }

  #name(name: string, schema: JsonSchema): void {
    const { id: _, ...definition } = schema;
    this.named[name] = definition;
  }
}

/** zod writes a calendar as a pattern beside each format; the format says it. */
function withoutCalendar({
  jsonSchema,
}: {
  readonly jsonSchema: { format?: unknown; pattern?: unknown };
}): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}

function relocated(schema: object): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
