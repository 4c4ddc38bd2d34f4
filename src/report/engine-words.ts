import type { ReportHeader } from '../contracts/index.ts';
import { counted, number } from './figures.ts';

type Engines = ReportHeader['engines'];
type Status = Engines['clamav']['status'];

interface EngineWords {
  /** It did not look, or what it says is not proven: said first and loudly. */
  readonly loud: boolean;
  readonly line: string;
  /** Rule files that were left out; what else is to be known of it. */
  readonly below: readonly string[];
}

const MAX_REJECTED = 10;

/** What each engine did, in words for people; those that did not look first. Not escaped yet. */
export function engineWords(engines: Engines): EngineWords[] {
  return [
    clamav(engines.clamav),
    yara(engines.yara),
    ...(engines.hash_sets === undefined ? [] : [hashSets(engines.hash_sets)]),
  ].toSorted((a, b) => Number(b.loud) - Number(a.loud));
}

/** True when every engine looked with everything it has, and nothing is doubtful. */
export function allLooked(engines: Engines): boolean {
  return engineWords(engines).every(({ loud }) => !loud);
}

/** True for an engine that was away against our will. */
export function isAway(status: Status): boolean {
  return status === 'unavailable' || status === 'failed';
}

function clamav(state: Engines['clamav']): EngineWords {
  const where = state.address === null ? '' : ` (${state.address})`;
  if (state.status === 'ok') {
    const version = (state.version ?? 'version unknown').replace(/^ClamAV /, '');
    return { loud: false, line: `ClamAV: ${version}${signatures(state)}${where}`, below: state.caveats };
  }
  return { loud: true, line: `ClamAV ${notOk(state)}${where}`, below: state.caveats };
}

function signatures({ signatures: count, database_time: time }: Engines['clamav']): string {
  const of = time === null ? '' : ` of ${time.slice(0, 10)}`;
  if (count !== null) return `, ${counted(count, 'signature')}${of}`;
  return time === null ? '' : `, signatures${of}`;
}

function yara(state: Engines['yara']): EngineWords {
  const where = state.address === null ? '' : ` (${state.address})`;
  const rejected = state.rejected.map(
    ({ file, line, column, message }) => `${file}:${line ?? '?'}:${column ?? '?'} ${message}`,
  );
  const left = rejected.length === 0 ? '' : `, ${counted(rejected.length, 'file')} rejected`;
  const [only] = rejected;
  const shown = rejected.slice(0, MAX_REJECTED);
  if (rejected.length > MAX_REJECTED) shown.push(`… and ${rejected.length - MAX_REJECTED} more`);
  const below = rejected.length === 1 ? [] : shown;
  const end = rejected.length === 1 && only !== undefined ? `${left}: ${only}` : left;
  if (state.status !== 'ok') return { loud: true, line: `YARA ${notOk(state)}${where}${end}`, below };
  if (state.rules === 0) return { loud: true, line: `YARA did not look: it has no rules${end}`, below };
  const rules = `${counted(state.rules, 'rule')} from ${counted(state.rule_files, 'file')}`;
  return { loud: rejected.length > 0, line: `YARA: ${rules}${end}`, below };
}

function hashSets(state: NonNullable<Engines['hash_sets']>): EngineWords {
  const { bad, good, in_both: both, files, rejected, rejected_lines: lines } = state;
  const known = `${number(bad)} known bad and ${number(good)} known good from ${counted(files, 'list')}`;
  const twice = both === 0 ? '' : `, ${number(both)} of them both: they count as bad`;
  const left = lines === 0 ? '' : `, ${counted(lines, 'line')} rejected`;
  const below = rejected.map(
    ({ file, line, message }) => `${file}${line === null ? '' : `:${line}`} ${message}`,
  );
  const shown = below.slice(0, MAX_REJECTED);
  if (lines > shown.length) shown.push(`… and ${number(lines - shown.length)} more`);
  return { loud: lines > 0 || both > 0, line: `Hashes: ${known}${twice}${left}`, below: shown };
}

function notOk({ status, detail }: { status: Status; detail: string | null }): string {
  const words: Readonly<Record<Status, string>> = {
    ok: 'looked',
    off: 'did not look: it is switched off',
    unavailable: 'did not look',
    failed: 'failed',
    unproven: 'looked, but is not proven',
  };
  if (detail === null) return words[status];
  return status === 'off' ? `${words.off} (${detail})` : `${words[status]}: ${detail}`;
}
