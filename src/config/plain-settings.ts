import { resolve } from 'node:path';
import { z } from 'zod';
import { VARIABLES, type VariableName } from './environment.ts';
import { NAMES, type Given, type ValueOf } from './given.ts';
import { Secret } from './secret.ts';
import type { Setting } from './setting.ts';
import { path, paths } from './value-kinds.ts';

type Follows<N extends VariableName> = (typeof VARIABLES)[N]['follows'];
type Value<N extends VariableName> =
  Follows<N> extends 'usual' ? ValueOf<N> : Follows<N> extends 'secret' ? Secret | null : ValueOf<N> | null;
type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${Lowercase<First>}${Capitalize<CamelCase<Rest>>}`
  : Lowercase<Name>;

/** Variables that alone decide what is in force. */
export type PlainName = { [N in VariableName]: Follows<N> extends 'special' ? never : N }[VariableName];

/** SCAN_INTERVAL_MS as scanIntervalMs, and so on; times in ms, sizes in bytes, paths absolute. */
export type PlainSettings = { readonly [N in PlainName as CamelCase<N>]: Setting<Value<N>> };

export function plainSettings(cwd: string, given: Given): PlainSettings {
  const plain = NAMES.filter((name) => VARIABLES[name].follows !== 'special');
  const settings = Object.fromEntries(plain.map((name) => [keyOf(name), inForce(name, cwd, given[name])]));
  // The types of names and values follow the table; the compiler cannot follow that through the index.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return settings as PlainSettings;
}

export function plainSetting(settings: PlainSettings, name: PlainName): Setting<unknown> {
  // As above.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return settings[keyOf(name) as keyof PlainSettings];
}

function keyOf(name: VariableName): string {
  return name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function inForce(name: VariableName, cwd: string, given: Setting<unknown> | null): Setting<unknown> {
  const { follows, schema, default: fallback } = VARIABLES[name];
  const { value, origin } = given ?? {
    value: follows === 'usual' ? z.parse<z.ZodType>(schema, fallback) : null,
    origin: 'default',
  };
  if (typeof value === 'string') {
    if (follows === 'secret') return { value: new Secret(value), origin };
    if (schema === path) return { value: resolve(cwd, value), origin };
  }
  if (schema === paths && Array.isArray(value))
    return { value: value.map((one) => resolve(cwd, String(one))), origin };
  return { value, origin };
}
