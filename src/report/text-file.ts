import type { FileResult } from '../contracts/index.ts';
import { ENGINE_AWAY } from '../domain/index.ts';
import { forTerminal, trailInText } from './escape.ts';
import { counted, size } from './figures.ts';
import type { Paint } from './paint.ts';
import { padEnd, shorten, shortenEnd } from './width.ts';

/** `decision score verdict size type path`, two spaces between; the path takes what is left. */
const COLUMNS = { decision: 13, score: 5, verdict: 10, size: 8, type: 18 } as const;
const GUTTER = '  ';
/** Narrower terminals get no column for the type. */
const MIN_COLUMNS_FOR_TYPE = 96;
const MIN_PATH = 20;
const PROVISIONAL = ' (provisional)';

/** Places listed below one finding, and findings or gaps below one file, before the rest is counted. */
const MAX_NOTED = 4;
const MAX_PLACES = 5;
const MAX_GROUPS = 20;
const LABEL_WIDTH = 9;

const MOVED = { quarantined: 'quarantined in', held: 'held for review in', released: 'released to' } as const;

export class Table {
  readonly #paint: Paint;
  readonly #columns: number | null;
  readonly #verbose: boolean;
  readonly #withType: boolean;

  /** `columns` null: as wide as the names are. */
  constructor(paint: Paint, columns: number | null, verbose: boolean) {
    this.#paint = paint;
    this.#columns = columns;
    this.#verbose = verbose;
    this.#withType = columns === null || columns >= MIN_COLUMNS_FOR_TYPE;
  }

  heading(): string {
    return this.#paint.strong(this.#row('DECISION', 'SCORE', 'VERDICT', 'SIZE', 'TYPE', 'PATH').trimEnd());
  }

  /** The row, and below it, for what is not approved, the grounds. Each line without its end. */
  lines(result: FileResult): string[] {
    const path = forTerminal(result.path);
    const room = this.#pathRoom() - (result.provisional ? PROVISIONAL.length : 0);
    const shown = this.#columns === null ? path : shorten(path, room);
    const row = this.#row(
      result.decision,
      String(result.score),
      result.verdict,
      size(result.size),
      shortenEnd(forTerminal(result.content_type.mime).replace(/^application\//, ''), COLUMNS.type),
      shown,
      this.#paint.decision[result.decision],
    );
    const lines = [row + (result.provisional ? this.#paint.warning(PROVISIONAL) : '')];
    if (result.decision === 'auto_approve' && !this.#verbose) {
      const noted = notedOf(result);
      return noted === null ? lines : [...lines, this.#label('noted', noted)];
    }
    if (shown !== path) lines.push(this.#label('path', path));
    return [...lines, ...this.#grounds(result)];
  }

  #row(
    decision: string,
    score: string,
    verdict: string,
    bytes: string,
    type: string,
    path: string,
    color = (text: string): string => text,
  ): string {
    const cells = [
      color(decision) + ' '.repeat(Math.max(0, COLUMNS.decision - decision.length)),
      score.padStart(COLUMNS.score),
      verdict.padEnd(COLUMNS.verdict),
      bytes.padStart(COLUMNS.size),
    ];
    if (this.#withType) cells.push(padEnd(type, COLUMNS.type));
    return [...cells, path].join(GUTTER);
  }

  #pathRoom(): number {
    const { decision, score, verdict, size: bytes, type } = COLUMNS;
    const fixed = decision + score + verdict + bytes + 4 * GUTTER.length;
    const left = (this.#columns ?? 0) - fixed - (this.#withType ? type + GUTTER.length : 0);
    return Math.max(MIN_PATH, left);
  }

  #grounds(result: FileResult): string[] {
    const lines = result.reasons
      .slice(0, MAX_GROUPS)
      .map((reason, at) => this.#label(at === 0 ? 'because' : '', forTerminal(reason)));
    const left = result.reasons.length - MAX_GROUPS;
    if (left > 0) lines.push(this.#more(left, 'more reason'));
    if (result.score_lines.length > 1) {
      const sum = result.score_lines.map(({ kind, points }) => `${forTerminal(kind)} ${points}`).join(' + ');
      lines.push(this.#label('score', `${sum} = ${result.score}`));
    }
    lines.push(...this.#findings(result), ...this.#gaps(result));
    if (this.#verbose) {
      for (const { name, engine, value, trail } of result.measurements) {
        const fact = `${forTerminal(name)} ${forTerminal(String(value))}`;
        lines.push(this.#label('measured', `${fact} · ${forTerminal(engine)}${this.#dimTrail(trail)}`));
      }
    }
    const moved = this.#moved(result);
    return moved === null ? lines : [...lines, moved];
  }

  #findings(result: FileResult): string[] {
    const sorted = result.findings.toSorted((a, b) => b.weight - a.weight);
    const groups = Map.groupBy(sorted, ({ kind, rule, engine, weight, accepted }) =>
      JSON.stringify([kind, rule, engine, weight, accepted]),
    );
    const shown = this.#limited([...groups.values()]);
    const lines = shown.flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const worth =
        first.accepted === undefined ? counted(first.weight, 'point') : acceptedBecause(first.accepted);
      const rule = this.#paint.strong(forTerminal(first.rule));
      const head = this.#label(
        'finding',
        `${first.kind} · ${rule} · ${forTerminal(first.engine)} · ${worth}`,
      );
      const inner = innermost(group);
      const around = group.length - inner.length;
      const told = [
        head,
        ...this.#places(inner.map(({ trail, detail, offset }) => ({ trail, detail, offset }))),
      ];
      if (around > 0) {
        told.push(this.#label('', this.#paint.dim(`and in ${counted(around, 'container')} around it`)));
      }
      return told;
    });
    const left = groups.size - shown.length;
    if (left > 0) lines.push(this.#more(left, 'more kind of finding', 'more kinds of finding'));
    const omitted = result.omitted?.findings ?? 0;
    if (omitted > 0) lines.push(this.#beyond(omitted, 'finding'));
    return lines;
  }

  #gaps(result: FileResult): string[] {
    const groups = Map.groupBy(result.gaps, ({ reason, by, rule, accepted }) =>
      JSON.stringify([reason, by, rule, accepted]),
    );
    const shown = this.#limited([...groups.values()]);
    const lines = shown.flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const consequence =
        first.accepted === undefined ? CONSEQUENCES[first.rule] : acceptedBecause(first.accepted);
      const head = `${this.#paint.strong(first.reason)} · ${forTerminal(first.by)} · ${consequence}`;
      const sizes = group.map(({ bytes }) => bytes);
      const extent = sizes.every((bytes) => bytes !== null) ? ` · ${size(total(sizes))}` : '';
      const artifacts = total(group.map((gap) => gap.artifacts ?? 1));
      const many = artifacts > group.length ? ` · ${counted(artifacts, 'artifact')}` : '';
      return [this.#label('gap', head + many + extent), ...this.#places(group)];
    });
    const left = groups.size - shown.length;
    if (left > 0) lines.push(this.#more(left, 'more kind of gap', 'more kinds of gap'));
    const omitted = result.omitted?.gaps ?? 0;
    if (omitted > 0) lines.push(this.#beyond(omitted, 'gap'));
    return lines;
  }

  /** Where, and what is said of it: the words once if they are the same everywhere. */
  #places(places: readonly { trail: readonly string[]; detail: string; offset?: number | null }[]): string[] {
    const same = places.every(({ detail }) => detail === places[0]?.detail);
    const lines = same ? [this.#label('', forTerminal(places[0]?.detail ?? ''))] : [];
    const shown = this.#verbose ? places : places.slice(0, MAX_PLACES);
    for (const { trail, detail, offset } of shown) {
      const inside = trail.length > 1 ? `in ${trailInText(trail)}` : 'in the file itself';
      const at = typeof offset === 'number' ? `, at byte ${offset}` : '';
      if (trail.length === 1 && same && at === '' && places.length === 1) continue;
      const words = same ? '' : `: ${forTerminal(detail)}`;
      lines.push(this.#label('', this.#paint.dim(inside + at) + words));
    }
    const left = places.length - shown.length;
    return left > 0 ? [...lines, this.#more(left, 'more place')] : lines;
  }

  #moved(result: FileResult): string | null {
    const { disposition } = result;
    if (disposition === undefined) return null;
    if (disposition.action === 'none') {
      return disposition.detail === null
        ? null
        : this.#label('moved', `no: ${forTerminal(disposition.detail)}`);
    }
    const where = forTerminal(disposition.location);
    const why = disposition.detail === null ? '' : `: ${forTerminal(disposition.detail)}`;
    const id = disposition.id === null ? '' : ` (id ${forTerminal(disposition.id)})`;
    if (disposition.action === 'failed') {
      return this.#label('moved', this.#paint.alarm(`NOT MOVED${why}; it is still ${where}`));
    }
    const verb = MOVED[disposition.action];
    return this.#label('moved', `${verb} ${where}${id}${why}`);
  }

  #dimTrail(trail: readonly string[]): string {
    return trail.length > 1 ? this.#paint.dim(` · in ${trailInText(trail)}`) : '';
  }

  #label(label: string, words: string): string {
    return `  ${this.#paint.dim(label.padEnd(LABEL_WIDTH))}${words}`;
  }

  #more(left: number, one: string, many = `${one}s`): string {
    return this.#label('', this.#paint.dim(`… and ${counted(left, one, many)}`));
  }

  #beyond(omitted: number, one: string): string {
    return this.#label('', this.#paint.dim(`… and ${counted(omitted, one)} beyond what a report lists`));
  }

  #limited<T>(groups: readonly T[]): readonly T[] {
    return this.#verbose ? groups : groups.slice(0, MAX_GROUPS);
  }
}

const CONSEQUENCES = { tolerate: 'tolerated', review: 'for review', quarantine: 'quarantines' } as const;

function acceptedBecause(why: string): string {
  return `accepted: ${forTerminal(why)}`;
}

function total(numbers: readonly (number | null)[]): number {
  return numbers.reduce<number>((before, value) => before + (value ?? 0), 0);
}

/** An archive that is not compressed shows what its members show: only where it comes from is told in full. */
function innermost(findings: FileResult['findings']): FileResult['findings'] {
  const around = new Set(
    findings.flatMap(({ trail }) => trail.map((_, end) => JSON.stringify(trail.slice(0, end)))),
  );
  return findings.filter(({ trail }) => !around.has(JSON.stringify(trail)));
}

/** What an approved file was approved in spite of, in a line; null when there is nothing but an engine that was away. */
export function notedOf({ findings, gaps }: FileResult): string | null {
  const found = new Set(
    findings.map(({ kind, rule, weight, accepted }) =>
      accepted === undefined ? `${kind} ${weight} (${forTerminal(rule)})` : `${kind} accepted`,
    ),
  );
  const content = gaps.filter(({ reason }) => !ENGINE_AWAY.includes(reason));
  const missed = new Set(
    content.map(
      ({ reason, by, accepted }) =>
        `${reason} (${forTerminal(by)}) ${accepted === undefined ? 'tolerated' : 'accepted'}`,
    ),
  );
  const all = [...found, ...missed];
  if (all.length === 0) return null;
  const shown = all.slice(0, MAX_NOTED).join('; ');
  return all.length > MAX_NOTED ? `${shown}; … and ${all.length - MAX_NOTED} more` : shown;
}
