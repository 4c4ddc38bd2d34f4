import { BackupLensError } from '../../domain/index.ts';
import type { OutwardEvent, OutwardReview } from '../event.ts';
import type { Markup, TicketText } from './tracker.ts';

/** How the open reviews of one group stand now. */
export interface GroupStanding {
  readonly reviews: number;
  readonly bytes: number;
  /** When the first of them was opened; null: there is none. */
  readonly oldest: string | null;
  /** Some of them have waited longer than they should. */
  readonly escalated: number;
}

const MAX_RULES = 15;

const TEMPLATE = `BackupLens holds {{files}} until a person decides, {{bytes}} bytes in all, the first since {{since}}.{{escalated}}

Why:

{{rules}}

The last one: {{path}}

SHA-256: {{sha256}}

Group {{group}} of {{instance}}. To look and to answer: backuplens review list, or /api/v1/reviews?group={{group}}. This ticket is kept up to date, and is closed with the last review; what is written here decides nothing.
`;
const NAMES = [
  'files',
  'bytes',
  'since',
  'escalated',
  'rules',
  'path',
  'sha256',
  'group',
  'instance',
] as const;
type Name = (typeof NAMES)[number];

/** Throws BL_CONFIG for a name that there is not. */
export function checkedTemplate(template: string | null): string {
  if (template === null) return TEMPLATE;
  for (const [whole, name] of template.matchAll(/\{\{(.*?)\}\}/gs)) {
    if (isName(name)) continue;
    throw new BackupLensError('BL_CONFIG', `TICKETS_TEMPLATE has ${JSON.stringify(whole.slice(0, 60))}`, {
      hint: `the names are ${NAMES.join(', ')}`,
    });
  }
  return template;
}

function isName(name: string | undefined): name is Name {
  return NAMES.some((one) => one === name);
}

/** The title has no word of others: trackers mail it, and show it where nothing is quoted. */
export function ticketText(
  template: string,
  { path, sha256, instance }: OutwardEvent,
  { group, rules }: OutwardReview,
  standing: GroupStanding,
  markup: Markup,
): TicketText {
  const files = standing.reviews === 1 ? 'one file' : `${standing.reviews} files`;
  const shown = rules.slice(0, MAX_RULES).map((rule) => markup.quoted(rule));
  if (rules.length > MAX_RULES) shown.push(`and ${rules.length - MAX_RULES} more`);
  const values: Readonly<Record<Name, string>> = {
    files,
    bytes: String(standing.bytes),
    since: standing.oldest ?? '(nobody waits)',
    escalated: standing.escalated > 0 ? ` ${standing.escalated} of them have waited too long.` : '',
    rules: markup.list(shown.length === 0 ? ['no rule: see the review'] : shown),
    path: markup.quoted(path ?? '(no name)'),
    sha256: sha256 ?? 'none',
    group: /^[A-Za-z0-9_-]+$/.test(group) ? group : markup.quoted(group),
    instance: markup.quoted(instance),
  };
  const late = standing.escalated > 0 ? ', waiting too long' : '';
  return {
    title: `BackupLens: ${files} held for review${late} (${group.slice(0, 16)})`,
    body: template.replaceAll(/\{\{(.*?)\}\}/gs, (_whole, name: string) =>
      isName(name) ? values[name] : '',
    ),
  };
}

/** The last word of a ticket. */
export function lastWord(
  { who, time, detail }: OutwardEvent,
  { state }: OutwardReview,
  markup: Markup,
): string {
  const by = who === null ? '' : ` by ${markup.quoted(who)}`;
  const because = detail === null || detail === '' ? '' : `, because: ${markup.quoted(detail)}`;
  return `No file of this group waits any more. The last one was ${state}${by} at ${time}${because}.`;
}
