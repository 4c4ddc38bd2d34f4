import { counted, duration, forTerminal, number, shorten, size, width } from '../report/index.ts';
import type { Tty } from './tty.ts';

export interface ProgressState {
  readonly filesDone: number;
  /** Files met so far. */
  readonly filesKnown: number;
  /** All of them were met: only now a share and a time that is left can be told. */
  readonly totalKnown: boolean;
  readonly bytesDone: number;
  /** Of the files met so far. */
  readonly bytesKnown: number;
  /** The path under examination; null between two. */
  readonly current: string | null;
}

const BAR_COLUMNS = 20;
const MIN_COLUMNS_FOR_BAR = 70;
const MIN_CURRENT = 12;
const REDRAW_MS = 100;
/** Before this, a rate says nothing. */
const SETTLED_MS = 1000;

/** One line that fits `columns` (with one left free, so that no terminal wraps it). */
export function progressLine(state: ProgressState, elapsedMs: number, columns: number): string {
  const { filesDone, filesKnown, totalKnown, bytesDone, current } = state;
  const files = totalKnown
    ? `${number(filesDone)}/${counted(filesKnown, 'file')}`
    : `${number(filesDone)} of at least ${counted(filesKnown, 'file')}`;
  const parts = [files, size(bytesDone)];
  if (elapsedMs >= SETTLED_MS) parts.push(`${size((bytesDone / elapsedMs) * 1000)}/s`);
  const left = remainingMs(state, elapsedMs);
  if (left !== null) parts.push(`${duration(left)} left`);
  const bar = totalKnown && columns >= MIN_COLUMNS_FOR_BAR ? `${drawn(share(state))} ` : '';
  const figures = shorten(bar + parts.join(' · '), columns - 1);
  const room = columns - 1 - width(figures) - width(' · ');
  if (current === null || room < MIN_CURRENT) return figures;
  return `${figures} · ${shorten(forTerminal(current), room)}`;
}

/** 0 to 1, by bytes where files have any: one large file is not half of the work of two. */
function share({ filesDone, filesKnown, bytesDone, bytesKnown }: ProgressState): number {
  const [done, known] = bytesKnown > 0 ? [bytesDone, bytesKnown] : [filesDone, filesKnown];
  return known === 0 ? 0 : Math.min(1, done / known);
}

function remainingMs(state: ProgressState, elapsedMs: number): number | null {
  const done = share(state);
  if (!state.totalKnown || done === 0 || elapsedMs < SETTLED_MS) return null;
  return (elapsedMs * (1 - done)) / done;
}

function drawn(done: number): string {
  const full = Math.floor(done * BAR_COLUMNS);
  const percent = `${Math.floor(done * 100)}%`.padStart(4);
  return `[${'='.repeat(full)}${' '.repeat(BAR_COLUMNS - full)}]${percent}`;
}

/**
 * The line of progress on standard error: redrawn at most ten times a second, and nothing at all where there is no
 * terminal or nobody wants it. Other output clears it; the next redraw brings it back.
 */
export class Progress {
  readonly #tty: Tty;
  readonly #now: () => number;
  readonly #started: number;
  #state: ProgressState | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `now`: milliseconds on a clock that never goes back. */
  constructor(tty: Tty, now: () => number = () => performance.now()) {
    this.#tty = tty;
    this.#now = now;
    this.#started = now();
    if (tty.statusColumns === undefined) return;
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  /** Cheap: only remembers what the next redraw shows. */
  update(state: ProgressState): void {
    this.#state = state;
  }

  /** Clears the line for good. */
  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#tty.status('');
  }

  #draw(): void {
    const columns = this.#tty.statusColumns;
    if (columns === undefined || this.#state === null) return;
    this.#tty.status(progressLine(this.#state, this.#now() - this.#started, columns));
  }
}
