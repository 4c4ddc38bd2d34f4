import type {
  ErrorEntry,
  FileResult,
  ReportFooter,
  ReportHeader,
  SkippedEntry,
  Summary,
} from '../../src/contracts/index.ts';
import type { ReportWriter } from '../../src/report/index.ts';
import { harsher } from '../../src/domain/index.ts';

type Finding = FileResult['findings'][number];
type Gap = FileResult['gaps'][number];

const HASH = '3f9a1c02d7e55b1f3f9a1c02d7e55b1f3f9a1c02d7e55b1f3f9a1c02d7e55b1f';

export const HEADER: ReportHeader = {
  schema: 'backuplens.report/1',
  tool: { name: 'backuplens', version: '0.1.0' },
  started_at: '2026-08-01T02:00:00.000Z',
  policy: { sha256: HASH, strict: false, path: 'config/scoring.yaml' },
  used: [
    { path: 'config/scoring.yaml', sha256: HASH },
    { path: 'yara-rules/backup.yar', sha256: HASH.replaceAll('3', '4') },
  ],
  engines: {
    clamav: {
      status: 'ok',
      version: 'ClamAV 1.4.6/27500',
      address: '127.0.0.1:3310',
      database_time: '2026-07-31T08:12:00Z',
      signatures: null,
      caveats: [],
      detail: null,
    },
    yara: {
      status: 'ok',
      version: 'YARA-X 1.20.0 (native)',
      rules: 42,
      rule_files: 5,
      rules_sha256: HASH,
      rejected: [],
      address: null,
      detail: null,
    },
  },
};

/** The header of a run without ClamAV and with a rule file that does not compile. */
const HALF_BLIND: ReportHeader = {
  ...HEADER,
  engines: {
    clamav: {
      ...HEADER.engines.clamav,
      status: 'unavailable',
      version: null,
      database_time: null,
      detail: 'connection refused',
    },
    yara: {
      ...HEADER.engines.yara,
      rejected: [{ file: 'x.yar', line: 3, column: 1, message: 'unknown identifier `foo`' }],
    },
  },
};

export function result(path: string, over: Partial<FileResult> = {}): FileResult {
  return {
    path,
    size: 4096,
    sha256: HASH,
    content_type: { mime: 'text/plain', description: 'Text', claimed: 'text/plain' },
    verdict: 'benign',
    decision: 'auto_approve',
    score: 0,
    score_lines: [],
    provisional: false,
    reasons: [],
    findings: [],
    gaps: [],
    measurements: [],
    coverage: { artifacts: 1, bytes: 4096, entropy: { artifacts: 1, bytes: 4096 } },
    duration_ms: 2,
    ...over,
  };
}

export function finding(trail: Finding['trail'], over: Partial<Finding> = {}): Finding {
  return {
    kind: 'yara_match',
    engine: 'yara',
    rule: 'Backup_Ransom_Note',
    weight: 120,
    trail,
    sha256: HASH,
    detail: 'words of a ransom note',
    offset: null,
    evidence: {},
    ...over,
  };
}

export function gap(trail: Gap['trail'], over: Partial<Gap> = {}): Gap {
  return {
    stage: 'unpack',
    by: 'zip',
    reason: 'encrypted',
    trail,
    detail: '2 of 3 members need a password',
    bytes: 4096,
    rule: 'review',
    ...over,
  };
}

export interface Run {
  readonly header?: ReportHeader;
  readonly results?: Iterable<FileResult>;
  readonly skipped?: Iterable<SkippedEntry>;
  readonly errors?: Iterable<ErrorEntry>;
  readonly summary?: Partial<Summary>;
}

/** Writes a whole report and keeps the summary true to what was written. */
export async function writeReport(writer: ReportWriter, run: Run): Promise<ReportFooter> {
  const header = run.header ?? HEADER;
  const summary: Summary = {
    decision: 'auto_approve',
    files: 0,
    artifacts: 0,
    bytes: 0,
    auto_approve: 0,
    manual_review: 0,
    quarantine: 0,
    errors: 0,
    gaps: 0,
    provisional: 0,
    skipped: 0,
    outward_links: 0,
    interrupted: false,
  };
  await writer.begin(header);
  for (const one of run.results ?? []) {
    await writer.result(one);
    summary.decision = harsher(summary.decision, one.decision);
    summary.files++;
    summary[one.decision]++;
    summary.artifacts += one.coverage.artifacts;
    summary.bytes += one.size ?? 0;
    summary.gaps += one.gaps.length;
    if (one.provisional) summary.provisional++;
  }
  for (const entry of run.skipped ?? []) {
    await writer.skipped(entry);
    summary.skipped++;
  }
  for (const entry of run.errors ?? []) {
    await writer.error(entry);
    summary.errors++;
  }
  const footer: ReportFooter = {
    finished_at: '2026-08-01T02:00:04.200Z',
    engines: header.engines,
    summary: { ...summary, ...run.summary },
  };
  await writer.end(footer);
  return footer;
}

/** Every kind of decision, with the grounds that real runs have. */
export function typicalRun(): Run {
  return {
    header: HALF_BLIND,
    results: [
      result('incoming/2026-08-01/db/customers.sql', {
        size: 48_812_344,
        content_type: { mime: 'application/sql', description: 'SQL', claimed: 'application/sql' },
        provisional: true,
        verdict: 'unknown',
        gaps: [
          gap(['customers.sql'], {
            stage: 'analyze',
            by: 'clamav',
            reason: 'engine_unavailable',
            rule: 'tolerate',
            detail: 'connection refused',
            bytes: 48_812_344,
          }),
        ],
      }),
      result('incoming/2026-08-01/home/alice/Documents/contracts/2025/invoice-0451.pdf', {
        size: 102_400,
        content_type: { mime: 'application/octet-stream', description: 'Data', claimed: 'application/pdf' },
        verdict: 'suspicious',
        decision: 'manual_review',
        score: 90,
        score_lines: [
          { kind: 'encryption_suspected', points: 60, rule: 'uniform', trail: ['invoice-0451.pdf'] },
          { kind: 'mime_mismatch', points: 30, rule: 'claim', trail: ['invoice-0451.pdf'] },
        ],
        reasons: ['score 90 is above 50'],
        findings: [
          finding(['invoice-0451.pdf'], {
            kind: 'mime_mismatch',
            engine: 'type-mismatch',
            rule: 'claim',
            weight: 30,
            detail: 'the name promises application/pdf, the content is application/octet-stream',
          }),
          finding(['invoice-0451.pdf'], {
            kind: 'encryption_suspected',
            engine: 'entropy',
            rule: 'uniform',
            weight: 60,
            detail: '7.998 bits/byte over the whole content where a PDF has structure',
            offset: 0,
          }),
        ],
        disposition: {
          action: 'held',
          location: 'review/2026-08-01/invoice-0451.pdf',
          id: '01J9Z3',
          detail: null,
        },
      }),
      result('incoming/2026-08-01/nightly.tar.zst', {
        size: 1_288_490_188,
        content_type: {
          mime: 'application/zstd',
          description: 'Zstandard compressed data',
          claimed: 'application/zstd',
        },
        verdict: 'malicious',
        decision: 'quarantine',
        score: 120,
        provisional: true,
        score_lines: [
          { kind: 'yara_match', points: 120, rule: 'Backup_Ransom_Note', trail: ['nightly.tar.zst', 'a'] },
        ],
        reasons: [
          'yara_match Backup_Ransom_Note alone weighs 120, above 100',
          '1 gap is for review: encrypted',
        ],
        findings: Array.from({ length: 8 }, (_, at) =>
          finding(['nightly.tar.zst', `home/u${at}/README_DECRYPT.txt`], { offset: 12 * at }),
        ),
        gaps: [
          gap(['nightly.tar.zst', 'home/bob/secret.zip']),
          gap(['nightly.tar.zst', 'home/bob/keys/store.jks'], {
            by: 'identify',
            reason: 'opaque',
            rule: 'tolerate',
            detail: 'a Java keystore cannot be looked into',
            bytes: 2210,
            accepted: 'keystores of the build servers',
          }),
          gap(['nightly.tar.zst'], {
            stage: 'analyze',
            by: 'clamav',
            reason: 'engine_unavailable',
            rule: 'tolerate',
            detail: 'connection refused',
            bytes: 3_221_225_472,
            artifacts: 5120,
          }),
        ],
        coverage: { artifacts: 5120, bytes: 3_221_225_472, yara: { artifacts: 5120, bytes: 3_221_225_472 } },
        disposition: {
          action: 'failed',
          location: 'incoming/2026-08-01/nightly.tar.zst',
          id: null,
          detail: 'no space left',
        },
      }),
      result('incoming/2026-08-01/notes\u001b[2K\u202etxt.exe'),
    ],
    skipped: [
      { path: 'incoming/current', reason: 'symlink' },
      { path: 'incoming/latest', reason: 'symlink' },
      { path: 'incoming/pipe', reason: 'fifo' },
      { path: 'incoming/mnt', reason: 'other_file_system' },
    ],
    errors: [{ path: 'given/nowhere', code: 'BL_PATH_MISSING', message: 'it does not exist' }],
    summary: { outward_links: 1 },
  };
}
