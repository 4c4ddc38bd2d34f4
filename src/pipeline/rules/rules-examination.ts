import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { examinerLine, type ExaminedFile, type ExaminerLine } from '../../contracts/index.ts';
import { BackupLensError, programFile } from '../../domain/index.ts';
import { CODE } from '../program-code.ts';
import { residentBytes } from '../resident-bytes.ts';

/** Every rule file below some folders, examined by a process of its own. */
export interface RulesExamination {
  readonly engine: string;
  /** Of ordinary content, that rules were tried on. */
  readonly samples: number;
  readonly files: readonly ExaminedFile[];
}

export interface ExaminationOptions {
  /** Absolute. */
  readonly folders: readonly string[];
  /** `list` only reads what is declared, and what does not compile. */
  readonly mode: 'check' | 'list';
  /** Told before each file, with how many there are. */
  readonly onFile?: (file: string, at: number, of: number) => void;
  readonly silenceLimitMs?: number;
}

/** The largest public rule file takes seconds; a scan that hangs is ended by its own time-out before. */
const SILENCE_LIMIT_MS = 120_000;
/** The largest public sets take 1.5 GB when all is compiled together; here it is one file at a time. */
const MEMORY_LIMIT_BYTES = 2 * 1024 * 1024 * 1024;
const WATCH_MS = 250;
/** A file with as many problems, rules and meta as are ever told. */
const MAX_LINE_CHARS = 256 * 1024 * 1024;
/** Of processes that ended in a file. More would be a fault of ours. */
const MAX_DEATHS = 50;

const PROGRAM = fileURLToPath(programFile('services/yara-scanner/examine-rules'));

/**
 * Examines all rule files below the folders. One that ends or hangs the process is told as an error, and the others
 * go on in a new one. Throws BL_RULES for a folder that cannot be read.
 */
export async function examineRules(options: ExaminationOptions): Promise<RulesExamination> {
  const files: ExaminedFile[] = [];
  let engine = '';
  let samples = 0;
  let of = 0;
  let at = -1;
  for (let deaths = 0; deaths <= MAX_DEATHS; deaths++) {
    let current: string | null = null;
    const end = await oneProcess(options, at + 1, (line) => {
      if (line.type === 'begin') ({ engine, samples, files: of } = line);
      else if (line.type === 'file') {
        files.push(line.examined);
        current = null;
      } else if (line.type === 'at') {
        current = line.file;
        at++;
        options.onFile?.(line.file, at, of);
      } else if (line.type === 'refused') {
        throw new BackupLensError('BL_RULES', line.message, line.hint === null ? {} : { hint: line.hint });
      }
    });
    if (end === null) return { engine, samples, files };
    if (current === null) throw new BackupLensError('BL_INTERNAL', `the rules could not be examined: ${end}`);
    files.push(deadly(current, end));
  }
  throw new BackupLensError('BL_RULES', `more than ${MAX_DEATHS} rule files end the engine`, {
    hint: 'this is no folder of rules to be used: look at the errors of a part of it',
  });
}

function deadly(file: string, how: string): ExaminedFile {
  const problem = {
    severity: 'error',
    code: 'engine_ended',
    message: `the engine ${how} on it`,
    hint: 'do not load it; find the rule that does it by taking others out',
    file,
    line: null,
    column: null,
    rule: null,
  } as const;
  return { file, namespace: '', problems: [problem], rules: [], ms_per_mb: null };
}

/** Resolves to null when it has come to its end, otherwise to how it ended. Rejects with what `hear` throws. */
async function oneProcess(
  { folders: given, mode, silenceLimitMs = SILENCE_LIMIT_MS }: ExaminationOptions,
  from: number,
  hear: (line: ExaminerLine) => void,
): Promise<string | null> {
  // Links on the way are followed here: the process may not read what they lie in.
  const folders = given.map(realPathOf);
  const readable = [...CODE, ...folders];
  const permissions = readable.map((path) => `--allow-fs-read=${path}`);
  const child = spawn(process.execPath, [...FLAGS, ...permissions, PROGRAM, mode, String(from), ...folders], {
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let lastHeard = performance.now();
  let ended: string | null = null;
  let finished = false;
  let fault: Error | null = null;
  let rest = '';
  const watch = setInterval(() => {
    if (performance.now() - lastHeard > silenceLimitMs) ended ??= 'does not come back';
    else if (residentBytes(child.pid) > MEMORY_LIMIT_BYTES) ended ??= 'takes more than 2 GB of memory';
    if (ended !== null) child.kill('SIGKILL');
  }, WATCH_MS);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    lastHeard = performance.now();
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    try {
      if (rest.length > MAX_LINE_CHARS) throw new Error('a line without end');
      for (const line of lines) {
        const said = examinerLine.parse(JSON.parse(line));
        finished ||= said.type === 'end';
        hear(said);
      }
    } catch (error) {
      // Ours, or said by a process that was taken over: nothing more of it is believed.
      fault ??= error instanceof Error ? error : new Error(String(error));
      child.kill('SIGKILL');
    }
  });
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`does not start (${error.message})`));
    child.once('close', (code, signal) => resolve(`ends (${signal ?? `exit code ${code}`})`));
  });
  clearInterval(watch);
  if (fault !== null) throw fault as Error;
  return finished ? null : (ended ?? how);
}

/** It reads its own code and the rules, loads the engine, and may do nothing else. */
const FLAGS = [
  '--permission',
  '--allow-addons',
  '--max-old-space-size=1024',
  '--disable-warning=ExperimentalWarning',
];

/** Of what does not exist its own: the examiner says so. */
function realPathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
