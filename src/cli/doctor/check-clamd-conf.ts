import type { ClamdConf } from '../../analyze/clamav/index.ts';
import type { HealthCheck } from '../../contracts/index.ts';
import { isLoopback } from '../../domain/index.ts';
import { number, size } from '../../report/index.ts';
import { fail, ok, warn } from './check.ts';

/** What clamd does where its clamd.conf says nothing (clamd.conf(5), 1.4). */
const SIZES = { StreamMaxLength: 100 * 2 ** 20, MaxFileSize: 100 * 2 ** 20, MaxScanSize: 400 * 2 ** 20 };
const LIMITS = { MaxRecursion: 17, MaxFiles: 10_000, MaxScanTime: 120_000 };

/** What a clamd.conf hides: beyond its limits clamd says OK, and only the canary of a stream's size would notice. */
export function checkClamdConf(conf: ClamdConf | null): HealthCheck[] {
  const id = 'clamd-conf';
  if (conf === null) {
    const what = 'its clamd.conf cannot be read from here: limits on time, nesting and members may be silent';
    return [
      warn(id, what, 'name it with CLAMD_CONF, or use config/clamav/clamd.conf, which alerts on all of them'),
    ];
  }
  const { path } = conf;
  const limits = {
    path,
    ...Object.fromEntries(Object.entries(SIZES).map(([name, usual]) => [name, conf.bytes(name) ?? usual])),
    ...Object.fromEntries(
      Object.entries(LIMITS).map(([name, usual]) => [name, Number(conf.value(name) ?? usual)]),
    ),
    AlertExceedsMax: conf.isOn('AlertExceedsMax'),
    AlertEncrypted: conf.isOn('AlertEncrypted'),
  };
  const add = (line: string): string => `write ${line} into ${path} and restart clamd`;
  return [
    conf.isOn('AlertExceedsMax')
      ? ok(id, `${path} alerts on whatever exceeds its limits`, limits)
      : fail(
          id,
          `${path}: beyond its limits (${inWords(conf)}) clamd says OK`,
          add('AlertExceedsMax yes'),
          limits,
        ),
    ...(conf.isOn('AlertEncrypted')
      ? []
      : [
          warn(
            'clamd-encrypted',
            `${path}: locked archives are "OK" for clamd; ours are told all the same`,
            add('AlertEncrypted yes'),
          ),
        ]),
    ...openToAll(conf),
  ];
}

function inWords(conf: ClamdConf): string {
  const sizes = Object.entries(SIZES).map(([name, usual]) => {
    const bytes = conf.bytes(name) ?? usual;
    return `${name} ${bytes === 0 ? 'none' : size(bytes)}`;
  });
  const figures = Object.entries(LIMITS).map(
    ([name, usual]) => `${name} ${number(Number(conf.value(name) ?? usual))}`,
  );
  return [...sizes, ...figures].join(', ');
}

function openToAll(conf: ClamdConf): HealthCheck[] {
  if (conf.value('TCPSocket') === null) return [];
  const open = conf.values('TCPAddr').filter((address) => !isLoopback(address));
  if (open.length === 0 && conf.values('TCPAddr').length > 0) return [];
  const what = `${conf.path}: clamd listens on ${open.join(', ') || 'every address'}, and knows no passwords: whoever reaches it can shut it down`;
  return [
    warn('clamd-exposed', what, 'TCPAddr 127.0.0.1, or a network that nobody else reaches', {
      addresses: open,
    }),
  ];
}
