import type { ErrorEntry, ReportFooter, ReportHeader, SkippedEntry } from '../contracts/index.ts';
import { DECISIONS } from '../domain/index.ts';
import type { BoundedList } from './bounded-list.ts';
import { cacheTrouble, cacheWords } from './cache-words.ts';
import { allLooked, engineWords, isAway } from './engine-words.ts';
import { forTerminal } from './escape.ts';
import { counted, duration, number, size } from './figures.ts';
import type { Paint } from './paint.ts';
import { statsLines } from './text-stats.ts';
import type { Tally, Uninspected } from './tally.ts';
import { padEnd } from './width.ts';

const MAX_USED = 8;
const EVERYTHING = 'Everything was inspected';

export interface Summarized {
  readonly header: ReportHeader;
  readonly footer: ReportFooter;
  readonly tally: Tally;
  readonly errors: BoundedList<ErrorEntry>;
  readonly verbose: boolean;
}

/** The block below the table; its last line is the decision for the run. Lines without their end. */
export function summaryLines(run: Summarized, paint: Paint): string[] {
  const blocks = [
    decided(run, paint),
    uninspected(run, paint),
    loud(run, paint),
    errors(run, paint),
    moved(run, paint),
    used(run, paint),
    run.footer.stats === undefined ? [] : statsLines(run.footer.stats, paint),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block) => [...block, '']);
  return [...lines, lastLine(run, paint)];
}

function decided({ header, footer, tally }: Summarized, paint: Paint): string[] {
  const { summary } = footer;
  const took = Date.parse(footer.finished_at) - Date.parse(header.started_at);
  const time = Number.isFinite(took) && took >= 0 ? ` in ${duration(took)}` : '';
  if (summary.files === 0) return [paint.alarm('NOTHING WAS SCANNED: no file was found')];
  const total = `${counted(summary.files, 'file')}, ${counted(summary.artifacts, 'artifact')}, ${size(summary.bytes)}`;
  const rows = DECISIONS.toReversed()
    .filter((decision) => tally.decided[decision].files + tally.decided[decision].folders > 0)
    .map((decision) => {
      const { files, folders, bytes, provisional } = tally.decided[decision];
      const whole = folders === 0 ? '' : `  and ${counted(folders, 'folder')} as a whole`;
      const maybe = provisional === 0 ? '' : `  ${number(provisional)} provisional`;
      const name = paint.decision[decision](decision) + ' '.repeat(13 - decision.length);
      return `  ${name}  ${counted(files, 'file').padStart(14)}  ${size(bytes).padStart(8)}${whole}${paint.warning(maybe)}`;
    });
  const accepted =
    tally.acceptedFindings === 0
      ? []
      : [
          `  accepted       ${counted(tally.acceptedFindings, 'finding').padStart(14)}  known by the baseline, without points`,
        ];
  const known = cacheWords(summary);
  const before = known === null ? [] : [`  ${known}`];
  return [paint.strong(`Scanned ${total}${time}`), ...before, ...rows, ...accepted, ...rawOnly(tally)];
}

function rawOnly({ rawOnly: { artifacts, bytes } }: Tally): string[] {
  if (artifacts === 0) return [];
  const figures = `${counted(artifacts, 'artifact').padStart(14)}  ${size(bytes).padStart(8)}`;
  return [`  seen raw only  ${figures}  of no known type, or packed in blocks of its own: not looked into`];
}

function uninspected({ footer, tally }: Summarized, paint: Paint): string[] {
  const gaps = [...tally.uninspected]
    .toSorted(([, a], [, b]) => b.artifacts - a.artifacts)
    .map(
      ([reason, sum]) =>
        `  ${padEnd(reason, 20)}${counted(sum.artifacts, 'artifact').padStart(18)}  ${extent(sum)}${consequence(sum)}  ${paint.dim(byWhom(sum))}`,
    );
  const skipped = [...tally.skipped].map(([reason, count]) => counted(count, ...SKIPPED[reason]));
  const lines = [...gaps];
  if (tally.omittedGaps > 0)
    lines.push(`  ${counted(tally.omittedGaps, 'more gap')} beyond what a report lists`);
  if (skipped.length > 0) lines.push(`  ${padEnd('skipped', 20)}${skipped.join(', ')}`);
  if (footer.summary.outward_links > 0) {
    lines.push(
      `  ${counted(footer.summary.outward_links, 'link')} lead${footer.summary.outward_links === 1 ? 's' : ''} out of what was scanned; not followed`,
    );
  }
  if (lines.length > 0) return [paint.strong('NOT inspected'), ...lines];
  const { files, interrupted, errors: failed } = footer.summary;
  const whole = files > 0 && !interrupted && failed === 0 && allLooked(footer.engines);
  const all = footer.summary.cache?.by_metadata ? 'Everything was inspected, now or before' : EVERYTHING;
  return whole ? [paint.strong(all)] : [];
}

function byWhom({ by, accepted }: Uninspected): string {
  const names = [...by].map(forTerminal).join(', ');
  return accepted === 0 ? names : `${names} (${number(accepted)} accepted)`;
}

function extent({ bytes, atLeast }: Uninspected): string {
  return (atLeast ? (bytes === 0 ? 'size unknown' : `≥ ${size(bytes)}`) : size(bytes)).padStart(12);
}

function consequence({ rules }: Uninspected): string {
  const words = rules.has('quarantine') ? 'quarantines' : rules.has('review') ? 'for review' : 'tolerated';
  return `  ${words.padEnd(11)}`;
}

/** One and many of each reason for which an entry was not even opened. */
const SKIPPED: Readonly<Record<SkippedEntry['reason'], readonly [string, string]>> = {
  symlink: ['link', 'links'],
  fifo: ['pipe', 'pipes'],
  socket: ['socket', 'sockets'],
  device: ['device', 'devices'],
  excluded: ['excluded', 'excluded'],
  other_file_system: ['on another file system', 'on other file systems'],
  unknown: ['of unknown kind', 'of unknown kind'],
};

/** What must not be overlooked: engines that were away, approvals that may not stand, a run that was cut short. */
function loud({ header, footer }: Summarized, paint: Paint): string[] {
  const { summary, engines } = footer;
  const lines: string[] = [];
  if (summary.interrupted)
    lines.push(paint.alarm('INTERRUPTED: the run was ended before everything was seen'));
  if (summary.provisional > 0) {
    const away = [
      ...(isAway(engines.clamav.status) ? ['ClamAV'] : []),
      ...(isAway(engines.yara.status) ? ['YARA'] : []),
    ];
    const who =
      away.length === 0 ? 'an engine was' : `${away.join(' and ')} ${away.length === 1 ? 'was' : 'were'}`;
    lines.push(
      paint.warning(
        `PROVISIONAL: ${who} away; ${counted(summary.provisional, 'decision')} may turn out harsher once everything has looked`,
      ),
    );
  }
  for (const line of cacheTrouble(summary)) lines.push(paint.alarm(forTerminal(line)));
  const before = new Set(engineWords(header.engines).map(({ line }) => line));
  for (const { loud: isLoud, line } of engineWords(engines)) {
    if (isLoud && !before.has(line)) lines.push(paint.warning(forTerminal(line)));
  }
  return lines;
}

function errors({ footer, errors: listed }: Summarized, paint: Paint): string[] {
  if (footer.summary.errors === 0 && listed.entries.length === 0) return [];
  const rows = listed.entries.map(
    ({ path, code, message }) => `  ${forTerminal(path)}: ${forTerminal(message)} (${forTerminal(code)})`,
  );
  if (listed.omitted > 0) rows.push(`  … and ${counted(listed.omitted, 'more error')}`);
  const total = Math.max(footer.summary.errors, listed.entries.length + listed.omitted);
  return [paint.alarm(counted(total, 'error')), ...rows];
}

function moved({ tally }: Summarized, paint: Paint): string[] {
  const words = {
    quarantined: 'quarantined',
    held: 'held for review',
    released: 'released',
    failed: 'NOT MOVED',
    none: 'left in place',
  } as const;
  const parts = (['quarantined', 'held', 'released', 'failed', 'none'] as const)
    .filter((action) => tally.moved.has(action))
    .map((action) => {
      const part = `${counted(tally.moved.get(action) ?? 0, 'file')} ${words[action]}`;
      return action === 'failed' ? paint.alarm(part) : part;
    });
  return parts.length === 0 ? [] : [`${paint.strong('Moved')}  ${parts.join(', ')}`];
}

function used({ header, verbose }: Summarized, paint: Paint): string[] {
  const { policy, tool } = header;
  const listed = verbose ? header.used : header.used.slice(0, MAX_USED);
  const notes = [
    ...(policy.path === null ? ['built-in'] : [forTerminal(policy.path)]),
    ...(policy.strict ? ['strict'] : []),
  ];
  const rows = listed.map(({ path, sha256 }) => `  ${forTerminal(path)}  ${hash(sha256)}`);
  const left = header.used.length - listed.length;
  if (left > 0) rows.push(`  … and ${counted(left, 'more file')}; --verbose lists them`);
  return [
    `Judged by backuplens ${forTerminal(tool.version)} under policy ${policy.sha256.slice(0, 16)}… (${notes.join(', ')})`,
    ...rows,
  ].map(paint.dim);
}

function hash(sha256: string | null): string {
  return sha256 === null ? 'sha256 unknown' : `sha256 ${sha256.slice(0, 16)}…`;
}

function lastLine({ footer }: Summarized, paint: Paint): string {
  const { decision, interrupted, provisional } = footer.summary;
  const but = [...(interrupted ? ['interrupted'] : []), ...(provisional > 0 ? ['provisional'] : [])];
  const suffix = but.length === 0 ? '' : paint.warning(` (${but.join(', ')})`);
  return `Decision: ${paint.decision[decision](decision)}${suffix}`;
}
