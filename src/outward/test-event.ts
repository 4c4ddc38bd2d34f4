import { ABOUT_NOTHING } from './about-nothing.ts';
import type { OutwardEvent } from './event.ts';

/** What somebody sends to see whether it arrives: of no journal, and about nothing. */
export function testEvent({
  id,
  version,
  time,
}: Pick<OutwardEvent, 'id' | 'version' | 'time'>): OutwardEvent {
  return {
    id,
    type: 'test',
    severity: 'info',
    time,
    summary: 'This is a test of BackupLens, and nothing has happened',
    instance: 'test',
    version,
    journal: { seq: 0, hash: '0'.repeat(64) },
    ...ABOUT_NOTHING,
  };
}
