import { z } from 'zod';
import { isHost } from './engine-address.ts';

/** What the text of a setting may be, and the value it stands for; the message of each is what was expected. */

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const path = z.string().refine((text) => !text.includes('\0'), 'a path');
/** A program, which is not looked for below the working folder as a path would be. */
export const program = z.string().refine((text) => !text.includes('\0'), 'a path');
export const host = z.string().refine(isHost, 'a host name or an IP address');
export const bool = z
  .enum(['true', 'false', '1', '0'], 'true, false, 1 or 0')
  .transform((text) => text === 'true' || text === '1');

export function integer(min: number, max: number): z.ZodType<number, string> {
  const expected = `an integer from ${min} to ${max}`;
  return (
    z
      .string()
      // Longer than any of our figures has digits.
      .regex(/^\d{1,15}$/, expected)
      .transform(Number)
      .pipe(z.number().min(min, expected).max(max, expected))
  );
}

export const port = integer(1, 65_535);

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = 'a time such as 90s, 15m, 24h or 7d';
/** Longer than anybody waits, and what a timer can take many times over. */
const MAX_DURATION_MS = 3660 * 86_400_000;

/** In ms. */
export const duration = z
  .string()
  .regex(/^\d{1,12}(ms|s|m|h|d)$/, DURATION)
  .transform((text) => Number.parseInt(text, 10) * (UNITS[text.replace(/^\d+/, '')] ?? 1))
  .pipe(z.number().min(1, DURATION).max(MAX_DURATION_MS, DURATION));

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};
const SIZE = 'a size in bytes, or such as 512M or 2G';

/** In bytes. */
export const size = z
  .string()
  .regex(/^\d{1,15}[KMGT]?$/, SIZE)
  .transform((text) => Number.parseInt(text, 10) * (SIZE_UNITS[text.replace(/^\d+/, '')] ?? 1))
  .pipe(z.number().max(Number.MAX_SAFE_INTEGER, SIZE));

const PERCENT = 'a percentage from 0 to 100, such as 0.5';
export const percent = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,6})?$/, PERCENT)
  .transform(Number)
  .pipe(z.number().max(100, PERCENT));

export const paths = z
  .string()
  .refine((text) => !text.includes('\0'), 'folders, separated by :')
  .transform((text) => text.split(':').filter((folder) => folder !== ''));

export const patterns = z
  .string()
  .max(10_000, 'patterns, separated by spaces')
  .transform((text) => text.split(/\s+/).filter((pattern) => pattern !== ''));

export const url = (...schemes: readonly string[]): z.ZodType<string, string> => {
  const expected = `a URL that begins with ${schemes.join(' or ')}`;
  return z.string().refine((text) => {
    return schemes.some((scheme) => text.startsWith(scheme)) && URL.canParse(text);
  }, expected);
};

export const eventFormat = z.enum(['ecs', 'ocsf', 'cef'], 'ecs, ocsf or cef');
