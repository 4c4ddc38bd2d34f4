import type { ContentType } from '../domain/index.ts';
import { TYPES } from './types.ts';

/** What one step of identification found out. */
export interface Known {
  readonly mime: string;
  readonly description: string;
  readonly container: string | null;
  readonly density: ContentType['density'];
}

const MAX_DESCRIPTION = 200;

/** The row of types.ts, with what a step knows better than the table. */
export function known(mime: string, better: Partial<Omit<Known, 'mime'>> = {}): Known {
  const type = TYPES.get(mime) ?? { description: mime, container: null, density: 'unknown' as const };
  return { mime, ...type, ...better };
}

/** ASCII without control characters, at most 200 characters: content must not speak through us. */
export function clean(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_DESCRIPTION);
}
