import type { Externals } from '../../analyze/yara/load-engine.ts';

const MAX_CHARS = 4096;
const NAMES = ['filename', 'filepath', 'extension', 'filetype', 'owner'] as const;

/** What JSON says of an artifact: what rules may read, and no longer than they should; null for what says nothing. */
export function externalsIn(json: string): Externals | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const given: Readonly<Record<string, unknown>> = { ...value };
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const text = given[name];
      return typeof text === 'string' ? [[name, text.slice(0, MAX_CHARS)]] : [];
    }),
  );
}
