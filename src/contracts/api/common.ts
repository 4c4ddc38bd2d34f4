import { z } from 'zod';

/** What the answers of the pipeline's API have in common (docs/api.md). */
export const count = z.int().nonnegative();
export const instant = z.iso.datetime().describe('RFC 3339, UTC');
export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('lower-case hex');
export const id = z.string().regex(/^\d{8}T\d{9}Z-[0-9a-f]{12}$/);
/** The text of a name that is not UTF-8 is for people: its bytes are beside it. */
export const path = z.string();
export const pathBase64 = z.string().optional().describe('only where the path is not UTF-8: its bytes');

/** Items of one page: 500 with the longest names are 1 MB. */
const MAX_PAGE = 500;
export const DEFAULT_PAGE = 50;

/** A number in a query, which is text; only digits count as one. */
export function figure(
  least: number,
  most: number,
  more: { readonly default?: number; readonly description: string },
) {
  const range = `an integer from ${least} to ${most}`;
  return z
    .string()
    .refine((text) => /^\d{1,15}$/.test(text), range)
    .transform(Number)
    .pipe(z.number().min(least, range).max(most, range))
    .optional()
    .meta({ type: 'integer', minimum: least, maximum: most, ...more });
}

/** What every list takes. */
export const paging = {
  limit: figure(1, MAX_PAGE, { default: DEFAULT_PAGE, description: 'items of one page' }),
  cursor: z.string().min(1).max(256).optional().describe('`next` of the page before, with the same filters'),
};

/** Path filters are texts: whatever is not UTF-8 cannot be asked for. */
export const under = z.string().min(1).max(4096).optional().describe('the path begins with this');
export const kind = z.string().min(1).max(64).optional().describe('a kind of finding, or `gap`');
export const rule = z
  .string()
  .min(1)
  .max(1024)
  .optional()
  .describe('a rule or signature; of a gap `reason:by`');
export const since = z.iso.datetime().optional().describe('at this instant or later');
export const until = z.iso.datetime().optional().describe('before this instant');
export const idParams = z.strictObject({ id });

/** A page of a list, and where the next one begins. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().nullable().describe('null: this was the last page'),
  });

/** RFC 9457. */
export const problem = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  code: z.string().describe('for programs: does not change with the words'),
  errors: z.array(z.strictObject({ at: z.string(), detail: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;
