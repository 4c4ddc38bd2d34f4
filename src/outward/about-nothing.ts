import type { OutwardEvent } from './event.ts';

/** Every field that says what an event is about, for one that is about nothing: whoever tells more writes over it. */
export const ABOUT_NOTHING = {
  action: null,
  who: null,
  file: null,
  item: null,
  path: null,
  sha256: null,
  size: null,
  decision: null,
  verdict: null,
  score: null,
  provisional: null,
  scan: null,
  findings: [],
  findings_total: 0,
  gaps: [],
  review: null,
  detail: null,
  figures: {},
} as const satisfies Partial<OutwardEvent>;
