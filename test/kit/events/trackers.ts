import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

export type Kind = 'github' | 'gitlab' | 'jira' | 'servicenow';

export interface KeptTicket {
  readonly id: string;
  title: string;
  body: string;
  readonly keys: readonly string[];
  open: boolean;
  readonly comments: string[];
  changes: number;
}

/** As much of it as is looked at more closely. */
const anyBody = z.looseObject({
  labels: z.union([z.string(), z.array(z.string())]).optional(),
  fields: z
    .looseObject({
      project: z.looseObject({ key: z.unknown() }).optional(),
      issuetype: z.looseObject({ name: z.unknown() }).optional(),
      labels: z.array(z.string()).optional(),
    })
    .optional(),
  transition: z.looseObject({ id: z.unknown() }).optional(),
});

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: z.infer<typeof anyBody>;
}

interface Said {
  readonly status: number;
  readonly body?: unknown;
}

export const TOKEN = 'a-token-for-tests-0123456789';
const NOT_FOUND: Said = { status: 404, body: { message: 'Not Found' } };

/**
 * A tracker that keeps tickets, and speaks as much of each API as its documentation says of the requests that are made of
 * it: anything else is refused, so that a request of ours that nobody documents fails a test.
 */
export class TrackerUnderTest {
  readonly kind: Kind;
  readonly tickets: KeptTicket[] = [];
  readonly refused: string[] = [];
  /** Every request is answered with this instead; null: as it should be. */
  trouble: { readonly status: number; readonly headers?: Record<string, string> } | null = null;
  /** The next ticket is made, and the answer never comes. */
  losesAnAnswer = false;
  /** Jira's: only one of its two searches is there. */
  isDataCentre = false;
  requests = 0;
  #server: Server | null = null;
  #port = 0;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  get url(): string {
    const host = `http://127.0.0.1:${this.#port}`;
    switch (this.kind) {
      case 'github':
        return `${host}/repos/ops/backups`;
      case 'gitlab':
        return `${host}/api/v4/projects/ops%2Fbackups`;
      case 'jira':
      case 'servicenow':
        return host;
      default:
        return this.kind satisfies never;
    }
  }

  get open(): KeptTicket[] {
    return this.tickets.filter(({ open }) => open);
  }

  async up(): Promise<this> {
    const server = createServer((request, answer) => void this.#take(request, answer));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async down(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #take(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    this.requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const { method = '', url = '', headers } = request;
    if (this.trouble !== null) {
      answer.writeHead(this.trouble.status, this.trouble.headers).end('{}');
      return;
    }
    const asked = {
      method,
      url: new URL(url, 'http://here'),
      headers,
      body: anyBody.parse(text === '' ? {} : JSON.parse(text)),
    };
    const before = this.tickets.length;
    const { status, body } = this.#isSignedIn(headers) ? this.#say(asked) : { status: 401, body: {} };
    if (status >= 400) this.refused.push(`${status} ${method} ${url} ${text}`);
    if (this.losesAnAnswer && this.tickets.length > before) {
      this.losesAnAnswer = false;
      request.socket.destroy();
      return;
    }
    answer.writeHead(status, { 'content-type': 'application/json' });
    answer.end(body === undefined ? '' : JSON.stringify(body));
  }

  #isSignedIn(headers: IncomingMessage['headers']): boolean {
    const { authorization } = headers;
    const basic = `Basic ${Buffer.from(`bot@example.org:${TOKEN}`).toString('base64')}`;
    switch (this.kind) {
      case 'github':
        return (
          authorization === `Bearer ${TOKEN}` &&
          headers['x-github-api-version'] === '2022-11-28' &&
          headers['user-agent'] !== undefined
        );
      case 'gitlab':
        return headers['private-token'] === TOKEN;
      case 'jira':
      case 'servicenow':
        return authorization === basic;
      default:
        return this.kind satisfies never;
    }
  }

  #say(asked: Asked): Said {
    switch (this.kind) {
      case 'github':
        return this.#github(asked);
      case 'gitlab':
        return this.#gitlab(asked);
      case 'jira':
        return this.#jira(asked);
      case 'servicenow':
        return this.#serviceNow(asked);
      default:
        return this.kind satisfies never;
    }
  }

  #make(title: unknown, body: unknown, keys: readonly string[]): KeptTicket | null {
    if (typeof title !== 'string' || title === '' || title.length > 255 || typeof body !== 'string')
      return null;
    const id =
      this.kind === 'jira'
        ? `SEC-${this.tickets.length + 1}`
        : this.kind === 'servicenow'
          ? `${this.tickets.length + 1}`.padStart(32, 'a')
          : `${this.tickets.length + 1}`;
    const made = { id, title, body, keys, open: true, comments: [], changes: 0 };
    this.tickets.push(made);
    return made;
  }

  #change(ticket: KeptTicket, title: unknown, body: unknown): void {
    if (typeof title === 'string') ticket.title = title;
    if (typeof body === 'string') ticket.body = body;
    ticket.changes++;
  }

  /** https://docs.github.com/en/rest/issues/issues */
  #github({ method, url, body }: Asked): Said {
    const [, id, comments] = /^\/repos\/ops\/backups\/issues(?:\/(\d+))?(\/comments)?$/.exec(
      url.pathname,
    ) ?? ['', null];
    if (id === null) return NOT_FOUND;
    if (id === undefined && method === 'GET') {
      if (url.searchParams.get('state') !== 'open') return { status: 422 };
      const labels = (url.searchParams.get('labels') ?? '').split(',');
      return {
        status: 200,
        body: this.open
          .filter(({ keys }) => labels.every((label) => keys.includes(label)))
          .map((one) => ({ number: Number(one.id), title: one.title })),
      };
    }
    if (id === undefined && method === 'POST') {
      if (
        !Array.isArray(body.labels) ||
        body.labels.some((label) => typeof label !== 'string' || label.length > 50)
      )
        return { status: 422 };
      const made = this.#make(body['title'], body['body'], body.labels);
      return made === null ? { status: 422 } : { status: 201, body: { number: Number(made.id) } };
    }
    const ticket = this.tickets.find((one) => one.id === id);
    if (ticket === undefined) return NOT_FOUND;
    if (comments !== undefined && method === 'POST')
      return typeof body['body'] === 'string'
        ? (ticket.comments.push(body['body']), { status: 201, body: {} })
        : { status: 422 };
    if (method !== 'PATCH') return NOT_FOUND;
    if (body['state'] === 'closed' && body['state_reason'] === 'completed') ticket.open = false;
    else this.#change(ticket, body['title'], body['body']);
    return { status: 200, body: { number: Number(id) } };
  }

  /** https://docs.gitlab.com/api/issues/ and https://docs.gitlab.com/api/notes/ */
  #gitlab({ method, url, body }: Asked): Said {
    const [, id, notes] = /^\/api\/v4\/projects\/ops%2Fbackups\/issues(?:\/(\d+))?(\/notes)?$/.exec(
      url.pathname,
    ) ?? ['', null];
    if (id === null) return NOT_FOUND;
    if (id === undefined && method === 'GET') {
      if (url.searchParams.get('state') !== 'opened') return { status: 400 };
      const labels = (url.searchParams.get('labels') ?? '').split(',');
      return {
        status: 200,
        body: this.open
          .filter(({ keys }) => labels.every((label) => keys.includes(label)))
          .map((one) => ({ iid: Number(one.id) })),
      };
    }
    if (id === undefined && method === 'POST') {
      const made = this.#make(body['title'], body['description'], String(body.labels).split(','));
      return made === null ? { status: 400 } : { status: 201, body: { iid: Number(made.id) } };
    }
    const ticket = this.tickets.find((one) => one.id === id);
    if (ticket === undefined) return NOT_FOUND;
    if (notes !== undefined && method === 'POST')
      return typeof body['body'] === 'string'
        ? (ticket.comments.push(body['body']), { status: 201, body: {} })
        : { status: 400 };
    if (method !== 'PUT') return NOT_FOUND;
    if (body['state_event'] === 'close') ticket.open = false;
    else this.#change(ticket, body['title'], body['description']);
    return { status: 200, body: { iid: Number(id) } };
  }

  /** https://developer.atlassian.com/cloud/jira/platform/rest/v2/ and https://developer.atlassian.com/server/jira/platform/rest/ */
  #jira({ method, url, body }: Asked): Said {
    const path = url.pathname.replace('/rest/api/2', '');
    if (path === url.pathname) return NOT_FOUND;
    if (method === 'GET' && path === (this.isDataCentre ? '/search' : '/search/jql')) {
      const [, label] =
        /^project = "SEC" AND labels = "([\w-]+)" AND statusCategory != Done ORDER BY created ASC$/.exec(
          url.searchParams.get('jql') ?? '',
        ) ?? [];
      return label === undefined
        ? { status: 400 }
        : {
            status: 200,
            body: {
              issues: this.open.filter(({ keys }) => keys.includes(label)).map(({ id }) => ({ key: id })),
            },
          };
    }
    if (method === 'POST' && path === '/issue') {
      const { project, issuetype, summary, description, labels } = body.fields ?? {};
      if (
        project?.key !== 'SEC' ||
        issuetype?.name !== 'Task' ||
        !Array.isArray(labels) ||
        labels.some((label: string) => /\s/.test(label))
      )
        return { status: 400 };
      const made = this.#make(summary, description, labels);
      return made === null ? { status: 400 } : { status: 201, body: { id: '10000', key: made.id } };
    }
    const [, id, what] = /^\/issue\/(SEC-\d+)(?:\/(comment|transitions))?$/.exec(path) ?? [];
    const ticket = this.tickets.find((one) => one.id === id);
    if (ticket === undefined) return NOT_FOUND;
    if (what === 'transitions' && method === 'GET')
      return {
        status: 200,
        body: {
          transitions: [
            { id: '11', name: 'In Arbeit', to: { statusCategory: { key: 'indeterminate' } } },
            { id: '31', name: 'Fertig', to: { statusCategory: { key: 'done' } } },
          ],
        },
      };
    if (what === 'transitions' && method === 'POST') {
      if (body.transition?.id !== '31') return { status: 400 };
      ticket.open = false;
      return { status: 204 };
    }
    if (what === 'comment' && method === 'POST')
      return typeof body['body'] === 'string'
        ? (ticket.comments.push(body['body']), { status: 201, body: {} })
        : { status: 400 };
    if (what !== undefined || method !== 'PUT') return { status: 405 };
    this.#change(ticket, body.fields?.['summary'], body.fields?.['description']);
    return { status: 204 };
  }

  /** ServiceNow's Table API. */
  #serviceNow({ method, url, body }: Asked): Said {
    const [, id] = /^\/api\/now\/table\/incident(?:\/(\w{32}))?$/.exec(url.pathname) ?? ['', null];
    if (id === null) return NOT_FOUND;
    if (id === undefined && method === 'GET') {
      const [, key] =
        /^correlation_id=([\w-]+)\^active=true\^stateNOT IN6,7,8$/.exec(
          url.searchParams.get('sysparm_query') ?? '',
        ) ?? [];
      return key === undefined
        ? { status: 400 }
        : {
            status: 200,
            body: {
              result: this.open.filter(({ keys }) => keys.includes(key)).map((one) => ({ sys_id: one.id })),
            },
          };
    }
    if (id === undefined && method === 'POST') {
      const made = this.#make(body['short_description'], body['description'], [
        String(body['correlation_id']),
      ]);
      return made === null ? { status: 400 } : { status: 201, body: { result: { sys_id: made.id } } };
    }
    const ticket = this.tickets.find((one) => one.id === id);
    if (ticket === undefined || method !== 'PATCH') return NOT_FOUND;
    if (body['state'] === '6') {
      if (typeof body['close_code'] !== 'string' || typeof body['close_notes'] !== 'string')
        return { status: 403 };
      ticket.open = false;
      ticket.comments.push(body['close_notes']);
    } else this.#change(ticket, body['short_description'], body['description']);
    return { status: 200, body: { result: { sys_id: id } } };
  }
}
