import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { FileResult } from '../../contracts/index.ts';

/** ATTACKS D2. */
const MAX_REPORT_BYTES = 16 * 1024 * 1024;

/**
 * A result as it is stored: JSON under zstd, at most 16 MiB before it; how much that is was measured (docs/store.md). One that
 * is larger loses its last findings and gaps, and counts them.
 */
export function packReport(result: FileResult): Buffer {
  let kept = result;
  for (let text = JSON.stringify(kept); ; text = JSON.stringify(kept)) {
    const bytes = Buffer.from(text);
    if (bytes.length <= MAX_REPORT_BYTES || (kept.findings.length === 0 && kept.gaps.length === 0)) {
      return packed(bytes);
    }
    kept = halved(kept);
  }
}

function halved(result: FileResult): FileResult {
  const findings = result.findings.slice(0, Math.floor(result.findings.length / 2));
  const gaps = result.gaps.slice(0, Math.floor(result.gaps.length / 2));
  const omitted = result.omitted ?? { findings: 0, gaps: 0 };
  return {
    ...result,
    findings,
    gaps,
    omitted: {
      findings: omitted.findings + result.findings.length - findings.length,
      gaps: omitted.gaps + result.gaps.length - gaps.length,
    },
  };
}

/** Throws what zstd and JSON throw on bytes that are not ours; never more than 16 MiB come out. */
export function unpackReport(blob: Uint8Array): FileResult {
  const text = zstdDecompressSync(blob, { maxOutputLength: MAX_REPORT_BYTES }).toString('utf8');
  const result: FileResult = JSON.parse(text);
  return result;
}

/** What a decision was made from; null when it is too large to be kept: such a file is not judged again, only scanned. */
export function packBasis(basis: unknown): Buffer | null {
  const bytes = Buffer.from(JSON.stringify(basis));
  return bytes.length > MAX_REPORT_BYTES ? null : packed(bytes);
}

export function unpackBasis(blob: Uint8Array): unknown {
  return JSON.parse(zstdDecompressSync(blob, { maxOutputLength: MAX_REPORT_BYTES }).toString('utf8'));
}

function packed(bytes: Buffer): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}
