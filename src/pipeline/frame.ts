import type { ReportFooter, ReportHeader, Summary } from '../contracts/index.ts';
import { REPORT_SCHEMA } from '../contracts/plain/index.ts';
import type { Engines } from '../domain/index.ts';
import type { ScanRequest } from './request.ts';

/** What stands before the results. */
export function headerOf(request: ScanRequest, engines: Engines, startedAt: string): ReportHeader {
  const { sha256, strict } = request.policy;
  return {
    schema: REPORT_SCHEMA,
    tool: { name: 'backuplens', version: request.version },
    started_at: startedAt,
    policy: { sha256, strict, path: request.policy_path },
    used: request.used.map((file) => ({ ...file })),
    engines: reported(engines),
  };
}

/** What stands after them. */
export function footerOf(summary: Summary, engines: Engines): ReportFooter {
  return { finished_at: new Date().toISOString(), engines: reported(engines), summary };
}

function reported({ clamav, yara: asked, hash_sets: hashes }: Engines): ReportHeader['engines'] {
  const { externals: _, ...yara } = asked;
  return {
    clamav: { ...clamav },
    yara: { ...yara, rejected: yara.rejected.map((rule) => ({ ...rule })) },
    ...(hashes === undefined
      ? {}
      : { hash_sets: { ...hashes, rejected: hashes.rejected.map((line) => ({ ...line })) } }),
  };
}
