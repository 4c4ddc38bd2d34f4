import { once } from 'node:events';
import { open, readFile, rm, mkdtemp } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fileResult, MAX_FINDINGS, report, reportLastLine } from '../src/contracts/index.ts';
import type { FileResult } from '../src/contracts/index.ts';
import { createReport, isBrokenPipe, REPORT_FORMATS } from '../src/report/index.ts';
import type { ReportFormat, ReportOptions } from '../src/report/index.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';
import { finding, gap, HEADER, result, typicalRun, writeReport } from './kit/sample-report.ts';
import type { Run } from './kit/sample-report.ts';
import { problemsOfSarif } from './kit/schemas/sarif.ts';

/** As much of SARIF 2.1.0 as these tests look at. */
const sarifLog = z.object({
  version: z.string(),
  runs: z.tuple([
    z.object({
      tool: z.object({ driver: z.object({ rules: z.array(z.object({ id: z.string() })) }) }),
      artifacts: z.array(
        z.object({ location: z.object({ uri: z.string() }), parentIndex: z.int().optional() }),
      ),
      invocations: z.unknown(),
      results: z.array(
        z.object({
          ruleId: z.string(),
          ruleIndex: z.int(),
          level: z.string(),
          kind: z.string().optional(),
          message: z.object({ text: z.string() }),
          analysisTarget: z.object({ index: z.int() }),
          suppressions: z.array(z.unknown()).optional(),
          locations: z.tuple([
            z.object({
              physicalLocation: z.object({
                artifactLocation: z.object({ uri: z.string(), index: z.int() }),
              }),
            }),
          ]),
        }),
      ),
    }),
  ]),
});

async function text(format: ReportFormat, run: Run, options: ReportOptions = {}): Promise<string> {
  const chunks: string[] = [];
  const output = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await writeReport(createReport(format, output, options), run);
  return chunks.join('');
}

/** Everything that can be hostile in a report, is. */
function hostileRun(): Run {
  return {
    header: {
      ...HEADER,
      policy: { ...HEADER.policy, path: NASTY_NAMES[0]!.name },
      used: NASTY_NAMES.map(({ name }) => ({ path: name, sha256: null })),
      engines: {
        clamav: {
          ...HEADER.engines.clamav,
          status: 'failed',
          version: NASTY_NAMES[1]!.name,
          address: NASTY_NAMES[2]!.name,
          detail: NASTY_NAMES[9]!.name,
        },
        yara: {
          ...HEADER.engines.yara,
          rejected: NASTY_NAMES.map(({ name }) => ({ file: name, line: 1, column: 1, message: name })),
        },
      },
    },
    results: NASTY_NAMES.map(({ name }, at) =>
      result(name, {
        decision: (['auto_approve', 'manual_review', 'quarantine'] as const)[at % 3]!,
        provisional: at % 2 === 0,
        content_type: { mime: name, description: name, claimed: name },
        reasons: [name],
        score_lines: [
          { kind: name, points: 1, rule: name, trail: [name] },
          { kind: name, points: 2, rule: name, trail: [name] },
        ],
        findings: [
          finding([name, name], { rule: name, engine: name, detail: name, evidence: { [name]: name } }),
          finding([name], { rule: name, accepted: name, offset: 1 }),
        ],
        gaps: [gap([name, name], { by: name, detail: name }), gap([name], { accepted: name, bytes: null })],
        measurements: [
          { name, engine: name, trail: [name, name], value: name },
          { name: 'entropy_map', engine: 'entropy', trail: [name], value: at === 1 ? '000zzz' : name },
        ],
        disposition: { action: 'failed', location: name, id: name, detail: name },
      }),
    ),
    skipped: NASTY_NAMES.map(({ name }) => ({ path: name, reason: 'symlink' as const })),
    errors: NASTY_NAMES.map(({ name }) => ({ path: name, code: name, message: name })),
  };
}

/** 30,000 findings, the harmless ones first. */
function* tooManyFindings(): Iterable<FileResult> {
  for (let at = 0; at < 300; at++) {
    const weight = at < 150 ? 0 : 120;
    const findings = Array.from({ length: 100 }, (_, n) => finding([`f${at}`], { weight, rule: `r${n}` }));
    yield result(`f${at}`, { findings });
  }
}

/** Every tenth is to quarantine, each by a rule of its own. */
function* manyFiles(files: number): Iterable<FileResult> {
  for (let at = 0; at < files; at++) {
    const path = `incoming/${String(at).padStart(7, '0')}/some-file.dat`;
    const bad = at % 10 === 0;
    yield result(path, {
      decision: bad ? 'quarantine' : 'auto_approve',
      findings: bad ? [finding([path], { rule: `rule_${at}` })] : [],
    });
  }
}

// oxlint-disable-next-line no-control-regex
const RAW_IN_TEXT = /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;

describe('hostile names', () => {
  it.each(REPORT_FORMATS)('reach no sink raw: %s', async (format) => {
    const whole = await text(format, hostileRun(), { verbose: true });
    // RFC 4180 ends its lines so; that no name does is in report-csv.test.ts.
    const out = format === 'csv' ? whole.replaceAll('\r\n', '\n') : whole;
    expect(out).not.toMatch(
      // oxlint-disable-next-line no-control-regex
      format === 'text' || format === 'html' || format === 'csv'
        ? RAW_IN_TEXT
        : // oxlint-disable-next-line no-control-regex
          /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]|\p{Cs}/u,
    );
  });

  it('add no line and no row to a text report', async () => {
    const rows = (await text('text', hostileRun(), { columns: 100 }))
      .split('\n')
      .filter((line) => /^(?:auto_approve|manual_review|quarantine) /.test(line));
    expect(rows).toHaveLength(NASTY_NAMES.length);
  });

  it('leave an HTML report with only the elements we wrote', async () => {
    const html = await text('html', hostileRun());
    const elements = new Set(Array.from(html.matchAll(/<\/?([a-z!][a-z0-9]*)/gi), ([, name]) => name));
    for (const name of ['script', 'img', 'a', 'iframe', 'use', 'image', 'animate'])
      expect(elements).not.toContain(name);
    expect(html).not.toMatch(/<[^>]*\son[a-z]+=/i);
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    // The pictures are ours, and the nasty names make none.
    expect(html.match(/<svg /g)).toHaveLength(1);
    expect(html).toMatch(/<path class="mean" d="M0 80\.0H10V0\.0H20" /);
    for (const tag of [
      'main',
      'svg',
      'figure',
      'details',
      'table',
      'tbody',
      'ul',
      'li',
      'tr',
      'td',
      'bdi',
      'summary',
    ]) {
      const count = (pattern: string): number => html.match(new RegExp(pattern, 'g'))?.length ?? 0;
      expect([tag, count(`<${tag}[ >]`)]).toEqual([tag, count(`</${tag}>`)]);
    }
  });

  it('make an HTML report the tree of artifacts, with what is said of each', async () => {
    const html = await text('html', {
      results: [
        result('a.tar', {
          decision: 'quarantine',
          findings: [finding(['a.tar', 'b.zip', 'c'], { rule: 'InC' }), finding(['a.tar'], { rule: 'InA' })],
          gaps: [gap(['a.tar', 'b.zip', 'd'])],
        }),
      ],
    });
    const shape = html
      .slice(html.indexOf('class="tree"'), html.indexOf('class="more"'))
      .replaceAll(/<(?!\/?(?:ul|li|bdi)\b)[^>]*>/g, '')
      .match(/<\/?ul|<bdi[^>]*>[^<]*|InA|InC|encrypted/g);
    expect(shape?.map((part) => part.replace(/<bdi[^>]*>/, ''))).toEqual(
      'a.tar <ul InA </ul <ul b.zip <ul c <ul InC </ul d <ul encrypted </ul </ul </ul </ul'.split(' '),
    );
  });

  it('come back from JSON as they were', async () => {
    const { results } = report.parse(JSON.parse(await text('json', hostileRun())));
    expect(results.map(({ path }) => path)).toEqual(NASTY_NAMES.map(({ name }) => name.toWellFormed()));
  });

  it('make one line each in NDJSON', async () => {
    const lines = (await text('ndjson', hostileRun())).trimEnd().split(/\r\n|[\n\r\u0085\u2028\u2029]/);
    expect(lines).toHaveLength(NASTY_NAMES.length + 1);
  });
});

describe('what programs read', () => {
  it.each([
    ['nothing', {}],
    ['a typical run', typicalRun()],
    ['a hostile run', hostileRun()],
  ])('json of %s is what the schema on disk and in the code says', async (_what, run) => {
    const value = z.record(z.string(), z.unknown()).parse(JSON.parse(await text('json', run)));
    expect(() => report.parse(value)).not.toThrow();
    const file = join(import.meta.dirname, '../schema/report.schema.json');
    const onDisk = z.fromJSONSchema(JSON.parse(await readFile(file, 'utf8')));
    expect(onDisk.safeParse(value).error).toBeUndefined();
    expect(onDisk.safeParse({ ...value, surprise: 1 }).success).toBe(false);
  });

  it('ndjson is one result a line in the order given, and the rest of the report on the last', async () => {
    const lines = (await text('ndjson', typicalRun())).trimEnd().split('\n');
    const results = lines.slice(0, -1).map((line) => fileResult.parse(JSON.parse(line)));
    expect(results).toEqual([...(typicalRun().results ?? [])]);
    expect(lines.at(-1)).toMatch(/^\{"summary":/);
    const last = reportLastLine.parse(JSON.parse(lines.at(-1)!));
    expect(last.summary).toMatchObject({ decision: 'quarantine', files: 4, skipped: 4, errors: 1 });
    expect(last.skipped).toHaveLength(4);
  });

  it('lists at most 10,000 skipped entries and errors, and counts the rest', async () => {
    const run: Run = {
      skipped: Array.from({ length: 10_003 }, (_, at) => ({ path: `s${at}`, reason: 'symlink' as const })),
      errors: Array.from({ length: 10_001 }, (_, at) => ({ path: `e${at}`, code: 'BL_X', message: 'no' })),
    };
    for (const format of ['json', 'ndjson'] as const) {
      const value = reportLastLine.loose().parse(JSON.parse(await text(format, run)));
      expect([value.skipped.length, value.errors.length]).toEqual([10_000, 10_000]);
      expect(value.omitted).toEqual({ skipped: 3, errors: 1 });
      expect([value.summary.skipped, value.summary.errors]).toEqual([10_003, 10_001]);
    }
  });

  it('keeps the heaviest findings of a result that has too many, and counts the rest', async () => {
    const many = result('a.tar', {
      decision: 'quarantine',
      findings: [
        ...Array.from({ length: MAX_FINDINGS + 5 }, (_, at) => finding(['a.tar', `m${at}`], { weight: 0 })),
        finding(['a.tar', 'last'], { weight: 200 }),
      ],
      gaps: Array.from({ length: 150 }, (_, at) => gap(['a.tar', `g${at}`])),
    });
    const { results } = report.parse(JSON.parse(await text('json', { results: [many] })));
    expect(results[0]!.findings[0]!.weight).toBe(200);
    expect(results[0]!.findings).toHaveLength(MAX_FINDINGS);
    expect(results[0]!.omitted).toEqual({ findings: 6, gaps: 50 });
  });

  it('keeps one result under 16 MiB, whatever its archive calls its members', async () => {
    const trail = ['a.tar', ...Array.from({ length: 15 }, () => '\u0001'.repeat(1024))];
    const huge = result('a.tar', {
      findings: Array.from({ length: 1000 }, () => finding(trail)),
      gaps: Array.from({ length: 100 }, () => gap(trail)),
    });
    const out = await text('ndjson', { results: [huge] });
    expect(out.length).toBeLessThan(17 * 1024 * 1024);
    const { omitted, findings } = fileResult.parse(JSON.parse(out.slice(0, out.indexOf('\n'))));
    expect(findings.length + (omitted?.findings ?? 0)).toBe(1000);
  });

  it.each([
    ['nothing', {}],
    ['a typical run', typicalRun()],
    ['a hostile run', hostileRun()],
    ['more than it lists', { results: tooManyFindings() }],
  ])('sarif of %s is what the schema of SARIF 2.1.0 says', async (_what, run) => {
    const log: object = JSON.parse(await text('sarif', run));
    expect(problemsOfSarif(log)).toEqual([]);
    expect(problemsOfSarif({ ...log, surprise: 1 })).toHaveLength(1);
  });

  it('sarif: rules, nested artifacts and levels hold together', async () => {
    for (const run of [typicalRun(), hostileRun()]) {
      const log = sarifLog.parse(JSON.parse(await text('sarif', run)));
      const [{ results, artifacts, tool }] = log.runs;
      const { rules } = tool.driver;
      expect(log.version).toBe('2.1.0');
      expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
      for (const one of results) {
        expect(rules[one.ruleIndex]!.id).toBe(one.ruleId);
        expect(one.kind === 'open').toBe(one.level === 'none');
        expect(one.message.text).not.toMatch(/(?<!\\)[[\]{}<>]/);
        const { artifactLocation } = one.locations[0].physicalLocation;
        expect(artifacts[artifactLocation.index]!.location.uri).toBe(artifactLocation.uri);
        let root = artifactLocation.index;
        for (let depth = 0; artifacts[root]!.parentIndex !== undefined && depth < 20; depth++) {
          expect(artifacts[root]!.parentIndex!).toBeLessThan(root);
          root = artifacts[root]!.parentIndex!;
        }
        expect(root).toBe(one.analysisTarget.index);
      }
    }
  });

  it('sarif: gaps that the policy reviews are shown, tolerated ones are open, accepted findings suppressed', async () => {
    const run: Run = {
      results: [
        result('a.zip', {
          findings: [
            finding(['a.zip'], { weight: 120 }),
            finding(['a.zip'], { weight: 40, accepted: 'known' }),
          ],
          gaps: [gap(['a.zip']), gap(['a.zip'], { rule: 'tolerate' })],
        }),
      ],
    };
    const log = sarifLog.parse(JSON.parse(await text('sarif', run, { quarantineAbove: 100 })));
    const shown = log.runs[0].results.map(({ level, kind, suppressions }) => [
      level,
      kind,
      suppressions?.length,
    ]);
    expect(shown).toEqual([
      ['error', undefined, undefined],
      ['note', undefined, 1],
      ['warning', undefined, undefined],
      ['none', 'open', undefined],
    ]);
  });

  it('sarif stops at what services accept, with room kept for what matters, and says so', async () => {
    const [run] = sarifLog.parse(JSON.parse(await text('sarif', { results: tooManyFindings() }))).runs;
    expect(run.results).toHaveLength(25_000);
    expect(run.results.filter(({ level }) => level === 'error')).toHaveLength(15_000);
    expect(JSON.stringify(run.invocations)).toContain('5,000 more results beyond what this report lists');
  });
});

describe('a long report', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const FILES = 200_000;
  const MAX_GROWTH = 48 * 1024 * 1024;

  it.each(REPORT_FORMATS)(`of ${FILES} results stays in steady memory: %s`, async (format) => {
    let units = 0;
    const output = new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        units += chunk.length;
        done();
      },
    });
    const writer = createReport(format, output);
    collect();
    const before = process.memoryUsage().heapUsed;
    await writeReport(writer, { results: manyFiles(FILES) });
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(MAX_GROWTH);
    expect(units).toBeGreaterThan(0);
    // The writer is still in use here, so that what it holds was counted.
    await expect(writer.skipped({ path: 'x', reason: 'fifo' })).resolves.toBeUndefined();
  });
});

describe('the output', () => {
  it('holds the writer back while its reader is slow', async () => {
    const pipe = new PassThrough({ highWaterMark: 1024, decodeStrings: false, encoding: 'utf8' });
    const writer = createReport('ndjson', pipe);
    await writer.begin(HEADER);
    let written = 0;
    const writing = (async () => {
      for (; written < 50; written++) await writer.result(result(`f${written}`));
      return 'done';
    })();
    const waited = await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, 100, 'held'))]);
    expect([waited, written < 10]).toEqual(['held', true]);
    pipe.resume();
    expect(await writing).toBe('done');
  });

  it('ends with BL_OUTPUT and no crash when the reader goes away', async () => {
    const pipe = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    const writer = createReport('ndjson', pipe);
    await writer.begin(HEADER);
    const error: unknown = await (async () => {
      for (let at = 0; at < 3; at++) await writer.result(result('a'));
      await writer.end({ finished_at: HEADER.started_at, engines: HEADER.engines, summary: NONE });
      return null;
    })().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BL_OUTPUT', cause: { code: 'EPIPE' } });
    expect(isBrokenPipe(error)).toBe(true);
  });

  it('says that the disk is full, at the latest at the end', async () => {
    const full = createWriteStream('/dev/full');
    await once(full, 'open');
    const error: unknown = await writeReport(createReport('json', full), typicalRun()).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'BL_OUTPUT',
      message: expect.stringContaining('no space left'),
    });
    expect(isBrokenPipe(error)).toBe(false);
  });

  it('does not wait for ever on an output that was closed under it', async () => {
    const pipe = new PassThrough({ highWaterMark: 1 });
    const writer = createReport('text', pipe);
    const begun = writer.begin(HEADER);
    pipe.destroy();
    await expect(begun).rejects.toMatchObject({ code: 'BL_OUTPUT' });
    await expect(writer.result(result('a'))).rejects.toMatchObject({ code: 'BL_OUTPUT' });
  });

  it('has everything once end() comes back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backuplens-report-'));
    try {
      const file = createWriteStream(join(folder, 'r.json'));
      await writeReport(createReport('json', file), typicalRun());
      const handle = await open(join(folder, 'r.json'));
      const whole = await handle.readFile('utf8');
      await handle.close();
      expect(report.parse(JSON.parse(whole)).results).toHaveLength(4);
      file.end();
      await once(file, 'close');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

const NONE = {
  decision: 'auto_approve' as const,
  files: 0,
  artifacts: 0,
  bytes: 0,
  auto_approve: 0,
  manual_review: 0,
  quarantine: 0,
  errors: 0,
  gaps: 0,
  provisional: 0,
  skipped: 0,
  outward_links: 0,
  interrupted: false,
};
