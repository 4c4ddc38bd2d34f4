import { existsSync, statSync, type BigIntStats } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { bytesFromName } from '../../bytes/index.ts';
import { FOLDER_MIME } from '../../contracts/plain/index.ts';
import type { FileResult } from '../../contracts/index.ts';
import { BackupLensError, inWords, type Assessment } from '../../domain/index.ts';
import { badMembers, isTar, type BadMember, type Judge } from '../../pipeline/index.ts';
import { counted, memberLine, type MemberListForm } from '../../report/index.ts';
import type { Tty } from '../tty.ts';

/** Reasons that are said one by one before the rest is counted. */
const MAX_SAID = 20;

export interface BadMembersOptions {
  readonly file: string;
  /** null: by what was scanned. */
  readonly form: MemberListForm | null;
  /** The one path that was given. */
  readonly given: string;
  readonly judge: Judge;
  readonly tty: Tty;
}

/**
 * `--bad-members`: the list grows as `FILE.incomplete` and gets its name only when it is whole, so that a restore that
 * reads it cannot take half a list, or one of yesterday, for all that is bad.
 */
export class BadMembersFile {
  readonly #options: BadMembersOptions;
  readonly #handle: FileHandle;
  readonly identity: Pick<BigIntStats, 'dev' | 'ino'>;
  readonly #isFolder: boolean;
  readonly #listed = new Set<string>();
  #form: MemberListForm | null;
  #obstacles = 0;

  private constructor(options: BadMembersOptions, handle: FileHandle, { dev, ino }: BigIntStats) {
    this.#options = options;
    this.#handle = handle;
    this.identity = { dev, ino };
    this.#isFolder = isFolder(options.given);
    this.#form = options.form ?? (this.#isFolder ? 'rsync' : null);
  }

  /** Throws BL_OUTPUT and BL_USAGE. */
  static async open(options: BadMembersOptions): Promise<BadMembersFile> {
    const { file, form, given } = options;
    if (existsSync(file)) {
      throw new BackupLensError('BL_OUTPUT', `${file} exists already, and is not overwritten`, {
        hint: 'a list of an earlier scan says nothing of this one: remove it first, or name another file',
      });
    }
    if (isFolder(given) && form !== null && form !== 'rsync') {
      throw new BackupLensError('BL_USAGE', `${given} is a folder, of which ${form} restores nothing`, {
        hint: 'a folder is restored with rsync: leave --bad-members-format out, or scan the archive itself',
      });
    }
    try {
      const handle = await open(unfinished(file), 'w', 0o600);
      return new BadMembersFile(options, handle, await handle.stat({ bigint: true }));
    } catch (cause) {
      throw new BackupLensError('BL_OUTPUT', `cannot write ${unfinished(file)}: ${inWords(cause)}`, {
        cause,
      });
    }
  }

  async add(result: FileResult, assessment: Assessment): Promise<void> {
    if (this.#isFolder) await this.#fileOfFolder(result);
    else await this.#archive(result, assessment);
  }

  /** Something beside the results that makes the list less than whole. */
  obstacle(why: string): void {
    this.#obstacles++;
    if (this.#obstacles <= MAX_SAID) this.#options.tty.problem(`warning: --bad-members: ${why}`);
  }

  /** True when the list is whole and has its name. */
  async finish(): Promise<boolean> {
    const { file, tty } = this.#options;
    if (this.#obstacles > 0) {
      if (this.#obstacles > MAX_SAID) {
        tty.warn(`--bad-members: and ${counted(this.#obstacles - MAX_SAID, 'more reason')}`);
      }
      tty.warn(
        `${file} was not made: leaving out what can be named is not enough`,
        `${unfinished(file)} holds ${counted(this.#listed.size, 'member')} that can be named`,
      );
      return false;
    }
    await this.#handle.sync();
    await rename(unfinished(file), file);
    tty.note(`wrote ${file}: ${counted(this.#listed.size, 'member')} to leave out`, this.#hint());
    return true;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #fileOfFolder({ path, decision, content_type: type, reasons }: FileResult): Promise<void> {
    if (decision === 'auto_approve') return;
    const bytes = bytesFromName(path);
    const prefix = Buffer.from(prefixOf(this.#options.given));
    if (type.mime === FOLDER_MIME || bytes === null || !bytes.subarray(0, prefix.length).equals(prefix)) {
      const why = type.mime === FOLDER_MIME ? reasons.join('; ') : 'not all of its name is known';
      this.obstacle(`${path}: ${why}`);
      return;
    }
    await this.#list({ name: path, bytes: bytes.subarray(prefix.length) });
  }

  async #archive(result: FileResult, assessment: Assessment): Promise<void> {
    const { mime } = result.content_type;
    this.#form ??= mime === 'application/zip' ? 'unzip' : 'tar';
    const { members, rest } = badMembers(result, assessment, this.#options.judge);
    for (const member of members) {
      if (isTar(mime) || mime === 'application/zip') await this.#list(member);
      else this.obstacle(`${member.name}: in ${mime}, of which neither tar nor unzip restores parts`);
    }
    for (const reason of rest) this.obstacle(`not for a single member: ${reason}`);
  }

  async #list({ name, bytes }: BadMember): Promise<void> {
    const form = this.#form ?? 'tar';
    const line = bytes === null ? null : memberLine(form, bytes);
    if (line === null) {
      this.obstacle(`no line of an exclude file for ${form} means exactly ${name}`);
      return;
    }
    const key = line.toString('latin1');
    if (this.#listed.has(key)) return;
    this.#listed.add(key);
    await this.#handle.write(Buffer.concat([line, Buffer.from('\n')]));
  }

  #hint(): string {
    const { file, given } = this.#options;
    const hints: Readonly<Record<MemberListForm, string>> = {
      rsync: `rsync -a --exclude-from=${file} ${given.replace(/\/*$/, '/')} TO/`,
      unzip: `mapfile -t bad < ${file}; unzip ${given} -d TO \${bad:+-x "\${bad[@]}"}`,
      tar: `tar -x -C TO -f ${given} --anchored --exclude-from=${file}`,
    };
    return hints[this.#form ?? 'tar'];
  }
}

/** What intake writes before the paths below a given folder. */
function prefixOf(folder: string): string {
  if (folder === '.' || folder === './') return '';
  return folder.endsWith('/') ? folder : `${folder}/`;
}

function unfinished(file: string): string {
  return `${file}.incomplete`;
}

function isFolder(given: string): boolean {
  return given !== '-' && (statSync(given, { throwIfNoEntry: false })?.isDirectory() ?? false);
}
