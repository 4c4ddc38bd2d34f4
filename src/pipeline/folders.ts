import { FolderCounter, type Mass } from '../analyze/index.ts';
import { assess } from '../assess/index.ts';
import { nameFromBytes } from '../bytes/index.ts';
import { FOLDER_MIME } from '../contracts/index.ts';
import type { Assessment, Finding } from '../domain/index.ts';
import type { Met } from '../intake/index.ts';
import { fileResult } from './file-result.ts';
import type { TreeOutcome } from './protocol.ts';
import type { ScanEvent, ScanRequest } from './request.ts';

/** Where the results of a given folder begin and end. */
type Border = Extract<Met, { type: 'folder' }>;

/**
 * What is true of a given folder and of none of its files. Results leave in walk order and are not kept: of each folder only
 * counters are, until it is done.
 */
export class Folders {
  #counter: FolderCounter | null = null;

  /** A file's result, in walk order. What a person has accepted does not count. */
  count({ result, assessment }: Extract<ScanEvent, { type: 'result' }>): void {
    this.#counter?.add(
      result.path,
      assessment.findings.filter(({ accepted }) => accepted === null),
    );
  }

  /** What there is to say of the folder itself, at its end; null when there is nothing, as mostly. */
  pass({ at, path, display }: Border, request: ScanRequest, asOf: string): ScanEvent | null {
    const mass = this.#counter?.close() ?? null;
    this.#counter = at === 'start' ? new FolderCounter(display) : null;
    if (mass === null) return null;
    const outcome = outcomeOf(mass, display);
    const assessment: Assessment = assess(outcome, request.policy, request.baseline, asOf);
    const result = fileResult({ path: display, bytes: path }, outcome, assessment);
    if (request.apply === null) return { type: 'result', result, assessment };
    const detail = 'a folder stays where it is; each of its files was decided by itself';
    const disposition = { action: 'none', location: result.path, id: null, detail } as const;
    return { type: 'result', result: { ...result, disposition }, assessment };
  }
}

function outcomeOf(mass: Mass, display: string): TreeOutcome {
  const finding: Finding = {
    kind: 'mass_encryption',
    engine: 'entropy',
    ...mass,
    artifact: -1,
    trail: [nameFromBytes(Buffer.from(display))],
    sha256: null,
    offset: null,
  };
  return {
    findings: [finding],
    gaps: [],
    measurements: [],
    coverage: { artifacts: 0, bytes: 0, raw_only: { artifacts: 0, bytes: 0 }, engines: {} },
    root: {
      size: null,
      sha256: null,
      content_type: { mime: FOLDER_MIME, description: 'Folder', claimed: null },
      identity: null,
    },
    omitted: { findings: 0, gaps: 0 },
    duration_ms: 0,
  };
}
