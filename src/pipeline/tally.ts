import type { FileResult, Summary } from '../contracts/index.ts';
import { FOLDER_MIME } from '../contracts/plain/index.ts';
import { harsher, type Decision } from '../domain/index.ts';
import type { ScanEvent } from './request.ts';

/** Adds up the run. */
export class Tally {
  #decision: Decision = 'auto_approve';
  #folders = 0;
  readonly #counts = {
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
  };

  count(event: ScanEvent): void {
    if (event.type === 'result') this.#result(event.result);
    else if (event.type === 'unchanged') this.#unchanged(event);
    else if (event.type === 'error') this.#counts.errors++;
    else if (event.type === 'skipped') {
      this.#counts.skipped++;
      if (event.outward) this.#counts.outward_links++;
    }
  }

  /** A run that was interrupted, could not look at a path it was given, or was told wrong by its cache, never ends as approved. */
  summary(interrupted: boolean, cache?: Summary['cache']): Summary {
    const incomplete = interrupted || this.#counts.errors > 0 || (cache?.mismatched ?? 0) > 0;
    const decision = incomplete ? harsher(this.#decision, 'manual_review') : this.#decision;
    const folders = this.#folders === 0 ? {} : { folders: this.#folders };
    return { decision, ...this.#counts, ...folders, interrupted, ...(cache === undefined ? {} : { cache }) };
  }

  #unchanged({ files, bytes, artifacts }: Extract<ScanEvent, { type: 'unchanged' }>): void {
    const counts = this.#counts;
    counts.auto_approve += files;
    counts.files += files;
    counts.artifacts += artifacts;
    counts.bytes += bytes;
  }

  #result(result: FileResult): void {
    const counts = this.#counts;
    this.#decision = harsher(this.#decision, result.decision);
    const { files } = result;
    counts[result.decision] += files ?? 1;
    if (files === undefined && result.content_type.mime === FOLDER_MIME) this.#folders++;
    else counts.files += files ?? 1;
    counts.artifacts += result.coverage.artifacts;
    counts.bytes += result.size ?? 0;
    counts.gaps += result.gaps.length + (result.omitted?.gaps ?? 0);
    if (result.provisional) counts.provisional++;
  }
}
