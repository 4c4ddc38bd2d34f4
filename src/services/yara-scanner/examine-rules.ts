import { writeSync } from 'node:fs';
import type { ExaminerLine, RuleProblem } from '../../contracts/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { loadEngine } from '../../analyze/yara/load-engine.ts';
import { examineFile, examiner } from './examine-file.ts';
import { neutralCorpus } from './neutral-corpus.ts';
import { readRuleFiles } from './rule-files.ts';

/**
 * The process that examines rules for `rules check` and `rules list`. Compiling them is hostile text in native code, so it
 * happens here, with nothing in reach. Arguments: `check` or `list` (which only reads declarations), how many files to
 * leave out (what an earlier process came to), the folders. Says one line of JSON for each thing that it has found.
 */
const [mode = '', from = '0', ...folders] = process.argv.slice(2);

const UNREADABLE = {
  severity: 'error',
  code: 'unreadable',
  hint: 'it is not loaded: mend or remove it',
  rule: null,
} as const;

function say(line: ExaminerLine): void {
  // At once: what it said last is what it was at when it does not come back.
  const text = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let sent = 0; sent < text.length;) sent += writeSync(1, text, sent);
}

try {
  const { files, rejected } = readRuleFiles(folders);
  const engine = await loadEngine();
  const by = examiner(engine, mode === 'check' ? neutralCorpus() : []);
  const start = Number(from);
  if (start === 0) {
    say({ type: 'begin', engine: engine.version, files: files.length, samples: by.samples.length });
    for (const { file, line, column, message } of rejected) {
      const problem: RuleProblem = { ...UNREADABLE, message, file, line, column };
      say({
        type: 'file',
        examined: { file, namespace: '', problems: [problem], rules: [], ms_per_mb: null },
      });
    }
  }
  for (const file of files.slice(start)) {
    say({ type: 'at', file: file.file });
    say({ type: 'file', examined: examineFile(by, file) });
  }
  say({ type: 'end' });
} catch (error) {
  if (!(error instanceof BackupLensError)) throw error;
  say({ type: 'refused', message: error.message, hint: error.hint });
}
