import { expect, test } from 'vitest';
import type { Summary } from '../contracts/index.ts';
import { exitCode } from './exit-code.ts';

const summary = (counts: Partial<Summary>): Summary => ({
  decision: 'auto_approve',
  files: 1,
  artifacts: 1,
  bytes: 1,
  auto_approve: 1,
  manual_review: 0,
  quarantine: 0,
  errors: 0,
  gaps: 0,
  provisional: 0,
  skipped: 0,
  outward_links: 0,
  interrupted: false,
  ...counts,
});

test('the worst that holds decides: to quarantine, then could not be done, then for review, then approved', () => {
  expect(exitCode(summary({ quarantine: 1, errors: 1, manual_review: 1 }), 'review')).toBe(1);
  expect(exitCode(summary({ errors: 1, manual_review: 1 }), 'review')).toBe(2);
  expect(exitCode(summary({ manual_review: 1 }), 'review')).toBe(3);
  expect(exitCode(summary({}), 'review')).toBe(0);
});

test('an engine that is required and missed something fails the run, unless there is something to quarantine', () => {
  expect(exitCode(summary({}), 'review', true)).toBe(2);
  expect(exitCode(summary({ quarantine: 1 }), 'review', true)).toBe(1);
});

test('an interruption is told whatever was found before', () => {
  expect(exitCode(summary({ quarantine: 1, interrupted: true }), 'review')).toBe(130);
});

test('with --fail-on quarantine a review is no failure, and with never no decision is', () => {
  expect(exitCode(summary({ manual_review: 1 }), 'quarantine')).toBe(0);
  expect(exitCode(summary({ quarantine: 1 }), 'quarantine')).toBe(1);
  expect(exitCode(summary({ quarantine: 1, manual_review: 1 }), 'never')).toBe(0);
  expect(exitCode(summary({ quarantine: 1, errors: 1 }), 'never')).toBe(2);
});
