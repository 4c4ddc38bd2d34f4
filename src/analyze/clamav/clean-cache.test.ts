import { expect, it } from 'vitest';
import { readClamdConf } from './clamd-conf.ts';
import { cacheDoubt } from './clean-cache.ts';

const conf = (text: string) => readClamdConf('/etc/clamav/clamd.conf', text);

it('a cache by MD5 is doubted until it is proven to be off', () => {
  expect(cacheDoubt('ClamAV 1.4.6/27500/x', null)).toMatch(/cannot be read from here/);
  expect(cacheDoubt('ClamAV 0.103.12', conf('CacheSize 65536\n'))).toMatch(
    /clamd.conf lacks DisableCache yes$/,
  );
  expect(cacheDoubt('ClamAV 1.4.6', conf('DisableCache no\n'))).toMatch(/lacks/);
  expect(cacheDoubt('ClamAV 1.4.6', conf('DisableCache yes\n'))).toBeNull();
});

it('one by SHA-256 is not, nor is a daemon that never said what it is', () => {
  expect(cacheDoubt('ClamAV 1.5.0/27500/x', null)).toBeNull();
  expect(cacheDoubt('ClamAV 2.0.1', conf(''))).toBeNull();
  expect(cacheDoubt(null, null)).toBeNull();
});
