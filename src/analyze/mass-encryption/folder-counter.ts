import { MassCounter, type CountedFinding, type Mass } from './mass-counter.ts';
import { MOST_NAMED } from './thresholds.ts';

/** Deeper folders count with the one that they lie in. */
const MOST_DEPTH = 32;

/**
 * Counts the files of one given folder, and of the folders in it while they go by: files come folder by folder, so only
 * those on the way to the present one are open.
 */
export class FolderCounter {
  readonly #whole = new MassCounter();
  #open: { readonly name: string; readonly counter: MassCounter }[] = [];
  readonly #attacked: { readonly folder: string; readonly suspected: number }[] = [];
  readonly #given: string;
  #worst: { readonly folder: string; readonly mass: Mass } | null = null;

  /** `given`: as the folder is called in reports, and the names of its files begin. */
  constructor(given: string) {
    this.#given = given.endsWith('/') ? given : `${given}/`;
  }

  /** `path`: as the file is called in reports. */
  add(path: string, findings: readonly CountedFinding[]): void {
    this.#whole.add(findings);
    this.#enter(path);
    for (const { counter } of this.#open) counter.add(findings);
  }

  /** So many files of one folder, in which nothing was found. `folder`: as it is called in reports. */
  addPlain(folder: string, files: number): void {
    this.#whole.addPlain(files);
    this.#enter(folder.endsWith('/') ? folder : `${folder}/`);
    for (const { counter } of this.#open) counter.addPlain(files);
  }

  #enter(path: string): void {
    const below = path.startsWith(this.#given) ? path.slice(this.#given.length) : path;
    const folders = below.split('/').slice(0, -1).slice(0, MOST_DEPTH);
    let same = 0;
    while (same < folders.length && this.#open[same]?.name === folders[same]) same++;
    this.#leave(same);
    for (const name of folders.slice(same)) this.#open.push({ name, counter: new MassCounter(true) });
  }

  /** After the last file. */
  close(): Mass | null {
    this.#leave(0);
    const whole = this.#whole.mass();
    const worst = this.#worst;
    const mass = whole ?? worst?.mass ?? null;
    if (mass === null) return null;
    const where = whole === null && worst !== null ? ` in ${worst.folder}` : '';
    return {
      rule: mass.rule,
      detail: mass.detail + where,
      evidence: {
        ...mass.evidence,
        files_in_all: this.#whole.files,
        suspected_in_all: this.#whole.suspected,
        folders: this.#attacked.map(({ folder, suspected }) => `${folder} (${suspected})`),
      },
    };
  }

  #leave(kept: number): void {
    while (this.#open.length > kept) {
      const folder = this.#open.map(({ name }) => name).join('/');
      const mass = this.#open.pop()?.counter.mass() ?? null;
      if (mass === null) continue;
      const suspected = Number(mass.evidence['suspected']);
      if (this.#attacked.length < MOST_NAMED) this.#attacked.push({ folder, suspected });
      const before = Number(this.#worst?.mass.evidence['suspected'] ?? 0);
      if (suspected > before) this.#worst = { folder, mass };
    }
  }
}
