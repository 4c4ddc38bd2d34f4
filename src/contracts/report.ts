import { z } from 'zod';
import { DECISIONS, FINDING_KINDS, GAP_REASONS } from '../domain/index.ts';
import { REPORT_SCHEMA } from './plain/report-words.ts';
import { scanStats } from './scan-stats.ts';

/**
 * The report as it crosses a wire (docs: CONTRACTS, section 2). schema/report.schema.json is generated from here.
 * Sizes are bytes, times `_ms` or RFC 3339 UTC, hashes lower-case hex SHA-256.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const time = z.iso.datetime();
const trail = z.array(z.string()).min(1);
const decision = z.enum(DECISIONS);
const engineStatus = z.enum(['ok', 'unproven', 'unavailable', 'failed', 'off']);

const inspected = z.strictObject({ artifacts: count, bytes: count, windowed: count.optional() });

const finding = z.strictObject({
  kind: z.enum(FINDING_KINDS),
  engine: z.string(),
  rule: z.string(),
  weight: count,
  trail,
  sha256: sha256.nullable(),
  detail: z.string(),
  offset: count.nullable(),
  evidence: z.record(
    z.string(),
    z.union([
      z.string(),
      z.number(),
      z.boolean(),
      z.null(),
      z.array(z.union([z.string(), z.number()])).readonly(),
    ]),
  ),
  /** The baseline's reason, where the finding is known and accepted. */
  accepted: z.string().optional(),
});

const gap = z.strictObject({
  stage: z.enum(['intake', 'identify', 'unpack', 'analyze', 'pipeline']),
  by: z.string(),
  reason: z.enum(GAP_REASONS),
  trail,
  detail: z.string(),
  bytes: count.nullable(),
  /** How many artifacts this line stands for; absent means one. */
  artifacts: count.optional(),
  /** What the policy says of it. */
  rule: z.enum(['tolerate', 'review', 'quarantine']),
  /** Why it is known and accepted (policy or baseline). */
  accepted: z.string().optional(),
});

const measurement = z.strictObject({
  name: z.string(),
  engine: z.string(),
  trail,
  value: z.union([z.number(), z.string()]),
});

const disposition = z.strictObject({
  action: z.enum(['none', 'quarantined', 'held', 'released', 'failed']),
  /** Where the file is now. */
  location: z.string(),
  id: z.string().nullable(),
  detail: z.string().nullable(),
});

export const fileResult = z.strictObject({
  path: z.string(),
  /** Only where the path is not valid UTF-8: its bytes. */
  path_base64: z.string().optional(),
  /** Files of a set or folder that was decided as one, in one result; absent: it is one file. */
  files: count.optional(),
  size: count.nullable(),
  /** Of several files: of their manifest (docs/store.md). */
  sha256: sha256.nullable(),
  content_type: z.strictObject({ mime: z.string(), description: z.string(), claimed: z.string().nullable() }),
  verdict: z.enum(['benign', 'unknown', 'suspicious', 'malicious']),
  decision,
  score: count,
  score_lines: z.array(
    z.strictObject({ kind: z.string(), points: count, rule: z.string(), trail: z.array(z.string()) }),
  ),
  provisional: z.boolean(),
  /** Every ground that led past auto_approve, in words. */
  reasons: z.array(z.string()),
  findings: z.array(finding),
  gaps: z.array(gap),
  /** Of the file itself; and `…opened_with_…`, which password opened a member: its place in the list, never the password. */
  measurements: z.array(measurement),
  /** Artifacts and bytes of the whole tree, and what each analyzer saw of them. */
  coverage: z.strictObject({
    artifacts: count,
    bytes: count,
    /** Artifacts of 64 KiB and more of no known type, or packed in a way that nothing here opens: engines saw their bytes, nobody looked inside. Absent: none. */
    raw_only: z.strictObject({ artifacts: count, bytes: count }).optional(),
    clamav: inspected.optional(),
    yara: inspected.optional(),
    entropy: inspected.optional(),
    'type-mismatch': inspected.optional(),
  }),
  /** What the bounds above left out of this result. */
  omitted: z.strictObject({ findings: count, gaps: count }).optional(),
  disposition: disposition.optional(),
  /**
   * It was found out before. `content`: it was read, and has the same SHA-256. `metadata`: it was not read, since inode, size and
   * times are those of then. Absent: it was examined in this run.
   */
  cached: z.strictObject({ by: z.enum(['content', 'metadata']), examined_at: time }).optional(),
  duration_ms: count,
});
export type FileResult = z.infer<typeof fileResult>;

const cacheSummary = z.strictObject({
  path: z.string(),
  /** Why nothing is read or kept; null: it works. */
  off: z.string().nullable(),
  /** Where a damaged one was put; null: there was none. */
  put_aside: z.string().nullable(),
  /** Entries that somebody else has written or changed: they were not believed. */
  refused: count,
  /** Entries that could not be kept. */
  not_kept: count,
  /** Files that were examined; that were read, and known by their content; that were not read, since their metadata are the same. */
  read: count,
  by_content: count,
  by_metadata: count,
  /** Of what is known: examined all the same, and compared; how often that was not the same. */
  verified: count,
  mismatched: count,
  /** Artifacts, by engine: of which it was asked, and of which its answer was known. */
  asked: z.record(z.string(), count),
  known: z.record(z.string(), count),
});

export const summary = z.strictObject({
  decision,
  files: count,
  /** Given folders that have a result of their own, counted with the decisions and not as files. Absent: none. */
  folders: count.optional(),
  artifacts: count,
  bytes: count,
  auto_approve: count,
  manual_review: count,
  quarantine: count,
  errors: count,
  gaps: count,
  provisional: count,
  skipped: count,
  /** Links met on the way that lead out of what was to be scanned. */
  outward_links: count,
  /** The run was ended (Ctrl-C) before everything was seen. */
  interrupted: z.boolean(),
  /** Absent: there is no cache (`--cache off`). */
  cache: cacheSummary.optional(),
});
export type Summary = z.infer<typeof summary>;

export const skippedEntry = z.strictObject({
  path: z.string(),
  reason: z.enum(['symlink', 'fifo', 'socket', 'device', 'excluded', 'other_file_system', 'unknown']),
});
export type SkippedEntry = z.infer<typeof skippedEntry>;

export const errorEntry = z.strictObject({ path: z.string(), code: z.string(), message: z.string() });
export type ErrorEntry = z.infer<typeof errorEntry>;

export const engines = z.strictObject({
  clamav: z.strictObject({
    status: engineStatus,
    version: z.string().nullable(),
    address: z.string().nullable(),
    database_time: time.nullable(),
    /** In its database folder; null where that cannot be read. */
    signatures: count.nullable(),
    detail: z.string().nullable(),
    /** What makes its OK worth less than it seems. */
    caveats: z.array(z.string()).readonly(),
  }),
  yara: z.strictObject({
    status: engineStatus,
    version: z.string().nullable(),
    rules: count,
    rule_files: count,
    rules_sha256: sha256.nullable(),
    rejected: z.array(
      z.strictObject({
        file: z.string(),
        line: count.nullable(),
        column: count.nullable(),
        message: z.string(),
      }),
    ),
    address: z.string().nullable(),
    detail: z.string().nullable(),
  }),
  /** Lists of known hashes; absent: there are none. */
  hash_sets: z
    .strictObject({
      status: engineStatus,
      /** Different hashes. What is known as both counts as bad. */
      bad: count,
      good: count,
      in_both: count,
      files: count,
      sha256: sha256.nullable(),
      /** The first of them. */
      rejected: z.array(z.strictObject({ file: z.string(), line: count.nullable(), message: z.string() })),
      rejected_lines: count,
      detail: z.string().nullable(),
    })
    .optional(),
});

/** Everything that was used to judge: path and hash of each, so that a report can be replayed. */
const usedFile = z.strictObject({ path: z.string(), sha256: sha256.nullable() });

export const reportHeader = z.strictObject({
  schema: z.literal(REPORT_SCHEMA),
  tool: z.strictObject({ name: z.literal('backuplens'), version: z.string() }),
  started_at: time,
  policy: z.strictObject({ sha256, strict: z.boolean(), path: z.string().nullable() }),
  used: z.array(usedFile),
  engines,
});
export type ReportHeader = z.infer<typeof reportHeader>;

export const reportFooter = z.strictObject({
  finished_at: time,
  engines,
  summary,
  /** Where the time went; absent unless it was asked for. */
  stats: scanStats.optional(),
});
export type ReportFooter = z.infer<typeof reportFooter>;

/** The whole of a `--format json` report. */
export const report = reportHeader.extend({
  finished_at: time,
  summary,
  results: z.array(fileResult),
  skipped: z.array(skippedEntry),
  errors: z.array(errorEntry),
  /** Entries beyond what a report lists (docs/report.md); absent when it lists all. `summary` counts all of them. */
  omitted: z.strictObject({ skipped: count, errors: count }).optional(),
  /** Where the time went; absent unless it was asked for (`--stats`). */
  stats: scanStats.optional(),
});
export type Report = z.infer<typeof report>;

/** The last line of a `--format ndjson` report: all of it but the results, which are the lines before. */
export const reportLastLine = report.omit({ results: true });
export type ReportLastLine = z.infer<typeof reportLastLine>;
