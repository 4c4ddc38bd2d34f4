import { expect, it } from 'vitest';
import { readClamdConf } from './clamd-conf.ts';

it('what is written in a clamd.conf is read as clamd reads it', () => {
  const conf = readClamdConf(
    '/etc/clamav/clamd.conf',
    [
      '# StreamMaxLength 1M',
      'StreamMaxLength 25M',
      'MaxFileSize 1k',
      'MaxScanSize 0',
      'AlertExceedsMax true',
      'DisableCache no',
      'LocalSocket "/run/clamav/clamd.ctl"',
      'TCPAddr 127.0.0.1',
      'TCPAddr ::1\r',
      'AlertEncrypted',
      'MaxQueue many',
    ].join('\n'),
  );
  expect(conf.bytes('StreamMaxLength')).toBe(25 * 1024 * 1024);
  expect(conf.bytes('MaxFileSize')).toBe(1024);
  expect(conf.bytes('MaxScanSize')).toBe(0);
  expect(conf.bytes('MaxQueue')).toBeNull();
  expect(conf.bytes('MaxScanTime')).toBeNull();
  expect(conf.isOn('AlertExceedsMax')).toBe(true);
  expect(conf.isOn('DisableCache')).toBe(false);
  expect(conf.isOn('AlertEncrypted')).toBe(false);
  expect(conf.value('LocalSocket')).toBe('/run/clamav/clamd.ctl');
  expect(conf.values('TCPAddr')).toEqual(['127.0.0.1', '::1']);
});
