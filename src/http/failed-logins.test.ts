import { expect, test } from 'vitest';
import { FailedLogins } from './failed-logins.ts';

test('an address is told to wait from the twenty-first failure in a minute on, and nobody else is', () => {
  let now = 0;
  const logins = new FailedLogins(() => now);
  for (let attempt = 0; attempt < 20; attempt++) expect(logins.failed('192.0.2.1')).toBe(0);
  expect(logins.failed('192.0.2.1')).toBe(60);
  expect(logins.failed('192.0.2.2')).toBe(0);
  now += 59_000;
  expect(logins.failed('192.0.2.1')).toBe(1);
  now += 1000;
  expect(logins.failed('192.0.2.1')).toBe(0);
});

test('the addresses of one network of IPv6 are one', () => {
  const logins = new FailedLogins(() => 0);
  let wait = 0;
  for (let attempt = 0; attempt < 21; attempt++) wait = logins.failed(`2001:db8:1:2:${attempt}::1`);
  expect(wait).toBeGreaterThan(0);
  expect(logins.failed('2001:db8:1:3::1')).toBe(0);
});

test('a hundred thousand addresses take the room of ten thousand', () => {
  let now = 0;
  const logins = new FailedLogins(() => now++ / 1000);
  for (let at = 0; at < 100_000; at++) logins.failed(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
  expect(logins.addresses).toBeLessThanOrEqual(10_000);
});
