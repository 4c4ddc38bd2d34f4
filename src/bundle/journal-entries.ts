import { createHash } from 'node:crypto';
import type { JournalAction, JournalEntry } from '../domain/index.ts';
import type { HistoryEntry } from './releases.ts';

const ACTIONS: Readonly<Record<HistoryEntry['action'], JournalAction>> = {
  import: 'bundle_taken',
  refused: 'bundle_refused',
  rollback: 'bundle_rolled_back',
  key_trusted: 'bundle_key_trusted',
  key_revoked: 'bundle_key_revoked',
};

/** The history as the journal has it. An entry's mark is the same wherever it is made. */
export function journalEntriesOf(
  history: readonly HistoryEntry[],
): readonly { readonly mark: string; readonly entry: JournalEntry }[] {
  return history.map((done) => {
    const { at, who, action, release, key, reason, against } = done;
    const ofKey = action === 'key_trusted' || action === 'key_revoked';
    const parts = [
      ...(ofKey ? [`key ${key}`] : ofBundle(done)),
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
        item: ofKey ? key : release,
        path: null,
        sha256: null,
        decision: null,
        verdict: null,
        detail: parts.join('; '),
      },
    };
  });
}

function ofBundle({ release, serial, key }: HistoryEntry): readonly string[] {
  return [
    release ?? (serial === null ? 'no bundle is in force' : `serial ${serial}`),
    ...(key === null ? [] : [`signed by key ${key}`]),
  ];
}
