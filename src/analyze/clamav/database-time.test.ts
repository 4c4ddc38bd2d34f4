import { expect, it } from 'vitest';
import { databaseTime } from './database-time.ts';

it("the database's time is read from VERSION, and null where there is none", () => {
  expect(databaseTime('ClamAV 1.4.6/27500/Sun Jan 12 09:45:31 2025')).toBe('2025-01-12T09:45:31Z');
  expect(databaseTime('ClamAV 1.4.6/27500/Sun Mar  2 08:30:00 2025')).toBe('2025-03-02T08:30:00Z');
  for (const version of [
    'ClamAV 1.4.6',
    'ClamAV 1.4.6/1/Sun Foo  2 08:30:00 2025',
    'ClamAV 1/1/Sun Mar 99 99:30:00 2025',
    '',
  ]) {
    expect(databaseTime(version)).toBeNull();
  }
});
