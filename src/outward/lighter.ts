import type { OutwardEvent } from './event.ts';

/** In UTF-16 units, of what is left of a long name. */
const SHORT = 120;

/** The event as it is, then with less and less of what makes it long. All but the first say that they were shortened. */
export function* lighter(event: OutwardEvent): Generator<OutwardEvent> {
  yield event;
  const figures = { ...event.figures, shortened: 1 };
  let less: OutwardEvent = {
    ...event,
    figures,
    findings: event.findings.map((finding) => ({ ...finding, trail: [], rule: short(finding.rule) })),
  };
  yield less;
  less = { ...less, findings: less.findings.slice(0, 3), detail: null, review: withoutRules(event) };
  yield less;
  less = { ...less, findings: [], gaps: [], path: less.path === null ? null : short(less.path) };
  yield less;
  yield { ...less, path: null, who: null, review: null };
}

function short(text: string): string {
  return text.length <= SHORT ? text : `${text.slice(0, SHORT / 2)}…${text.slice(-SHORT / 2)}`.toWellFormed();
}

function withoutRules({ review }: OutwardEvent): OutwardEvent['review'] {
  return review === null ? null : { ...review, rules: [] };
}
