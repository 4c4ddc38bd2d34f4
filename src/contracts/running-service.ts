import { z } from 'zod';

/** `service.json` in DATA_DIR, while a service runs on it: where the commands on this machine find it. */
export const RUNNING_SERVICE_FILE = 'service.json';
export const runningService = z.strictObject({ url: z.url(), pid: z.int().positive() });
export type RunningService = z.infer<typeof runningService>;
