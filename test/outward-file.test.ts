import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Sink } from '../src/outward/index.ts';
import { eventsFile } from '../src/outward/sinks/events-file.ts';
import { EVENT } from './kit/events/sample-event.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';

let root: string;
let path: string;
const sinks: Sink[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'backuplens-events-file-'));
  mkdirSync(join(root, 'log'), { mode: 0o700 });
  path = join(root, 'log/events.jsonl');
});
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close();
  rmSync(root, { recursive: true, force: true });
});

async function open(more: { readonly max_bytes?: number; readonly keep?: number } = {}): Promise<Sink> {
  const sink = await eventsFile({ path, format: 'ecs', max_bytes: 2 ** 20, keep: 2, ...more });
  sinks.push(sink);
  return sink;
}
const { signal } = new AbortController();
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ({ ...EVENT, id: String(from + at) }));
const idsIn = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).event.id);

test('every event is a line of its own, whatever is in its names, and the file is nobody else’s', async () => {
  const sink = await open();
  const events = NASTY_NAMES.map(({ name }, at) => ({ ...EVENT, id: String(at), path: name, detail: name }));
  expect(await sink.deliver(events, signal)).toEqual({ outcome: 'done' });
  expect(idsIn(path)).toEqual(events.map(({ id }) => id));
  expect(readFileSync(path, 'latin1')).toMatch(/^[\x20-\x7e\n]*$/);
  expect(statSync(path).mode & 0o027).toBe(0);
});

test('where it would grow beyond its bound, a new one is begun, and so many older ones stay', async () => {
  const sink = await open({ max_bytes: 8000, keep: 2 });
  for (let at = 0; at < 40; at++) await sink.deliver(numbered(at, at + 1), signal);
  expect(readdirSync(join(root, 'log')).toSorted()).toEqual([
    'events.jsonl',
    'events.jsonl.1',
    'events.jsonl.2',
  ]);
  for (const name of readdirSync(join(root, 'log')))
    expect(statSync(join(root, 'log', name)).size).toBeLessThanOrEqual(8000);
  const kept = ['.2', '.1', ''].flatMap((ending) => idsIn(path + ending));
  expect(kept).toEqual(numbered(40 - kept.length, 40).map(({ id }) => id));
});

test('a file that another program put away is begun anew under its name', async () => {
  const sink = await open();
  await sink.deliver(numbered(0, 2), signal);
  renameSync(path, join(root, 'log/events.jsonl-20260801'));
  await sink.deliver(numbered(2, 4), signal);
  rmSync(path);
  await sink.deliver(numbered(4, 6), signal);
  expect(idsIn(join(root, 'log/events.jsonl-20260801'))).toEqual(['0', '1']);
  expect(idsIn(path)).toEqual(['4', '5']);
});

test('a line that a crash has cut does not spoil the one after it', async () => {
  await (await open()).deliver(numbered(0, 1), signal);
  appendFileSync(path, '{"event":{"id":"cut');
  await (await open()).deliver(numbered(1, 2), signal);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[2] ?? '').event.id).toBe('1');
});

test('a link, a file with another name, and a folder in its place are not written to', async () => {
  const other = join(root, 'other');
  writeFileSync(other, 'of somebody else');
  for (const make of [() => symlinkSync(other, path), () => linkSync(other, path), () => mkdirSync(path)]) {
    make();
    const sink = await open();
    await expect(sink.deliver(numbered(0, 1), signal)).rejects.toThrow(/ELOOP|EISDIR|is no file of its own/);
    expect(readFileSync(other, 'utf8')).toBe('of somebody else');
    rmSync(path, { recursive: true });
  }
});

test('a folder that is missing, or that others can change, is an error of the configuration', async () => {
  chmodSync(join(root, 'log'), 0o777);
  await expect(open()).rejects.toMatchObject({ code: 'BL_CONFIG' });
  rmSync(join(root, 'log'), { recursive: true });
  await expect(open()).rejects.toMatchObject({ code: 'BL_CONFIG' });
  expect(existsSync(path)).toBe(false);
});
