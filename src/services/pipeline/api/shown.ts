import { isUtf8 } from 'node:buffer';
import { nameFromBytes } from '../../../bytes/index.ts';
import type { Review, ScanSummary, Upload } from '../../../store/index.ts';

/** A path for people, and its bytes where those are not the same. */
export function shownPath(path: Uint8Array): { path: string; path_base64?: string } {
  const text = nameFromBytes(path);
  return isUtf8(path) ? { path: text } : { path: text, path_base64: Buffer.from(path).toString('base64') };
}

export function shownUpload(upload: Upload | null): { name: string; who: string; at: string } | null {
  return upload === null ? null : { name: upload.name, who: upload.who, at: upload.at };
}

export function shownScan({ path, ...rest }: ScanSummary) {
  return { ...rest, ...shownPath(path), status: 'finished' as const };
}

export function shownReview({ path, location, reasons, rules, ...rest }: Review) {
  return {
    ...rest,
    ...shownPath(path),
    location: location === null ? null : nameFromBytes(location),
    reasons: [...reasons],
    rules: [...rules],
  };
}
