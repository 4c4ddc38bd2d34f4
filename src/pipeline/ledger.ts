import {
  ENGINE_AWAY,
  isRoot,
  type Artifact,
  type Coverage,
  type Finding,
  type Gap,
  type Inspected,
  type Measurement,
} from '../domain/index.ts';
import type { Seen } from './protocol.ts';

/** Artifacts with exactly the same findings that are kept one by one; more of the same are counted. */
const KEPT_ALIKE = 100;
/** Findings of one tree that are kept at all. Beyond it nobody could read them; a gap says how many there were. */
const MAX_TREE_FINDINGS = 20_000;
/** Trails kept of each (stage, by, reason); the rest becomes one line with a count. CONTRACTS 2. */
const KEPT_TRAILS = 100;

interface Remainder {
  first: Gap;
  artifacts: number;
  bytes: number;
}

/**
 * All that is said of one tree, in bounded memory. What is left out never makes the outcome milder: an artifact's
 * findings are kept or dropped together, and dropped only when a hundred artifacts with exactly the same findings,
 * hence the same score, were kept.
 */
export class Ledger {
  readonly #root: string;
  #artifacts = 0;
  #bytes = 0;
  readonly #inspected = new Map<string, { artifacts: number; bytes: number; windowed: number }>();
  readonly #findings: Finding[] = [];
  readonly #alike = new Map<string, number>();
  readonly #gaps: Gap[] = [];
  readonly #trails = new Map<string, number>();
  readonly #remainders = new Map<string, Remainder>();
  readonly #measurements: Measurement[] = [];
  #omittedFindings = 0;
  #omittedGaps = 0;
  #overflow = 0;
  #sent = { findings: 0, gaps: 0 };

  constructor(root: string) {
    this.#root = root;
  }

  get artifacts(): number {
    return this.#artifacts;
  }

  /** One artifact was seen to its end. */
  artifact(bytes: number): void {
    this.#artifacts++;
    this.#bytes += bytes;
  }

  inspected(engine: string, bytes: number, windowed: boolean): void {
    const entry = this.#inspected.get(engine) ?? { artifacts: 0, bytes: 0, windowed: 0 };
    entry.artifacts++;
    entry.bytes += bytes;
    if (windowed) entry.windowed++;
    this.#inspected.set(engine, entry);
  }

  /** All findings of one artifact, together. */
  findings(findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const signature = findings
      .map(({ kind, rule, namespace }) => `${kind}\0${rule}\0${namespace ?? ''}`)
      .toSorted()
      .join('\0\0');
    const alike = (this.#alike.get(signature) ?? 0) + 1;
    if (alike <= KEPT_ALIKE && this.#findings.length + findings.length > MAX_TREE_FINDINGS) {
      this.#overflow += findings.length;
    } else if (alike <= KEPT_ALIKE) {
      this.#alike.set(signature, alike);
      this.#findings.push(...findings);
    } else this.#omittedFindings += findings.length;
  }

  gap(gap: Gap): void {
    // An engine that is away says the same of every artifact: one line a tree.
    const kept = ENGINE_AWAY.includes(gap.reason) ? 0 : KEPT_TRAILS;
    const key = [gap.stage, gap.by, gap.reason, isRoot(gap.trail) ? 'root' : 'nested'].join('\0');
    const trails = (this.#trails.get(key) ?? 0) + 1;
    this.#trails.set(key, trails);
    if (trails <= kept) {
      this.#gaps.push(gap);
      return;
    }
    const away = kept === 0 ? [gap.stage, gap.by, gap.reason].join('\0') : key;
    const remainder = this.#remainders.get(away) ?? { first: gap, artifacts: 0, bytes: 0 };
    remainder.artifacts += gap.artifacts;
    remainder.bytes += gap.bytes ?? 0;
    this.#remainders.set(away, remainder);
  }

  /** Only what was measured of the file itself is kept: of members there can be millions. */
  measurement(measurement: Measurement): void {
    if (isRoot(measurement.trail)) this.#measurements.push(measurement);
  }

  /** What has come since the last call; null when nothing has. */
  news(): Seen | null {
    const findings = this.#findings.slice(this.#sent.findings);
    const gaps = this.#gaps.slice(this.#sent.gaps);
    this.#sent = { findings: this.#findings.length, gaps: this.#gaps.length };
    return findings.length + gaps.length === 0 ? null : { findings, gaps };
  }

  close(root: Artifact): {
    findings: Finding[];
    gaps: Gap[];
    measurements: Measurement[];
    coverage: Coverage;
    omitted: { findings: number; gaps: number };
  } {
    const gaps = [...this.#gaps];
    for (const { first, artifacts, bytes } of this.#remainders.values()) {
      const away = ENGINE_AWAY.includes(first.reason);
      if (!away) this.#omittedGaps += artifacts;
      gaps.push({
        ...first,
        artifact: root.id,
        trail: away || isRoot(first.trail) ? root.trail : [this.#root, '(more of the same)'],
        artifacts,
        bytes,
      });
    }
    if (this.#overflow > 0) {
      gaps.push({
        stage: 'pipeline',
        by: 'report',
        reason: 'budget_exceeded',
        artifact: root.id,
        trail: root.trail,
        sha256: null,
        format: null,
        detail: `${this.#overflow} findings beyond the ${MAX_TREE_FINDINGS} that are kept of one file`,
        bytes: null,
        artifacts: 1,
      });
    }
    const engines: Record<string, Inspected> = Object.fromEntries(this.#inspected);
    return {
      findings: this.#findings,
      gaps,
      measurements: this.#measurements,
      coverage: { artifacts: this.#artifacts, bytes: this.#bytes, engines },
      omitted: {
        findings: this.#omittedFindings + this.#overflow,
        gaps: this.#omittedGaps,
      },
    };
  }
}
