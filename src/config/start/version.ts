import { readFileSync } from 'node:fs';

/** Of this program, as package.json has it. */
export function programVersion(): string {
  // oxlint-disable-next-line house/no-unbounded-read -- our own file
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}
