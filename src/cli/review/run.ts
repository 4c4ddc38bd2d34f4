import { STATES } from './states.ts';
import { asciiJson, nameFromBytes } from '../../bytes/index.ts';
import type { Answered } from '../../pipeline/reviews/index.ts';
import type { FileResult } from '../../contracts/index.ts';
import { counted, number, size } from '../../report/index.ts';
import type { Review, WatchedFile } from '../../store/index.ts';
import { COULD_NOT, DONE, facts, say, tellRecovered, theOne, WRONG, type CommandIo } from '../command-io.ts';
import { withHands } from '../hands.ts';
import { withReader } from '../store-session.ts';

const PAGE = 500;

export interface AnswerFlags {
  readonly sha256: string;
  readonly reason: string;
  readonly remember?: boolean;
  readonly until?: string;
  readonly json?: boolean;
}

export async function list(
  io: CommandIo,
  { state, group, json }: { readonly state: string; readonly group?: string; readonly json?: boolean },
): Promise<number> {
  const known = STATES.find((one) => one === state);
  if (known === undefined) {
    say(io, `--state: expected one of ${STATES.join(', ')}, got ${state}`);
    return 2;
  }
  let count = 0;
  if (json === true) io.out('[');
  await withReader(
    await io.folders(),
    async (store) => {
      for (let after = ''; ;) {
        const page = await store.reviews.list({
          limit: PAGE,
          after,
          ...(known === 'all' ? {} : { state: known }),
          ...(group === undefined ? {} : { group }),
        });
        for (const review of page) {
          if (json === true) io.out(`${count === 0 ? '' : ','}\n${asciiJson(publicReview(review))}`);
          else io.out(`${line(io, review)}\n`);
          count++;
        }
        const last = page.at(-1);
        if (last === undefined || page.length < PAGE) return;
        after = last.id;
      }
    },
    () => undefined,
  );
  if (json === true) io.out('\n]\n');
  else if (count === 0) say(io, 'nothing waits for a review');
  return DONE;
}

function line(io: CommandIo, review: Review): string {
  const why = review.reasons[0] === undefined ? '' : `  ${io.escape(review.reasons[0])}`;
  const waits = review.escalated_at === null ? '' : '  waits too long';
  const state = review.state === 'open' ? waits : `  ${review.state}`;
  const opened = `${review.opened_at.slice(0, 19)}Z`;
  return `${review.id}  ${opened}  ${review.group}${state}  ${io.escape(nameFromBytes(review.path))}${why}`;
}

export async function show(io: CommandIo, short: string, json: boolean): Promise<number> {
  return withReader(
    await io.folders(),
    async (store) => {
      const id = theOne(io, short, await store.reviews.find(short), 'under review');
      const review = id === null ? null : await store.reviews.get(id);
      if (review === null) return WRONG;
      const result = review.scan === null ? null : ((await store.scans.get(review.scan))?.result ?? null);
      if (json) io.out(`${asciiJson({ ...publicReview(review), report: result })}\n`);
      else {
        const file = await store.files.get(review.file);
        const upload = await store.uploads.at(review.path);
        facts(io, [
          ...rowsOf(review, file),
          ...(upload === null
            ? []
            : [['uploaded', `as ${upload.name} by ${upload.who}: somebody else has to approve it`] as const]),
          ...(result === null ? [] : rowsOfReport(result)),
        ]);
      }
      return DONE;
    },
    () => missing(io, short),
  );
}

/** What was found where, and what was not looked at. */
function rowsOfReport({ findings, gaps, coverage, omitted }: FileResult): (readonly [string, string])[] {
  const { artifacts, bytes, raw_only: raw, ...engines } = coverage;
  const by = Object.entries(engines).map(([name, one]) => `${name} ${number(one?.artifacts ?? 0)}`);
  return [
    ...findings.map(({ kind, rule, weight, trail, detail, offset }) => {
      const at = offset === null ? '' : ` at byte ${number(offset)}`;
      return ['found', `${kind} ${rule} (${weight})${within(trail)}${at}: ${detail}`] as const;
    }),
    ...gaps.map(
      ({ reason, by: whom, trail, detail }) =>
        ['not seen', `${reason} (${whom})${within(trail)}: ${detail}`] as const,
    ),
    ...(omitted === undefined
      ? []
      : [['besides', `${counted(omitted.findings, 'finding')}, ${counted(omitted.gaps, 'gap')}`] as const]),
    ['looked at', `${counted(artifacts, 'artifact')}, ${size(bytes)}: ${by.join(', ')}`],
    ...(raw === undefined
      ? []
      : [
          ['raw only', `${counted(raw.artifacts, 'artifact')}, ${size(raw.bytes)} of no known type`] as const,
        ]),
  ];
}

function within(trail: readonly string[]): string {
  return trail.length > 1 ? ` in ${trail.slice(1).join(' › ')}` : '';
}

function rowsOf(review: Review, file: WatchedFile | null): (readonly [string, string])[] {
  const { answer: given } = review;
  const held = review.location === null ? 'held in place' : nameFromBytes(review.location);
  const place = file === null ? null : nameFromBytes(file.location ?? file.path);
  return [
    ['id', review.id],
    ['file', nameFromBytes(review.path)],
    ...(review.unit === 'file'
      ? []
      : [['unit', `${review.unit}: answered as a whole, never moved`] as const]),
    ['now', review.state === 'open' || file === null ? held : `${file.state}: ${place}`],
    ['held', review.opened_at],
    ...(review.escalated_at === null ? [] : [['escalated', review.escalated_at] as const]),
    ['size', review.size === null ? 'unknown' : `${review.size} bytes`],
    ['sha256', review.sha256 ?? 'unknown: it was not read to its end'],
    ['group', review.group],
    ['state', review.state],
    ...(given === null
      ? []
      : [
          ['answered', `${given.at} by ${given.who}: ${given.reason}`] as const,
          ...(given.remember ? [['remembered', given.until ?? 'without an end'] as const] : []),
          ...(review.forgotten === null
            ? []
            : [['forgotten', `${review.forgotten.at} by ${review.forgotten.who}`] as const]),
        ]),
    ...review.reasons.map((reason) => ['because', reason] as const),
  ];
}

export async function answer(
  io: CommandIo,
  short: string,
  verb: 'approve' | 'reject',
  { sha256, reason, remember = false, until, json }: AnswerFlags,
): Promise<number> {
  const what = `backuplens review ${verb}`;
  return withHands(
    { folders: await io.folders(), what, onRecovered: tellRecovered(io) },
    async (store, hands) => {
      const id = theOne(io, short, await store.reviews.find(short), 'under review');
      if (id === null) return WRONG;
      const given = { reason, sha256, remember, until: until ?? null };
      return tell(io, id, await hands.answer(verb, id, given), json === true);
    },
  );
}

export async function forget(
  io: CommandIo,
  short: string,
  { reason, json }: { readonly reason: string; readonly json?: boolean },
): Promise<number> {
  const why = reason.trim();
  if (why === '') {
    say(io, 'a reason is needed', 'say why with --reason');
    return COULD_NOT;
  }
  return withHands(
    { folders: await io.folders(), what: 'backuplens review forget', onRecovered: tellRecovered(io) },
    async (store, hands) => {
      const id = theOne(io, short, await store.reviews.find(short), 'under review');
      if (id === null) return WRONG;
      const forgotten = await hands.forget(id, why);
      if (forgotten === null) {
        say(io, `the approval of ${id} is not remembered`, '`review show` says how it was answered');
        return WRONG;
      }
      if (json === true) io.out(`${asciiJson(publicReview(forgotten))}\n`);
      else io.out(`${id} forgotten: nothing is approved because of it from now on\n`);
      return DONE;
    },
  );
}

function tell(io: CommandIo, id: string, answered: Answered, json: boolean): number {
  switch (answered.status) {
    case 'missing':
      return missing(io, id);
    case 'over':
      say(io, `${id} is ${answered.review.state} already`, '`show` says who answered it');
      return WRONG;
    case 'other_content':
      say(
        io,
        `what is held as ${id} is not the file with that SHA-256`,
        'look at it again: `backuplens review show` has its SHA-256',
      );
      return COULD_NOT;
    case 'swapped':
      say(io, `${id} is not answered: ${answered.why}`, 'see who has written there; nothing was recorded');
      return WRONG;
    case 'unread':
      say(
        io,
        `what is held as ${id} was never read to its end`,
        'see that it can be read, and scan it again',
      );
      return COULD_NOT;
    case 'own_upload':
      say(io, `you have uploaded ${id} yourself`, 'somebody else has to approve it');
      return COULD_NOT;
    case 'answered':
      return tellOf(io, answered, json);
    default:
      return answered satisfies never;
  }
}

function tellOf(
  io: CommandIo,
  { review, file, disposition }: Extract<Answered, { status: 'answered' }>,
  json: boolean,
): number {
  const isDone = disposition.action !== 'failed';
  if (json) io.out(`${asciiJson({ ...publicReview(review), file_state: file.state, disposition })}\n`);
  else if (isDone) io.out(`${review.id} ${review.state}: ${io.escape(disposition.location)}\n`);
  if (isDone) return DONE;
  const later = file.state === 'disposition_pending';
  say(
    io,
    `${review.id} is ${review.state}, but ${disposition.detail ?? 'the file could not be moved'}`,
    later ? 'the service tries again; without one, mend that and give the same command again' : undefined,
  );
  return WRONG;
}

function missing(io: CommandIo, short: string): number {
  say(io, `there is no review ${short}`, '`list` shows what there is');
  return WRONG;
}

function publicReview(review: Review): Record<string, unknown> {
  const { path, location, ...rest } = review;
  return {
    ...rest,
    path: nameFromBytes(path),
    path_base64: Buffer.from(path).toString('base64'),
    location: location === null ? null : nameFromBytes(location),
  };
}
