import { existsSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FileSystems } from './file-systems.ts';

const of = async (path: string): ReturnType<FileSystems['of']> =>
  new FileSystems().of(Buffer.from(path), statSync(path, { bigint: true }).dev);

test('metadata are believed on this machine’s own disks alone: a file system in memory, or of the kernel, is none', async () => {
  const places = ['/dev/shm', '/proc/self', '/sys'].filter((place) => existsSync(place));
  expect(places.length).toBeGreaterThan(0);
  for (const place of places) expect([place, await of(place)]).toEqual([place, null]);
});

test('what cannot be looked at is believed nothing of, and a device keeps what was first said of it', async () => {
  const systems = new FileSystems();
  expect(await systems.of(Buffer.from('/nowhere/at/all'), 1n)).toBeNull();
  expect(await systems.of(Buffer.from('/'), 1n)).toBeNull();
});
