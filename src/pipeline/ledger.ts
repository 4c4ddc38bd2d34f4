import {
  isRoot,
  type Artifact,
  type Coverage,
  type Finding,
  type Gap,
  type Inspected,
  type Measurement,
  type Trail,
} from '../domain/index.ts';
import { KeptFindings } from './kept-findings.ts';
import { KeptGaps } from './kept-gaps.ts';
import type { Seen, TreeOutcome } from './protocol.ts';

/** From this size on, what nobody looks into may well hold something; smaller ones are everywhere. */
const LARGE_BYTES = 64 * 1024;

/** All that is said of one tree, in bounded memory; what is left out never makes the outcome milder. */
/** Which password it was. */
const OPENED = /^(?:members_)?opened_with_/;
const MAX_OPENED = 100;

export class Ledger {
  readonly #findings: KeptFindings;
  readonly #gaps: KeptGaps;
  #artifacts = 0;
  #bytes = 0;
  readonly #rawOnly = { artifacts: 0, bytes: 0 };
  readonly #inspected = new Map<string, { artifacts: number; bytes: number; windowed: number }>();
  readonly #measurements: Measurement[] = [];
  /** Members that a password opened. */
  #opened = 0;
  #sent = { findings: 0, gaps: 0 };
  readonly #asked = new Map<string, number>();
  readonly #known = new Map<string, number>();

  constructor(root: string) {
    this.#findings = new KeptFindings(root);
    this.#gaps = new KeptGaps(root);
  }

  /** One artifact was seen to its end; `isSeenRaw`: nobody looked into it. */
  artifact(bytes: number, isSeenRaw: boolean): void {
    this.#artifacts++;
    this.#bytes += bytes;
    if (bytes < LARGE_BYTES || !isSeenRaw) return;
    this.#rawOnly.artifacts++;
    this.#rawOnly.bytes += bytes;
  }

  /** What an analyzer says it looked at; an artifact of which it saw nothing does not count, unless it is empty. */
  inspected(engine: string, bytes: number, windowed: boolean, isEmpty: boolean): void {
    const entry = this.#inspected.get(engine) ?? { artifacts: 0, bytes: 0, windowed: 0 };
    if (bytes > 0 || isEmpty) entry.artifacts++;
    entry.bytes += bytes;
    if (windowed) entry.windowed++;
    this.#inspected.set(engine, entry);
  }

  /** All findings of one artifact, together; `more` were the same as others of them, and are only counted. */
  findings(findings: readonly Finding[], more = 0): void {
    this.#findings.add(findings);
    this.#findings.omitted += more;
  }

  /** Of an analyzer whose word is kept: it was asked of an artifact, or its answer was known. */
  worked(engine: string, wasKnown: boolean): void {
    const counts = wasKnown ? this.#known : this.#asked;
    counts.set(engine, (counts.get(engine) ?? 0) + 1);
  }

  gap(gap: Gap): void {
    this.#gaps.add(gap);
  }

  /** A whole tree that lies in this one: `trail` leads to its root. */
  tree({ findings, gaps, coverage, omitted }: Omit<TreeOutcome, 'root' | 'duration_ms'>, trail: Trail): void {
    // Its artifacts are numbered from 0, as ours are; -1 is the tree itself.
    const first = this.#artifacts;
    const moved = <T extends Finding | Gap>(one: T): T => ({
      ...one,
      artifact: first + Math.max(0, one.artifact),
      trail: [...trail, ...one.trail.slice(1)] as const,
    });
    const byArtifact = Map.groupBy(findings.map(moved), ({ artifact }) => artifact);
    for (const of of byArtifact.values()) this.#findings.add(of);
    for (const gap of gaps) this.#gaps.add(moved(gap));
    this.#findings.omitted += omitted.findings;
    this.#artifacts += Math.max(1, coverage.artifacts);
    this.#bytes += coverage.bytes;
    this.#rawOnly.artifacts += coverage.raw_only.artifacts;
    this.#rawOnly.bytes += coverage.raw_only.bytes;
    for (const [engine, seen] of Object.entries(coverage.engines)) {
      const entry = this.#inspected.get(engine) ?? { artifacts: 0, bytes: 0, windowed: 0 };
      entry.artifacts += seen.artifacts;
      entry.bytes += seen.bytes;
      entry.windowed += seen.windowed;
      this.#inspected.set(engine, entry);
    }
  }

  /** Of members there can be millions: only what was measured of the file itself is kept, and what opened what was locked. */
  measurement(measurement: Measurement): void {
    const isOwn = isRoot(measurement.trail);
    if (!isOwn && !(OPENED.test(measurement.name) && this.#opened++ < MAX_OPENED)) return;
    this.#measurements.push(measurement);
  }

  /** What has come since the last call; null when nothing has. */
  news(): Seen | null {
    const findings = this.#findings.kept.slice(this.#sent.findings);
    const gaps = this.#gaps.kept.slice(this.#sent.gaps);
    this.#sent = { findings: this.#findings.kept.length, gaps: this.#gaps.kept.length };
    return findings.length + gaps.length === 0 ? null : { findings, gaps };
  }

  #work(): Pick<TreeOutcome, 'work'> {
    if (this.#asked.size + this.#known.size === 0) return {};
    return { work: { asked: Object.fromEntries(this.#asked), known: Object.fromEntries(this.#known) } };
  }

  close(root: Artifact): Omit<TreeOutcome, 'root' | 'duration_ms'> {
    const engines: Record<string, Inspected> = Object.fromEntries(this.#inspected);
    const coverage: Coverage = {
      artifacts: this.#artifacts,
      bytes: this.#bytes,
      raw_only: this.#rawOnly,
      engines,
    };
    return {
      findings: [...this.#findings.kept, ...this.#findings.remainders()],
      gaps: [...this.#gaps.kept, ...this.#gaps.remainders(root)],
      measurements: this.#measurements,
      coverage,
      omitted: { findings: this.#findings.omitted, gaps: this.#gaps.omitted },
      ...this.#work(),
    };
  }
}
