import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { PACKED_MIB, RdbFields } from '../redis/rdb-fields.ts';
import { rdbModuleAux, rdbValue } from '../redis/rdb-values.ts';
import { Damaged } from '../trouble.ts';

/** `REDIS` and four digits. */
const HEADER_BYTES = 9;
/** Since this version a check sum stands at the end. */
const FIRST_SUMMED = 5;
const SUM_BYTES = 8;
/** What is no type of a value (rdb.h). */
const CODE = {
  slot: 0xf4,
  function: 0xf5,
  moduleAux: 0xf7,
  idle: 0xf8,
  frequency: 0xf9,
  auxiliary: 0xfa,
  sizes: 0xfb,
  expiresMs: 0xfc,
  expires: 0xfd,
  database: 0xfe,
  end: 0xff,
} as const;

export const unpacker: Unpacker = {
  doc: {
    name: 'Redis dump (RDB)',
    description:
      'What Redis, Valkey and KeyDB save (`dump.rdb`, versions 1 to 12): strings of 64 bytes and more, and all that are packed, under the name of their key; functions and what modules keep.',
    recognised: '`REDIS` and four digits at 0.',
    limits: [`${PACKED_MIB} MiB a packed string`],
    references: ['Redis: https://github.com/redis/redis/blob/unstable/src/rdb.c'],
    limitations: [
      'Small values that are kept together are one member.',
      'Its check sum is not verified.',
      'Values of types that a fork or a later version has are a gap, with all that follows.',
    ],
  },
  async unpack(container, sink, { signal }) {
    const reader = new ByteReader(container.stream);
    const header = (await reader.exactly(HEADER_BYTES)).toString('latin1');
    if (!/^REDIS\d{4}$/.test(header)) throw new Damaged('its header breaks off');
    const fields = new RdbFields(reader, sink);
    let database = 0;
    for (let item = 0; ; item++) {
      if ((item & 1023) === 0) signal.throwIfAborted();
      const code = await fields.byte();
      if (code === CODE.end) break;
      const about = `(about ${item})`;
      if (code === CODE.database) database = await fields.length();
      else if (code === CODE.sizes) for (let i = 0; i < 2; i++) await fields.length();
      else if (code === CODE.slot) for (let i = 0; i < 3; i++) await fields.length();
      else if (code === CODE.idle) await fields.length();
      else if (code === CODE.frequency) await fields.skip(1);
      else if (code === CODE.expires) await fields.skip(4);
      else if (code === CODE.expiresMs) await fields.skip(8);
      else if (code === CODE.auxiliary) for (let i = 0; i < 2; i++) await fields.string(about);
      else if (code === CODE.function) await fields.string(`(function ${item})`);
      else if (code === CODE.moduleAux) await rdbModuleAux(fields, about, signal);
      else {
        const key = await fields.key(`(key ${item})`);
        await rdbValue(code, fields, `${database}/${key}`, signal);
      }
    }
    if (Number(header.slice(5)) >= FIRST_SUMMED) await fields.skip(SUM_BYTES);
    if (await reader.skipZeros())
      await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
  },
};
