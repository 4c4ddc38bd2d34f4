import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';

// Of draft 04 it uses nothing that later drafts read otherwise, but for the names of these two.
const {
  $schema: _,
  id: __,
  ...schema
}: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('sarif-2.1.0-rtm.5.json', import.meta.url), 'utf8'),
);
const validate = new Ajv({
  strict: false,
  unicodeRegExp: false,
  allErrors: true,
  formats: fullFormats,
}).compile(schema);
const MAX_SHOWN = 20;

/** What is wrong with a log, one line each. */
export function problemsOfSarif(log: unknown): string[] {
  if (validate(log)) return [];
  return (validate.errors ?? [])
    .slice(0, MAX_SHOWN)
    .map(({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`);
}
