import { z } from 'zod';

const count = z.int().nonnegative();
const ms = z.number().nonnegative();

/** Where the time of a scan went (`scan --stats`). Times in ms, sizes in bytes. */
export const scanStats = z.strictObject({
  /** From the start of the program to the end of its last file. */
  wall_ms: ms,
  cores: count,
  /** User and system time of the processes below together. clamd is none of ours. */
  cpu_ms: ms,
  processes: z.array(
    z.strictObject({
      role: z.enum(['backuplens', 'worker', 'yara-scanner', 'yara-engine', 'ended']),
      /** `ended`: those that were over before (the rules' compiler, workers that were replaced). */
      wall_ms: ms.nullable(),
      cpu_ms: ms,
      /** Of `cpu_ms`, by what it was spent on: it is their sum. null: nobody looked. */
      parts: z.record(z.string(), ms).nullable(),
      /** Its main thread had nothing to do. */
      idle_ms: ms.nullable(),
    }),
  ),
  /** What files waited for. Those of one worker wait side by side: the sum may be more than `wall_ms`. */
  waits: z.record(z.string(), z.strictObject({ times: count, ms })),
  /** What was done, counted. */
  work: z.strictObject({
    /** Calls that read what is scanned, within the workers; what YARA reads by itself is `yara_read_bytes`. */
    reads: count,
    read_bytes: count,
    hashed_bytes: count,
    yara_read_bytes: count,
    /** Files made in the scratch folder, by the workers. */
    scratch_files: count,
    /** Between this program and its workers, both ways. */
    messages: count,
    /** Artifacts that each analyzer began with. */
    examinations: z.record(z.string(), count),
  }),
  limited_by: z.strictObject({
    what: z.enum(['start', 'cpu', 'clamav', 'yara', 'disk', 'unpack', 'nothing']),
    detail: z.string(),
  }),
});
export type ScanStats = z.infer<typeof scanStats>;
