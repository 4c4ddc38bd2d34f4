import { z } from 'zod';

/** What crosses between a clamav-updater and whoever asks it (docs: CONTRACTS, section 4). */

/** How an update ended. */
export const UPDATE_RESULTS = [
  'updated',
  'up_to_date',
  'rate_limited',
  'cool_down',
  'outdated',
  'busy',
  'timed_out',
  'no_runtime',
  'no_container',
  'permission_denied',
  'failed',
] as const;
export type UpdateResult = (typeof UPDATE_RESULTS)[number];

const lastUpdate = z.object({
  result: z.enum(UPDATE_RESULTS),
  message: z.string(),
  timestamp: z.iso.datetime(),
  /** RFC 3339; only of a cool-down or a rate limit. */
  retry_after: z.iso.datetime().nullable(),
});
export type LastUpdate = z.infer<typeof lastUpdate>;

/** `GET /health`. */
export const updaterHealth = z.object({
  status: z.literal('healthy'),
  clamav_host: z.string(),
  runtime: z.enum(['podman', 'docker', 'freshclam']).nullable(),
  /** As clamd says it; null when it does not answer. */
  database: z.object({ version: z.string(), time: z.iso.datetime().nullable() }).nullable(),
  /** null: none since this service began. */
  last_update: lastUpdate.nullable(),
  /** The database may have changed then, and has not since. */
  changed_at: z.iso.datetime(),
});
export type UpdaterHealth = z.infer<typeof updaterHealth>;

/** `POST /update`, whatever its status. */
export const updateReply = z.object({
  success: z.boolean(),
  message: z.string(),
  timestamp: z.iso.datetime(),
  result: z.enum(UPDATE_RESULTS),
  /** The end of what freshclam said, control characters escaped. */
  output: z.string(),
  database: z.object({ version: z.string(), time: z.iso.datetime().nullable() }).nullable(),
  retry_after: z.iso.datetime().optional(),
});
export type UpdateReply = z.infer<typeof updateReply>;
