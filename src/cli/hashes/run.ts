import { join, resolve } from 'node:path';
import { buildTable, type BuiltTable, type SetFolder } from '../../analyze/hash-sets/index.ts';
import { asciiJson, Scratch } from '../../bytes/index.ts';
import { hashSetFolders, loadConfig } from '../../config/index.ts';
import { processEnvironment } from '../../config/start/index.ts';
import { BackupLensError, type HashSetKind } from '../../domain/index.ts';
import { counted, forTerminal, number, padEnd } from '../../report/index.ts';
import type { CommonOptions } from '../run.ts';
import type { Tty } from '../tty.ts';
import { importCollection, nameFrom } from './import.ts';

export interface HashesOptions extends CommonOptions {
  readonly json?: boolean;
}

export interface ImportOptions extends HashesOptions {
  readonly as: HashSetKind;
  readonly name?: string;
  readonly source?: string;
  readonly replace?: boolean;
}

function inForce(): SetFolder[] {
  return hashSetFolders(loadConfig({ cwd: process.cwd(), env: processEnvironment() }));
}

/** In a scratch folder, which goes again. */
async function read(folders: readonly SetFolder[]): Promise<BuiltTable> {
  const { tmpDir } = loadConfig({ cwd: process.cwd(), env: processEnvironment() });
  await using scratch = await Scratch.create(tmpDir.value);
  return buildTable(folders, join(scratch.path, 'table'));
}

export async function check(dirs: readonly string[], options: HashesOptions, tty: Tty): Promise<number> {
  const folders =
    dirs.length === 0 ? inForce() : dirs.map((dir): SetFolder => ({ kind: 'bad', path: resolve(dir) }));
  const { state, lists } = await read(folders);
  const { rejected, rejected_lines: lines, in_both: both, files } = state;
  if (options.json === true) tty.print(asciiJson({ ...state, lists }, 2));
  else {
    for (const { file, line, message } of rejected) {
      tty.print(`${forTerminal(file)}${line === null ? '' : `:${line}`}  ${forTerminal(message)}`);
    }
    if (lines > rejected.length) tty.print(`… and ${number(lines - rejected.length)} more`);
    const wrong = [
      ...(lines === 0 ? [] : [`${counted(lines, 'line')} rejected`]),
      ...(both === 0 ? [] : [`${counted(both, 'hash', 'hashes')} bad and good at once: bad wins`]),
    ];
    const told = wrong.length === 0 ? 'nothing to complain of' : wrong.join(', ');
    tty.print(`${told}; ${counted(state.bad + state.good, 'hash', 'hashes')} in ${counted(files, 'list')}`);
  }
  if (files === 0) tty.warn('there is no list', 'lists end in .txt, .csv or .sha256');
  return lines + both > 0 ? 1 : 0;
}

export async function list(options: HashesOptions, tty: Tty): Promise<number> {
  const { state, lists } = await read(inForce());
  if (options.json === true) tty.print(asciiJson({ ...state, lists }, 2));
  else {
    for (const { file, kind, hashes } of lists) {
      tty.print(`${padEnd(kind, 4)}  ${number(hashes).padStart(13)}  ${forTerminal(file)}`);
    }
    tty.print(`${number(state.bad)} known bad, ${number(state.good)} known good`);
  }
  if (state.rejected_lines > 0) {
    tty.warn(`${counted(state.rejected_lines, 'line')} rejected`, 'backuplens hashes check names them');
  }
  return 0;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export async function take(from: string, options: ImportOptions, tty: Tty): Promise<number> {
  const { as: kind, replace } = options;
  const name = options.name ?? nameFrom(from === '-' ? 'imported' : from);
  if (!NAME.test(name)) {
    throw new BackupLensError('BL_USAGE', `--name: expected letters, digits, dots and dashes, got ${name}`);
  }
  const { knownBadDir, knownGoodDir } = loadConfig({ cwd: process.cwd(), env: processEnvironment() });
  const folder = (kind === 'bad' ? knownBadDir : knownGoodDir).value ?? resolve('hash-sets', kind);
  const done = await importCollection({
    from,
    kind,
    folder,
    name,
    source: options.source ?? name,
    replace: replace === true,
  });
  if (options.json === true) tty.print(asciiJson(done, 2));
  else {
    tty.print(
      `wrote ${forTerminal(done.list)}: ${counted(done.hashes, 'hash', 'hashes')} from ${done.format}`,
    );
    if (done.left_out > 0)
      tty.print(`${number(done.left_out)} left out: the collection calls them malicious`);
    for (const { line, message } of done.rejected) tty.warn(`line ${line}: ${message}`);
  }
  if (done.rejected_lines > done.rejected.length) {
    tty.warn(`${number(done.rejected_lines - done.rejected.length)} more lines were rejected`);
  }
  return done.rejected_lines > 0 ? 1 : 0;
}
