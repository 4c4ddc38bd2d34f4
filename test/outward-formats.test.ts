import { describe, expect, test } from 'vitest';
import { ENCODERS } from '../src/outward/encode/encoder.ts';
import { ABOUT_NOTHING, bounded, Names, type EventType, type OutwardEvent } from '../src/outward/index.ts';
import { messageOf } from '../src/outward/sinks/syslog-message.ts';
import { JOURNAL_ACTIONS } from '../src/domain/index.ts';
import { tellingOf } from '../src/outward/index.ts';
import { EVENT, EVERY_TYPE } from './kit/events/sample-event.ts';
import { parseMessage } from './kit/events/syslog-grammar.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';
import { parseCef } from './kit/schemas/cef.ts';
import { problemsOfEcs } from './kit/schemas/ecs.ts';
import { problemsOfOcsf } from './kit/schemas/ocsf.ts';

const bare = (type: EventType): OutwardEvent => ({
  ...EVENT,
  ...ABOUT_NOTHING,
  type,
  action: EVENT.action,
  figures: EVENT.figures,
});

describe.each(EVERY_TYPE)('an event %s', (type) => {
  const events = [{ ...EVENT, type }, bare(type), { ...EVENT, type, decision: 'auto_approve' as const }];

  test('has only fields, types and values of ECS 9.4', () => {
    for (const event of events) expect(problemsOfEcs(JSON.parse(ENCODERS.ecs(event)))).toEqual([]);
  });

  test('has what its class of OCSF 1.5 demands, and nothing else', () => {
    for (const event of events) expect(problemsOfOcsf(JSON.parse(ENCODERS.ocsf(event)))).toEqual([]);
  });

  test('is CEF with a header of seven fields and keys of the dictionary', () => {
    for (const event of events) {
      const { header, extension } = parseCef(ENCODERS.cef(event));
      expect(header.slice(0, 4)).toEqual(['CEF:0', 'BackupLens', 'BackupLens', '0.1.0']);
      expect(header[4]).toBe(type);
      expect(Number(header[6])).toBeLessThanOrEqual(10);
      expect(extension['externalId']).toBe(event.id);
    }
  });
});

test('what the schema of OCSF does not know, or demands, is seen', () => {
  const event = JSON.parse(ENCODERS.ocsf(EVENT));
  expect(problemsOfOcsf(event)).toEqual([]);
  const file = event.evidences[0].file;
  for (const wrong of [
    { ...event, surprise: 1 },
    { ...event, finding_info: undefined },
    { ...event, severity_id: 7 },
    { ...event, time: '2026-11-29T00:00:00Z' },
    { ...event, evidences: event.evidences[0] },
    { ...event, evidences: [{ file: { ...file, type_id: undefined } }] },
    { ...event, evidences: [{ name: 'nothing of what one has to be' }] },
    { ...event, metadata: { ...event.metadata, product: {} } },
  ])
    expect(problemsOfOcsf(JSON.parse(JSON.stringify(wrong)))).toHaveLength(1);
});

test('every action of the journal is told as some type, or deliberately not', () => {
  const told = new Set(JOURNAL_ACTIONS.map((action) => tellingOf(action, null)?.type));
  // Made by the outbox itself.
  const own = ['digest', 'gap', 'begun', 'heartbeat', 'test'];
  expect(EVERY_TYPE.filter((type) => !own.includes(type) && !told.has(type))).toEqual([]);
});

const names = new Names('full', Buffer.alloc(32));
/** An event in which everything that others can choose is this. */
const eventWith = (name: string): OutwardEvent => ({
  ...EVENT,
  path: names.name(`/in/${name}`),
  who: bounded(name),
  detail: names.text(name),
  findings: [
    { ...EVENT.findings[0]!, rule: bounded(name), engine: bounded(name), trail: [names.name(name), 'inner'] },
  ],
  gaps: [{ reason: 'encrypted', by: bounded(name), artifacts: 1 }],
  review: { ...EVENT.review!, rules: [bounded(name)] },
});
/** Its keys and the types of its values, without the values. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
};
// oxlint-disable-next-line no-control-regex
const UNSEEN = /[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/u;

describe.each(NASTY_NAMES)('a name that $what', ({ name }) => {
  const event = eventWith(name);

  test.each(['ecs', 'ocsf'] as const)('stays a value in %s, on one line of ASCII', (format) => {
    const line = ENCODERS[format](event);
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    const parsed = JSON.parse(line);
    expect(shapeOf(parsed)).toEqual(shapeOf(JSON.parse(ENCODERS[format](eventWith('harmless')))));
    const path = format === 'ecs' ? parsed.file.path : parsed.evidences[0].file.path;
    expect(path).toBe(bounded(`/in/${name}`));
    const problems = format === 'ecs' ? problemsOfEcs(parsed) : problemsOfOcsf(parsed);
    expect(problems).toEqual([]);
  });

  test('stays a value in CEF, on one line without anything invisible', () => {
    const line = ENCODERS.cef(event);
    expect(line).not.toMatch(UNSEEN);
    const { header, extension } = parseCef(line);
    const harmless = parseCef(ENCODERS.cef(eventWith('harmless')));
    expect(header).toEqual(harmless.header);
    expect(Object.keys(extension)).toEqual(Object.keys(harmless.extension));
    expect(extension['outcome']).toBe('quarantine');
  });

  test.each(['ecs', 'ocsf', 'cef'] as const)(
    'stays within a message of syslog (%s), of any size',
    (format) => {
      for (const max_bytes of [2048, 8192]) {
        const message = messageOf(event, { format, host: name, max_bytes });
        expect(message.length).toBeLessThanOrEqual(max_bytes);
        const { data, message: payload } = parseMessage(message);
        expect(data['backuplens@32473']).toMatchObject({ id: EVENT.id, decision: 'quarantine' });
        expect(message.includes('\n')).toBe(false);
        if (format === 'cef') parseCef(payload);
        else JSON.parse(payload);
      }
    },
  );
});

test('different names stay different names when they are hashed, and the same stay the same', () => {
  const hashed = new Names('hash', Buffer.alloc(32, 7));
  const all = NASTY_NAMES.map(({ name }) => hashed.name(name));
  expect(new Set(all).size).toBe(NASTY_NAMES.length);
  expect(NASTY_NAMES.map(({ name }) => hashed.name(name))).toEqual(all);
  expect(all.every((one) => /^name-[0-9a-f]{32}$/.test(one))).toBe(true);
});
