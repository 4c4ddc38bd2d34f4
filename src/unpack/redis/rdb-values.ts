import { Damaged, Unsupported } from '../trouble.ts';
import type { RdbFields } from './rdb-fields.ts';

/** What of a value is read, one after the other: rdbLoadObject in rdb.c. */
type Shape = (value: Value) => Promise<void>;

/** A value whose strings are members under the name of its key. */
interface Value {
  readonly fields: RdbFields;
  readonly name: string;
  readonly signal: AbortSignal;
}

const DOUBLE_BYTES = 8;
const TIME_BYTES = 8;
/** Of an entry in a stream. */
const ID_BYTES = 16;
/** Lengths above are no numbers: infinities. */
const LEAST_SPECIAL_SCORE = 253;

const string: Shape = ({ fields, name }) => fields.string(name);

/** So many lengths, so many times what `each` reads. */
function rows(each: (value: Value, index: number) => Promise<void>): Shape {
  return async (value) => {
    const count = await value.fields.length();
    for (let index = 0; index < count; index++) {
      if ((index & 1023) === 0) value.signal.throwIfAborted();
      await each(value, index);
    }
  };
}

function strings(each: number): Shape {
  return rows(async ({ fields, name }, index) => {
    for (let part = 0; part < each; part++) await fields.string(`${name}/${index * each + part}`);
  });
}

/** A score in letters, behind its length. */
async function scoreInText(fields: RdbFields): Promise<void> {
  const length = await fields.byte();
  if (length < LEAST_SPECIAL_SCORE) await fields.skip(length);
}

function stream(version: 1 | 2 | 3): Shape {
  return async (value) => {
    const { fields, name } = value;
    await strings(2)(value);
    // How many entries, and the last id; then also the first, the last that was deleted, and how many were added.
    await lengths(fields, version === 1 ? 3 : 8);
    await rows(async (_, group) => {
      await fields.string(`${name}/group ${group}`);
      await lengths(fields, version === 1 ? 2 : 3);
      await rows(async () => {
        await fields.skip(ID_BYTES + TIME_BYTES);
        await fields.length();
      })(value);
      await rows(async (__, consumer) => {
        await fields.string(`${name}/group ${group}/consumer ${consumer}`);
        await fields.skip(version === 3 ? 2 * TIME_BYTES : TIME_BYTES);
        await rows(() => fields.skip(ID_BYTES))(value);
      })(value);
    })(value);
  };
}

async function lengths(fields: RdbFields, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await fields.length();
}

/** What a module wrote, each piece behind what it is (rdb.h, RDB_MODULE_OPCODE_…). */
const MODULE = { end: 0, signed: 1, unsigned: 2, float: 3, double: 4, string: 5 } as const;

async function moduleValue({ fields, name, signal }: Value): Promise<void> {
  for (let piece = 0; ; piece++) {
    if ((piece & 1023) === 0) signal.throwIfAborted();
    const kind = await fields.length();
    if (kind === MODULE.end) return;
    if (kind === MODULE.signed || kind === MODULE.unsigned) await fields.length();
    else if (kind === MODULE.double) await fields.skip(DOUBLE_BYTES);
    else if (kind === MODULE.float) await fields.skip(4);
    else if (kind === MODULE.string) await fields.string(`${name}/${piece}`);
    else throw new Damaged('a piece of a module that there is not');
  }
}

/** By the numbers of rdb.h. */
const SHAPES: Readonly<Record<number, Shape>> = {
  0: string,
  1: strings(1),
  2: strings(1),
  3: rows(async ({ fields, name }, index) => {
    await fields.string(`${name}/${index}`);
    await scoreInText(fields);
  }),
  4: strings(2),
  5: rows(async ({ fields, name }, index) => {
    await fields.string(`${name}/${index}`);
    await fields.skip(DOUBLE_BYTES);
  }),
  7: async (value) => {
    await value.fields.length();
    await moduleValue(value);
  },
  9: string,
  10: string,
  11: string,
  12: string,
  13: string,
  14: strings(1),
  15: stream(1),
  16: string,
  17: string,
  18: rows(async ({ fields, name }, index) => {
    await fields.length();
    await fields.string(`${name}/${index}`);
  }),
  19: stream(2),
  20: string,
  21: stream(3),
  24: async (value) => {
    await value.fields.skip(TIME_BYTES);
    await rows(async ({ fields, name }, index) => {
      await fields.length();
      await fields.string(`${name}/${2 * index}`);
      await fields.string(`${name}/${2 * index + 1}`);
    })(value);
  },
  25: async (value) => {
    await value.fields.skip(TIME_BYTES);
    await string(value);
  },
};

/** Reads one value of this type. Throws Unsupported where nobody knows where it ends. */
export async function rdbValue(
  type: number,
  fields: RdbFields,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const shape = SHAPES[type];
  if (shape === undefined) throw new Unsupported(`a value of type ${type}`);
  await shape({ fields, name, signal });
}

/** What a module keeps beside the keys: its id, when it was written, and its pieces. */
export async function rdbModuleAux(fields: RdbFields, name: string, signal: AbortSignal): Promise<void> {
  await lengths(fields, 3);
  await moduleValue({ fields, name, signal });
}
