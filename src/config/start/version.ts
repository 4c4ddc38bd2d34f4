import { readFileSync } from 'node:fs';
import { PROGRAMS } from '../../domain/index.ts';

/** Of this program, as package.json has it. */
export function programVersion(): string {
  // oxlint-disable-next-line house/no-unbounded-read -- our own file
  const text = readFileSync(new URL('../package.json', PROGRAMS), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}
