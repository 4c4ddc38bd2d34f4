import { createHash } from 'node:crypto';
import type { JournalAction, JournalEntry } from '../domain/index.ts';
import type { HistoryEntry } from './releases.ts';

const ACTIONS: Readonly<Record<HistoryEntry['action'], JournalAction>> = {
  import: 'bundle_taken',
  refused: 'bundle_refused',
  rollback: 'bundle_rolled_back',
};

/** The history as the journal has it. An entry's mark is the same wherever it is made. */
export function journalEntriesOf(
  history: readonly HistoryEntry[],
): readonly { readonly mark: string; readonly entry: JournalEntry }[] {
  return history.map((done) => {
    const { at, who, action, release, serial, key, reason, against } = done;
    const parts = [
      release ?? (serial === null ? 'no bundle is in force' : `serial ${serial}`),
      ...(key === null ? [] : [`signed by key ${key}`]),
      ...against,
      ...(reason === null ? [] : [`reason: ${reason}`]),
    ];
    return {
      mark: createHash('sha256').update(JSON.stringify(done)).digest('hex'),
      entry: {
        action: ACTIONS[action],
        time: at,
        who,
        file: null,
        item: release,
        path: null,
        sha256: null,
        decision: null,
        verdict: null,
        detail: parts.join('; '),
      },
    };
  });
}
