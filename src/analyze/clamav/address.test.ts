import { describe, expect, it } from 'vitest';
import { describeAddress, parseClamdAddress } from './address.ts';

describe('an address of a clamd', () => {
  it('is a host and a port, or a socket', () => {
    expect(parseClamdAddress('localhost:3310')).toEqual({ kind: 'tcp', host: 'localhost', port: 3310 });
    expect(parseClamdAddress('clamav.example_1.org:1')).toMatchObject({
      host: 'clamav.example_1.org',
      port: 1,
    });
    expect(parseClamdAddress('[::1]:3310')).toEqual({ kind: 'tcp', host: '::1', port: 3310 });
    expect(parseClamdAddress('[fe80::1%eth0]:3310')).toMatchObject({ host: 'fe80::1%eth0' });
    expect(parseClamdAddress('unix:/run/clamd.ctl')).toEqual({ kind: 'unix', path: '/run/clamd.ctl' });
    expect(parseClamdAddress('unix:clamd.ctl')).toEqual({ kind: 'unix', path: 'clamd.ctl' });
    expect(parseClamdAddress('/run/clamd.ctl')).toEqual({ kind: 'unix', path: '/run/clamd.ctl' });
  });

  it('reads back as it is described', () => {
    for (const text of ['localhost:3310', '[::1]:3310', 'unix:/run/clamd.ctl']) {
      expect(describeAddress(parseClamdAddress(text))).toBe(text);
    }
  });

  it('that is none is refused with a hint', () => {
    const bad = [
      '',
      'localhost',
      ':3310',
      'localhost:',
      'localhost:0',
      'localhost:65536',
      'localhost:33x',
      '::1:3310',
    ];
    const worse = [
      '[::1]',
      'http://localhost:3310',
      'a b:1',
      'localhost:3310\n',
      'unix:',
      'unix:a\0b',
      'off',
    ];
    for (const text of [...bad, ...worse, `unix:/${'x'.repeat(107)}`]) {
      expect(() => parseClamdAddress(text)).toThrow(
        expect.objectContaining({ code: 'BL_USAGE', hint: expect.any(String) }),
      );
    }
  });
});
