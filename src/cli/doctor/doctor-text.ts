import type { DoctorReport, HealthCheck, HealthState } from '../../contracts/index.ts';
import { counted, forTerminal, paint } from '../../report/index.ts';

/** `doctor` for people: the worst last, so that it stands above the prompt. Whatever others chose is escaped here. */
export function doctorText(
  { checks }: DoctorReport,
  { color, quiet }: { readonly color: boolean; readonly quiet: boolean },
): string[] {
  const paints = paint(color);
  const word: Readonly<Record<HealthState, string>> = {
    ok: paints.dim('ok  '),
    warn: paints.warning('warn'),
    fail: paints.alarm('FAIL'),
  };
  const of = (state: HealthState): HealthCheck[] => checks.filter((check) => check.state === state);
  const shown = [...(quiet ? [] : of('ok')), ...of('warn'), ...of('fail')];
  return [
    ...shown.flatMap(({ state, id, what, todo }) => [
      `${word[state]}  ${forTerminal(what)}  ${paints.dim(id)}`,
      ...(todo === null ? [] : [`      ${paints.dim('do:')} ${forTerminal(todo)}`]),
    ]),
    ...(shown.length > 0 ? [''] : []),
    summary(of('fail').length, of('warn').length, of('ok').length),
  ];
}

function summary(fails: number, warnings: number, good: number): string {
  const parts = [`${counted(good, 'check')} ok`];
  if (warnings > 0) parts.push(counted(warnings, 'warning'));
  parts.push(fails === 0 ? 'nothing fails' : counted(fails, 'failure'));
  return parts.join(', ');
}
