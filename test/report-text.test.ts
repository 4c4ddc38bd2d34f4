import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { createReport } from '../src/report/index.ts';
import type { ReportOptions } from '../src/report/index.ts';
import { HEADER, result, typicalRun, writeReport } from './kit/sample-report.ts';
import type { Run } from './kit/sample-report.ts';

function collector(all: string[]): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      all.push(chunk);
      done();
    },
  });
}

async function text(run: Run, options: ReportOptions = {}): Promise<string> {
  const all: string[] = [];
  await writeReport(createReport('text', collector(all), options), run);
  return all.join('');
}

it('opens with what did not look and ends with the decision', async () => {
  expect(await text(typicalRun(), { columns: 100 })).toMatchInlineSnapshot(`
    "ClamAV did not look: connection refused (127.0.0.1:3310)
    YARA: 42 rules from 5 files, 1 file rejected: x.yar:3:1 unknown identifier \`foo\`

    DECISION       SCORE  VERDICT         SIZE  TYPE                PATH
    auto_approve       0  unknown       47 MiB  sql                 incoming…customers.sql (provisional)
    manual_review     90  suspicious   100 KiB  octet-stream        incoming/2026-…2025/invoice-0451.pdf
      path     incoming/2026-08-01/home/alice/Documents/contracts/2025/invoice-0451.pdf
      because  score 90 is above 50
      score    encryption_suspected 60 + mime_mismatch 30 = 90
      finding  encryption_suspected · uniform · entropy · 60 points
               7.998 bits/byte over the whole content where a PDF has structure
               in the file itself, at byte 0
      finding  mime_mismatch · claim · type-mismatch · 30 points
               the name promises application/pdf, the content is application/octet-stream
      moved    held for review in review/2026-08-01/invoice-0451.pdf (id 01J9Z3)

    quarantine       120  malicious    1.2 GiB  zstd                incoming…ghtly.tar.zst (provisional)
      path     incoming/2026-08-01/nightly.tar.zst
      because  yara_match Backup_Ransom_Note alone weighs 120, above 100
               1 gap is for review: encrypted
      finding  yara_match · Backup_Ransom_Note · yara · 120 points
               words of a ransom note
               in nightly.tar.zst › home/u0/README_DECRYPT.txt, at byte 0
               in nightly.tar.zst › home/u1/README_DECRYPT.txt, at byte 12
               in nightly.tar.zst › home/u2/README_DECRYPT.txt, at byte 24
               in nightly.tar.zst › home/u3/README_DECRYPT.txt, at byte 36
               in nightly.tar.zst › home/u4/README_DECRYPT.txt, at byte 48
               … and 3 more places
      gap      encrypted · zip · for review · 4.0 KiB
               2 of 3 members need a password
               in nightly.tar.zst › home/bob/secret.zip
      gap      opaque · identify · accepted: keystores of the build servers · 2.2 KiB
               a Java keystore cannot be looked into
               in nightly.tar.zst › home/bob/keys/store.jks
      gap      engine_unavailable · clamav · tolerated · 5,120 artifacts · 3.0 GiB
               connection refused
      moved    NOT MOVED: no space left; it is still incoming/2026-08-01/nightly.tar.zst

    auto_approve       0  benign       4.0 KiB  text/plain          incoming/2026-…[2K\\u{202e}txt.exe

    Scanned 4 files, 5,123 artifacts, 1.2 GiB in 4.2 s
      quarantine             1 file   1.2 GiB  1 provisional
      manual_review          1 file   100 KiB
      auto_approve          2 files    47 MiB  1 provisional

    NOT inspected
      engine_unavailable     5,121 artifacts       3.0 GiB  tolerated    clamav
      encrypted                   1 artifact       4.0 KiB  for review   zip
      opaque                      1 artifact       2.2 KiB  tolerated    identify (1 accepted)
      skipped             2 links, 1 pipe, 1 on another file system
      1 link leads out of what was scanned; not followed

    PROVISIONAL: ClamAV was away; 2 decisions may turn out harsher once everything has looked

    1 error
      given/nowhere: it does not exist (BL_PATH_MISSING)

    Moved  1 file held for review, 1 file NOT MOVED

    Judged by backuplens 0.1.0 under policy 3f9a1c02d7e55b1f… (config/scoring.yaml)
      config/scoring.yaml  sha256 3f9a1c02d7e55b1f…
      yara-rules/backup.yar  sha256 4f9a1c02d7e55b1f…

    Decision: quarantine (provisional)
    "
  `);
});

it('says that all is well in few words', async () => {
  const run: Run = {
    results: [result('dumps/monday.sql'), result('dumps/tuesday.sql', { size: 1_500_000 })],
  };
  expect(await text(run, { columns: 80 })).toMatchInlineSnapshot(`
    "ClamAV: 1.4.6/27500, signatures of 2026-07-31 (127.0.0.1:3310)
    YARA: 42 rules from 5 files

    DECISION       SCORE  VERDICT         SIZE  PATH
    auto_approve       0  benign       4.0 KiB  dumps/monday.sql
    auto_approve       0  benign       1.4 MiB  dumps/tuesday.sql

    Scanned 2 files, 2 artifacts, 1.4 MiB in 4.2 s
      auto_approve          2 files   1.4 MiB

    Everything was inspected

    Judged by backuplens 0.1.0 under policy 3f9a1c02d7e55b1f… (config/scoring.yaml)
      config/scoring.yaml  sha256 3f9a1c02d7e55b1f…
      yara-rules/backup.yar  sha256 4f9a1c02d7e55b1f…

    Decision: auto_approve
    "
  `);
});

it('says loudly that nothing was scanned, and that the run was cut short', async () => {
  expect(await text({ summary: { interrupted: true } })).toMatchInlineSnapshot(`
    "ClamAV: 1.4.6/27500, signatures of 2026-07-31 (127.0.0.1:3310)
    YARA: 42 rules from 5 files

    NOTHING WAS SCANNED: no file was found

    INTERRUPTED: the run was ended before everything was seen

    Judged by backuplens 0.1.0 under policy 3f9a1c02d7e55b1f… (config/scoring.yaml)
      config/scoring.yaml  sha256 3f9a1c02d7e55b1f…
      yara-rules/backup.yar  sha256 4f9a1c02d7e55b1f…

    Decision: auto_approve (interrupted)
    "
  `);
});

function rows(report: string): number {
  return report.match(/^auto_approve .* f\d+$/gm)?.length ?? 0;
}

it('lists a hundred approved files and counts the others; --verbose lists all, --quiet none', async () => {
  const results = Array.from({ length: 10_012 }, (_, at) => result(`f${at}`));
  const usual = await text({ results });
  expect(rows(usual)).toBe(100);
  expect(usual).toContain('… and 9,912 more approved; --verbose lists them');
  expect(rows(await text({ results }, { verbose: true }))).toBe(10_012);
  const quiet = await text({ results }, { quiet: true });
  expect([rows(quiet), quiet.includes('PATH')]).toEqual([0, false]);
  expect(quiet).toContain('10,012 files');
});

it('shortens names in the table of a terminal only, never in the details or in a file', async () => {
  const path = `incoming/${'deep/'.repeat(40)}customers.sql`;
  const results = [result(path, { decision: 'manual_review', reasons: ['because'] })];
  const [row, ...below] = (await text({ results }, { columns: 80 })).split('\n').slice(4);
  expect(row!.length).toBeLessThanOrEqual(80);
  expect(row).toMatch(/incoming\/.*….*customers\.sql$/);
  expect(below[0]).toBe(`  path     ${path}`);
  expect((await text({ results })).split('\n')[4]).toMatch(new RegExp(`${path}$`));
});

it('says the same with and without colour', async () => {
  const plain = await text(typicalRun(), { columns: 100 });
  const colored = await text(typicalRun(), { columns: 100, color: true });
  expect(colored).not.toBe(plain);
  expect(stripVTControlCharacters(colored)).toBe(plain);
});

it('names an engine whose state changed under way', async () => {
  const all: string[] = [];
  const report = createReport('text', collector(all));
  await report.begin(HEADER);
  const clamav = { ...HEADER.engines.clamav, status: 'failed' as const, detail: 'the connection was lost' };
  await report.end({
    finished_at: HEADER.started_at,
    engines: { ...HEADER.engines, clamav },
    summary: {
      decision: 'manual_review',
      files: 1,
      artifacts: 1,
      bytes: 1,
      auto_approve: 0,
      manual_review: 1,
      quarantine: 0,
      errors: 0,
      gaps: 1,
      provisional: 0,
      skipped: 0,
      outward_links: 0,
      interrupted: false,
    },
  });
  expect(all.join('')).toContain('\nClamAV failed: the connection was lost (127.0.0.1:3310)\n');
});
