import { ENCODERS } from '../src/outward/encode/encoder.ts';
import type { OutwardEvent } from '../src/outward/index.ts';
import { messageOf } from '../src/outward/sinks/syslog-message.ts';
import { EVENT } from '../test/kit/events/sample-event.ts';

const HELD: OutwardEvent = {
  ...EVENT,
  type: 'hold.opened',
  severity: 'medium',
  summary: 'A file is held until a person decides',
  action: 'held',
  decision: 'manual_review',
  verdict: 'unknown',
  score: 0,
  findings: [],
  findings_total: 0,
  detail: '2 of 3 members could not be examined: encrypted',
};

/** docs/siem-examples.md: one file in quarantine and one that is held, as every format writes them. */
export function siemPage(): string {
  return [
    '# Events as they are sent',
    '',
    'Made by the encoders themselves (`npm run generate`) from one file that went into quarantine and one that is held. JSON is',
    'laid out here for people; what is sent is one line. What each event and field means is in [siem.md](siem.md).',
    '',
    ...section('ECS', 'ecs', EVENT),
    ...section('ECS: a hold', 'ecs', HELD),
    ...section('OCSF', 'ocsf', EVENT),
    ...fenced('CEF', 'text', ENCODERS.cef(EVENT)),
    ...fenced(
      'Syslog, with CEF',
      'text',
      messageOf(EVENT, { format: 'cef', host: 'backup-1', max_bytes: 8192 })
        .toString()
        .replace(/ backuplens \d+ /, ' backuplens 4711 '),
    ),
  ].join('\n');
}

function section(title: string, format: 'ecs' | 'ocsf', event: OutwardEvent): string[] {
  return fenced(title, 'json', JSON.stringify(JSON.parse(ENCODERS[format](event)), null, 2));
}

function fenced(title: string, language: string, text: string): string[] {
  return [`## ${title}`, '', `\`\`\`${language}`, text, '```', ''];
}
