import { FolderCounter, type Mass } from '../analyze/mass-encryption/index.ts';
import { assess } from '../assess/index.ts';
import { nameFromBytes } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { FOLDER_MIME } from '../contracts/plain/index.ts';
import type { Assessment, Finding } from '../domain/index.ts';
import type { Met } from '../intake/index.ts';
import { fileResult } from './file-result.ts';
import type { Judge, JudgedFile } from './judge.ts';
import type { TreeOutcome } from './protocol.ts';
import type { ScanEvent, ScanRequest } from './request.ts';

/** Where the results of a given folder begin and end. */
type Border = Extract<Met, { type: 'folder' }>;

/**
 * What is true of a given folder and of none of its files. Results leave in walk order and are not kept: of each folder only
 * counters are, until it is done.
 */
export class Folders {
  #verdict: FolderVerdict | null = null;

  /** A file's result, in walk order. */
  count(told: Extract<ScanEvent, { type: 'result' }>): void {
    this.#verdict?.add(told);
  }

  /** Files of one folder in which there is nothing, in walk order. */
  countPlain({ folder, files }: Extract<ScanEvent, { type: 'unchanged' }>): void {
    this.#verdict?.addPlain(folder, files);
  }

  /** What there is to say of the folder itself, at its end; null when there is nothing, as mostly. */
  pass({ at, path, display }: Border, request: ScanRequest, asOf: string): ScanEvent | null {
    const { policy, baseline, apply } = request;
    const attack = this.#verdict?.close({ policy, baseline, as_of: asOf }, path) ?? null;
    this.#verdict = at === 'start' ? new FolderVerdict(display) : null;
    if (attack === null) return null;
    const { result, assessment } = attack;
    if (apply === null) return { type: 'result', result, assessment };
    const detail = 'a folder stays where it is; each of its files was decided by itself';
    const disposition = { action: 'none', location: result.path, id: null, detail } as const;
    return { type: 'result', result: { ...result, disposition }, assessment };
  }
}

/** Whether the files of one folder, taken together, are what an attack leaves behind. */
export class FolderVerdict {
  readonly #display: string;
  readonly #counter: FolderCounter;

  constructor(display: string) {
    this.#display = display;
    this.#counter = new FolderCounter(display);
  }

  /** A file of it, folder by folder. What a person has accepted does not count. */
  add({ result, assessment }: Pick<JudgedFile, 'result' | 'assessment'>): void {
    this.#counter.add(
      result.path,
      assessment.findings.filter(({ accepted }) => accepted === null),
    );
  }

  /** Files of a folder in which nothing was found. */
  addPlain(folder: string, files: number): void {
    this.#counter.addPlain(folder, files);
  }

  /** After the last one; null: nothing is to be said of the folder itself. `path`: its bytes. */
  close({ policy, baseline, as_of: asOf }: Judge, path: Buffer): FolderAttack | null {
    const mass = this.#counter.close();
    if (mass === null) return null;
    const outcome = outcomeOf(mass, this.#display);
    const assessment = assess(outcome, policy, baseline, asOf);
    return { assessment, result: fileResult({ path: this.#display, bytes: path }, outcome, assessment) };
  }
}

interface FolderAttack {
  readonly assessment: Assessment;
  /** Its line in the report. */
  readonly result: FileResult;
}

/** What is said of a folder that was attacked, and of no file in it. `name`: first of its trail. */
export function massFinding(mass: Mass, name: string): Finding {
  return {
    kind: 'mass_encryption',
    engine: 'entropy',
    ...mass,
    artifact: -1,
    trail: [name],
    sha256: null,
    offset: null,
  };
}

function outcomeOf(mass: Mass, display: string): TreeOutcome {
  return {
    findings: [massFinding(mass, nameFromBytes(Buffer.from(display)))],
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
