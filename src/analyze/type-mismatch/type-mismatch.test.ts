import { expect, test } from 'vitest';
import type { ContentType } from '../../domain/index.ts';
import type { Outcome } from '../analyzer.ts';
import { typeMismatchAnalyzer } from './index.ts';

async function examine(
  contradiction: string | null,
  { name = 'photo.jpg', mime = 'application/zip' }: { name?: string; mime?: string } = {},
): Promise<Outcome> {
  const type: ContentType = {
    mime,
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
    artifact: { id: 0, parent: null, trail: ['a.tar', name] },
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
      evidence: { claimed: 'image/jpeg', mime: 'application/zip', by: 'structure', program: false },
    },
  ]);
  expect(outcome.inspected_bytes).toBe(120);
});

test('agreement is no finding', async () => {
  expect((await examine(null)).claims).toEqual([]);
});

test.each([
  'application/vnd.microsoft.portable-executable',
  'application/x-sharedlib',
  'application/x-ms-shortcut',
  'text/x-shellscript',
])('a program under another name is said to be one: %s', async (mime) => {
  const words = `the name promises image/jpeg, but the content is ${mime}`;
  expect((await examine(words, { mime })).claims).toMatchObject([
    {
      kind: 'mime_mismatch',
      rule: `program-behind-image/jpeg-is-${mime}`,
      detail: `a program under the name of something else: ${words}`,
      evidence: { program: true },
    },
  ]);
});

test('a deceptive name is a finding of its own, in archives of any system too', async () => {
  const mime = 'application/vnd.microsoft.portable-executable';
  for (const name of ['invoice.pdf.exe', 'in/box/invoice.pdf.exe', String.raw`C:\box\invoice.pdf.exe`]) {
    expect((await examine(null, { name, mime })).claims).toMatchObject([
      { kind: 'mime_mismatch', rule: 'double-extension', evidence: { looks_like: 'pdf', ending: 'exe' } },
    ]);
  }
});
