import { expect, test } from 'vitest';
import type { ContentType } from '../../domain/index.ts';
import type { Outcome } from '../analyzer.ts';
import { typeMismatchAnalyzer } from './index.ts';

async function examine(contradiction: string | null): Promise<Outcome> {
  const type: ContentType = {
    mime: 'application/zip',
    description: 'Zip archive',
    by: 'structure',
    container: 'zip',
    density: 'compressed',
    claimed: 'image/jpeg',
    contradiction,
    renamed_from: null,
    second: null,
  };
  const examination = typeMismatchAnalyzer().examine({
    artifact: { id: 0, parent: null, trail: ['photo.jpg'] },
    type,
    head: Buffer.alloc(0),
    size: null,
    source: null,
    isPiece: false,
    signal: new AbortController().signal,
  });
  if (examination === null) throw new Error('type-mismatch examines everything');
  await examination.write(Buffer.alloc(100));
  await examination.write(Buffer.alloc(20));
  return examination.end();
}

test('a contradiction becomes a finding that names both types', async () => {
  const outcome = await examine('the name promises image/jpeg, but the content is application/zip');
  expect(outcome.claims).toEqual([
    {
      kind: 'mime_mismatch',
      rule: 'claims-image/jpeg-is-application/zip',
      detail: 'the name promises image/jpeg, but the content is application/zip',
      offset: null,
      evidence: { claimed: 'image/jpeg', mime: 'application/zip', by: 'structure' },
    },
  ]);
  expect(outcome.inspected_bytes).toBe(120);
});

test('agreement is no finding', async () => {
  expect((await examine(null)).claims).toEqual([]);
});
