import { open, stat } from 'node:fs/promises';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { Identifier } from '../../identify/index.ts';
import { Sink } from '../../report/index.ts';
import { Progress } from '../progress.ts';
import type { CommonOptions } from '../run.ts';
import type { Tty } from '../tty.ts';
import { analyzeFile, type EntropyMap } from './analyze-file.ts';
import { asJson, errorAsJson } from './json.ts';
import { asSvg } from './svg.ts';
import { asText } from './text.ts';

export interface EntropyOptions extends CommonOptions {
  readonly json?: boolean;
  readonly svg?: string;
  readonly threshold: number;
}

const DONE = 0;

/** A file could not be analyzed; the others were. */
const WRONG = 1;

export async function entropyMap(
  files: readonly string[],
  options: EntropyOptions,
  tty: Tty,
): Promise<number> {
  const { svg, json } = options;
  if (svg !== undefined && files.length > 1) {
    throw new BackupLensError('BL_USAGE', '--svg draws one file', { hint: 'call it once for each file' });
  }
  const output = new Sink(tty.output());
  const identifier = await Identifier.create();
  const progress = new Progress(tty);
  let code = DONE;
  try {
    for (const [index, file] of files.entries()) {
      let map: EntropyMap | string;
      try {
        map = await analyzeFile(file, {
          identifier,
          threshold: options.threshold,
          progress: (bytesDone, bytesKnown) =>
            progress.update({
              filesDone: index,
              filesKnown: files.length,
              totalKnown: true,
              bytesDone,
              bytesKnown,
              current: file,
            }),
        });
      } catch (error) {
        map = inWords(error);
        code = WRONG;
        tty.problem(`${file}: ${map}`);
      }
      if (svg !== undefined && typeof map !== 'string') await draw(svg, file, map);
      await output.write(
        json === true ? inList(index, files.length, toJson(file, map)) : separated(index, toText(map, tty)),
      );
    }
    await output.flush();
  } finally {
    progress.stop();
    identifier.close();
  }
  return code;
}

function toJson(file: string, map: EntropyMap | string): string {
  return typeof map === 'string' ? errorAsJson(file, map) : asJson(map);
}

/** Of a file that could not be analyzed, standard error has said everything. */
function toText(map: EntropyMap | string, tty: Tty): string {
  return typeof map === 'string' ? '' : asText(map, tty.columns);
}

/** An object alone for one file, a list for several. */
function inList(index: number, count: number, json: string): string {
  if (count === 1) return `${json}\n`;
  return `${index === 0 ? '[\n' : ''}${json}${index === count - 1 ? '\n]' : ','}\n`;
}

function separated(index: number, text: string): string {
  return index === 0 || text === '' ? text : `\n${text}`;
}

/** Writes the picture; never over the file that it shows. */
export async function draw(picture: string, file: string, map: EntropyMap): Promise<void> {
  try {
    const [there, shown] = await Promise.all([stat(picture).catch(() => null), stat(file)]);
    if (there !== null && there.dev === shown.dev && there.ino === shown.ino) {
      throw new Error('it is the file that is to be drawn');
    }
    const handle = await open(picture, 'w', 0o644);
    try {
      await handle.writeFile(asSvg(map));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `cannot write ${picture}: ${inWords(cause)}`, { cause });
  }
}
