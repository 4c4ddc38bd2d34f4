import { createServer, type AddressInfo, type Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { letterOf } from '../src/outward/mail/letter.ts';
import { mail, type MailSettings } from '../src/outward/mail/mail.ts';
import { ABOUT_NOTHING, type OutwardEvent } from '../src/outward/index.ts';
import { OutboxUnderTest } from './kit/events/outbox.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';

interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

/** A mail server that keeps what it is given. */
class MailServer {
  readonly letters: Letter[] = [];
  /** What it answers to the body of a letter; null: it takes it. */
  refuses: number | null = null;
  readonly #server: SMTPServer;

  constructor(user: string | null = null) {
    this.#server = new SMTPServer({
      authOptional: user === null,
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
      logger: false,
      onAuth: (given, _session, done) => {
        if (given.username === user && given.password === 'right') done(null, { user: given.username });
        else done(Object.assign(new Error('no'), { responseCode: 535 }));
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (this.refuses !== null) {
            done(Object.assign(new Error('no'), { responseCode: this.refuses }));
            return;
          }
          const { mailFrom, rcptTo } = session.envelope;
          this.letters.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks).toString('latin1'),
          });
          done();
        });
      },
    });
    this.#server.on('error', () => undefined);
  }

  async up(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `smtp://127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`;
  }

  async down(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }
}

/** Headers and body of a letter, as a mail program reads them. */
function parts({ raw }: Letter): { headers: Map<string, string>; body: string } {
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  const body = rest
    .join('\r\n\r\n')
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return { headers, body: Buffer.from(body, 'latin1').toString('utf8') };
}

const settings = (url: string, more: Partial<MailSettings> = {}): MailSettings => ({
  url,
  user: null,
  password: null,
  from: 'backup@example.org',
  to: ['ops@example.org', 'security@example.org'],
  severity: 'high',
  pause_ms: 300,
  within_ms: 2000,
  ...more,
});

let server: MailServer;
let outbox: OutboxUnderTest;
beforeEach(async () => {
  server = new MailServer();
  outbox = await new OutboxUnderTest().open();
});
afterEach(async () => {
  await outbox.remove();
  await server.down();
});

async function start(more: Partial<MailSettings> = {}): Promise<void> {
  await outbox.start({ mail: settings(await server.up(), more) });
}

const quarantined = { action: 'quarantined', decision: 'quarantine', verdict: 'malicious' } as const;

describe('a letter', () => {
  test('goes to all receivers, for what is grave enough and for nothing else', async () => {
    await start();
    await outbox.tell({ ...quarantined, path: Buffer.from('/in/évil.exe') });
    await outbox.tell();
    await outbox.caughtUp();
    expect(server.letters).toHaveLength(1);
    const { headers, body } = parts(server.letters[0]!);
    expect(server.letters[0]).toMatchObject({ from: 'backup@example.org', to: settings('').to });
    expect(Object.fromEntries(headers)).toMatchObject({
      subject: 'BackupLens: high: A file was taken into quarantine',
      from: 'backup@example.org',
      to: 'ops@example.org, security@example.org',
      'auto-submitted': 'auto-generated',
      'content-type': 'text/plain; charset=utf-8',
      'message-id': expect.stringMatching(/^<[0-9a-f]{40}@example\.org>$/),
    });
    expect(body).toContain('  file: /in/évil.exe');
  });

  test('holds all that happens until the next may go', async () => {
    await start({ pause_ms: 1500 });
    await outbox.tell(quarantined);
    await outbox.until(() => server.letters.length === 1, 'the first');
    for (let at = 0; at < 120; at++) await outbox.tell({ ...quarantined, path: Buffer.from(`/in/${at}`) });
    await outbox.caughtUp();
    const { headers, body } = parts(server.letters.at(-1)!);
    expect(server.letters).toHaveLength(2);
    expect(headers.get('subject')).toBe('BackupLens: high: A file was taken into quarantine (and 119 more)');
    expect(body).toContain('120 events:');
    expect(body).toContain('… and 70 more, counted above');
  });

  test('waits for a server that cannot take it now', async () => {
    await start();
    server.refuses = 451;
    await outbox.tell(quarantined);
    await outbox.until(async () => (await outbox.state('mail'))?.state === 'failing', 'the failure');
    expect((await outbox.state('mail'))?.detail).toBe('it answered 451');
    server.refuses = null;
    await outbox.caughtUp();
    expect(server.letters).toHaveLength(1);
  });

  test('that is refused for good is replaced by one that says so', async () => {
    await start();
    server.refuses = 554;
    await outbox.tell(quarantined);
    await outbox.until(async () => (await outbox.state('mail'))?.state === 'refused', 'the refusal');
    expect(await outbox.state('mail')).toMatchObject({ set_aside: 0 });
    server.refuses = null;
    await outbox.caughtUp();
    expect(server.letters).toHaveLength(1);
  });
});

test('a wrong password is tried again and sets nothing aside, and is shown nowhere', async () => {
  server = new MailServer('bot');
  await start({ user: 'bot', password: 'wrong-secret' });
  await outbox.tell(quarantined);
  await outbox.until(async () => ((await outbox.state('mail'))?.failures ?? 0) >= 4, 'four failures');
  const state = await outbox.state('mail');
  expect(state).toMatchObject({ state: 'failing', set_aside: 0, detail: 'it answered 535' });
  expect(JSON.stringify(state)).not.toContain('wrong-secret');
  await outbox.stop();
  await server.down();
  server = new MailServer('bot');
  await start({ user: 'bot', password: 'right' });
  await outbox.caughtUp();
  expect(server.letters).toHaveLength(1);
});

test('a server that takes the connection and says nothing is left in time', async () => {
  const silent = createServer();
  const sockets: Socket[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `smtp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await outbox.start({ mail: settings(url, { within_ms: 300 }) });
  await outbox.tell(quarantined);
  await outbox.until(async () => (await outbox.state('mail'))?.state === 'failing', 'the failure');
  expect(await outbox.stop()).toBeLessThan(5000);
  for (const socket of sockets) socket.destroy();
  silent.close();
  await server.up();
});

describe('nothing of others becomes a header, a receiver or a line of ours', () => {
  const base: OutwardEvent = {
    id: 'e'.repeat(64),
    type: 'quarantine',
    severity: 'high',
    time: '2026-11-28T12:00:00.000Z',
    summary: 'A file was taken into quarantine',
    instance: 'i',
    version: '0.1.0',
    journal: { seq: 1, hash: 'e'.repeat(64) },
    ...ABOUT_NOTHING,
    action: 'quarantined',
  };
  const injections = [
    ...NASTY_NAMES.map(({ name }) => name),
    'a\r\nBcc: victim@example.org\r\n\r\n<script>',
    'a\nTo: victim@example.org',
    '\r\n.\r\nMAIL FROM:<x@y>\r\n',
  ];
  const hostile = (text: string): OutwardEvent => ({
    ...base,
    path: text,
    who: text,
    detail: text,
    instance: text,
    findings: [
      { kind: 'yara_match', engine: text, rule: text, weight: 1, sha256: null, trail: [text, text] },
    ],
    findings_total: 3,
    figures: { reason: text },
    review: { id: 'r', group: text, state: 'open', opened_at: text, rules: [text] },
  });

  test('of any name, as it arrives at a server', async () => {
    const sink = mail(settings(await server.up(), { pause_ms: 0 }));
    for (let at = 0; at < injections.length; at += 20) {
      const batch = injections.slice(at, at + 20).map(hostile);
      expect(await sink.deliver(batch, new AbortController().signal)).toEqual({ outcome: 'done' });
    }
    await sink.close();
    for (const letter of server.letters) {
      const { headers, body } = parts(letter);
      expect(letter.to).toEqual(settings('').to);
      expect([...headers.keys()].toSorted()).toEqual([
        'auto-submitted',
        'content-transfer-encoding',
        'content-type',
        'date',
        'from',
        'message-id',
        'mime-version',
        'subject',
        'to',
        'x-auto-response-suppress',
      ]);
      for (const line of body.trimEnd().split('\r\n')) {
        expect(line).toMatch(
          /^(?:$|\d+ events:|\[high\] A file|  [a-z0-9_]+[ :]|  and 2 more findings|From the store )/,
        );
        expect(line).not.toMatch(/\p{C}/u);
      }
    }
  });

  test('the same events make a letter with the same id, others another', () => {
    const other = { ...base, id: 'f'.repeat(64) };
    expect(letterOf([base, other]).id).toBe(letterOf([base, other]).id);
    expect(letterOf([base]).id).not.toBe(letterOf([other]).id);
  });

  test('and a letter stays short', () => {
    const events = Array.from({ length: 500 }, () => hostile('A'.repeat(65_536)));
    expect(letterOf([events[0]!, ...events]).text.length).toBeLessThan(300_000);
  });

  test.each([
    'a@example.org, b@example.org',
    'a@example.org\r\nBcc: b@example.org',
    'Ops <a@example.org>',
    '"a b"@example.org',
    'a@b@c',
    'a',
    '',
    '/etc/passwd',
    'a@exa mple.org',
  ])('an address like %j is an error', (address) => {
    for (const more of [{ from: address }, { to: [address] }]) {
      expect(() => mail(settings('smtp://127.0.0.1:25', more))).toThrow('is no e-mail address');
    }
  });
});
