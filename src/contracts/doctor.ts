import { z } from 'zod';

/** What `doctor --json` says. */
export const DOCTOR_SCHEMA = 'backuplens.doctor/1';

/** `warn`: it works, and less than it could. `fail`: something is not examined, or not safe, as long as this stands. */
const HEALTH_STATES = ['ok', 'warn', 'fail'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

const healthCheck = z.strictObject({
  /** Stable: scripts may look for it. */
  id: z.string(),
  state: z.enum(HEALTH_STATES),
  /** What is so, in one sentence. */
  what: z.string(),
  /** What to do about it; null: nothing. */
  todo: z.string().nullable(),
  /** The figures behind the sentence. */
  facts: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string()).readonly()]),
  ),
});
export type HealthCheck = z.infer<typeof healthCheck>;

export const doctorReport = z.strictObject({
  schema: z.literal(DOCTOR_SCHEMA),
  tool: z.strictObject({ name: z.literal('backuplens'), version: z.string() }),
  /** The worst of all checks. */
  state: z.enum(HEALTH_STATES),
  checks: z.array(healthCheck),
});
export type DoctorReport = z.infer<typeof doctorReport>;
