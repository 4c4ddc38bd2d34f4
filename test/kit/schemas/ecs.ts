import { readFileSync } from 'node:fs';

interface Field {
  readonly type: string;
  readonly array?: boolean;
  /** A closed list; of categories, the types that are expected with each. */
  readonly values?: Readonly<Record<string, readonly string[] | null>>;
}

const { fields }: { fields: Readonly<Record<string, Field>> } = JSON.parse(
  readFileSync(new URL('ecs-9.4.0.json', import.meta.url), 'utf8'),
);

/** Our own, which the schema leaves free. */
const OWN = 'backuplens';

/** What is wrong with an event, one line each. */
export function problemsOfEcs(event: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  const walk = (value: unknown, name: string): void => {
    const field = fields[name];
    if (field === undefined) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        problems.push(`${name} is no field`);
        return;
      }
      for (const [key, inner] of Object.entries(value)) walk(inner, `${name}.${key}`);
      return;
    }
    if (Array.isArray(value) !== (field.array === true)) problems.push(`${name}: a list, or none`);
    for (const one of [value].flat()) {
      if (!fits(one, field.type)) problems.push(`${name} is no ${field.type}: ${JSON.stringify(one)}`);
      if (field.values !== undefined && !(String(one) in field.values))
        problems.push(`${name}: ${String(one)}`);
    }
  };
  for (const [name, value] of Object.entries(event)) if (name !== OWN) walk(value, name);
  const { category, type } = event['event'] as { category: string[]; type: string[] };
  for (const one of category) {
    const expected = fields['event.category']?.values?.[one] ?? [];
    for (const of of type) if (!expected.includes(of)) problems.push(`${one} does not go with ${of}`);
  }
  return problems;
}

function fits(value: unknown, type: string): boolean {
  if (type === 'date') return typeof value === 'string' && !Number.isNaN(Date.parse(value));
  if (type === 'long') return Number.isSafeInteger(value);
  if (type === 'float') return typeof value === 'number';
  return typeof value === 'string';
}
