import { createHash } from 'node:crypto';
import type { OutwardEvent, Severity } from '../event.ts';
import { visible } from '../visible.ts';

/** Plain text: nothing in it can be HTML, a picture or a script. */
export interface Letter {
  readonly subject: string;
  readonly text: string;
  /** The same for the same events, so that a second attempt can be told from another letter. */
  readonly id: string;
}

/** Events that are told of in full; the others are counted. */
const MAX_TOLD = 50;
const MAX_TEXT = 300;
const MAX_FINDINGS = 5;

export const SEVERITIES: readonly Severity[] = ['info', 'low', 'medium', 'high', 'critical'];

/** One letter for all of these, of which there is at least one. The subject has no word of others. */
export function letterOf(events: readonly [OutwardEvent, ...OutwardEvent[]]): Letter {
  const [first] = events;
  const worst = events.reduce<OutwardEvent>(
    (most, one) => (SEVERITIES.indexOf(one.severity) > SEVERITIES.indexOf(most.severity) ? one : most),
    first,
  );
  const more = events.length === 1 ? '' : ` (and ${events.length - 1} more)`;
  const byType = Map.groupBy(events, ({ type }) => type);
  const counts = [...byType].map(([type, those]) => `  ${type}: ${those.length}`);
  const told = events
    .toSorted((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity))
    .slice(0, MAX_TOLD);
  const left = events.length - told.length;
  const text = [
    ...(events.length === 1 ? [] : [`${events.length} events:`, ...counts, '']),
    ...told.flatMap((event) => [...paragraph(event), '']),
    ...(left > 0 ? [`… and ${left} more, counted above. The journal has all of them.`, ''] : []),
    `From the store ${shown(first.instance)}, BackupLens ${shown(first.version)}. Answers to this letter reach nobody.`,
    '',
  ].join('\n');
  return {
    subject: `BackupLens: ${worst.severity}: ${worst.summary}${more}`,
    text,
    id: createHash('sha256')
      .update(events.map(({ id }) => id).join('\0'))
      .digest('hex')
      .slice(0, 40),
  };
}

function paragraph(event: OutwardEvent): string[] {
  const { severity, summary, time, path, sha256, decision, who, detail, review } = event;
  const findings = event.findings
    .slice(0, MAX_FINDINGS)
    .map(({ kind, rule, trail }) => `  found: ${kind} ${shown(rule)} in ${trail.map(shown).join(' › ')}`);
  const left = event.findings_total - findings.length;
  const figures = Object.entries(event.figures).map(([name, value]) => `  ${name}: ${shown(String(value))}`);
  return [
    `[${severity}] ${summary}`,
    `  at: ${time}`,
    ...line('file', path),
    ...line('sha256', sha256),
    ...line('decision', decision),
    ...line('by', who),
    ...line('detail', detail),
    ...(review === null ? [] : line('review', `${review.id}, group ${review.group}, ${review.state}`)),
    ...findings,
    ...(left > 0 ? [`  and ${left} more findings`] : []),
    ...figures,
    `  event: ${event.id}`,
  ];
}

function line(name: string, value: string | null): string[] {
  return value === null || value === '' ? [] : [`  ${name}: ${shown(value)}`];
}

/** On one line, so that no name looks like a paragraph of ours. */
function shown(text: string): string {
  return visible(text, MAX_TEXT);
}
