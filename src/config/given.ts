import { z } from 'zod';
import { BackupLensError } from '../domain/index.ts';
import { VARIABLES, type VariableName } from './environment.ts';
import { suggestion } from './nearest.ts';
import type { Setting } from './setting.ts';
import type { Environment } from './start/index.ts';

export type ValueOf<N extends VariableName> = z.output<(typeof VARIABLES)[N]['schema']>;

/** The value and the name it was really given under; null for what is unset or empty. */
export type Given = { readonly [N in VariableName]: Setting<ValueOf<N>> | null };

const PREFIX = 'BACKUPLENS_';

// Nothing but the table's own keys comes of it.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const NAMES = Object.keys(VARIABLES) as VariableName[];

/** All our variables, validated. Throws BL_CONFIG with everything that is wrong at once, one line each. */
export function readEnvironment(environment: Environment): Given {
  const problems = unknownNames(environment);
  const get = (name: VariableName): Setting<unknown> | null => {
    const given = find(name, environment);
    if (given === null) return null;
    const { schema, secret } = VARIABLES[name];
    const parsed = z.safeParse(schema, given.text);
    if (parsed.success) return { value: parsed.data, origin: `environment ${given.name}` };
    const shown = secret ? '[redacted]' : JSON.stringify(given.text.slice(0, 100));
    problems.push(
      `${given.name}: expected ${parsed.error.issues[0]?.message ?? 'another value'}, got ${shown}`,
    );
    return null;
  };
  const given = Object.fromEntries(NAMES.map((name) => [name, get(name)]));
  if (problems.length > 0) throw new BackupLensError('BL_CONFIG', problems.join('\n'));
  // The table pairs each name with its own schema; the compiler cannot follow that through the index.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return given as Given;
}

/** Compose files write `${X:-}`, so an empty value counts as none. */
function find(name: VariableName, environment: Environment): { name: string; text: string } | null {
  for (const candidate of namesOf(name)) {
    const text = environment[candidate];
    if (text !== undefined && text !== '') return { name: candidate, text };
  }
  return null;
}

function namesOf(name: VariableName): readonly string[] {
  return name.startsWith(PREFIX) ? [name] : [`${PREFIX}${name}`, name];
}

/** Under our own prefix a name that is not ours is a misspelt one. */
function unknownNames(environment: Environment): string[] {
  const known = NAMES.map((name) => (name.startsWith(PREFIX) ? name : `${PREFIX}${name}`));
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .toSorted()
    .map((name) => `${JSON.stringify(name.slice(0, 100))}: unknown variable; ${suggestion(name, known)}`);
}
