import { matches } from './glob.ts';

/** A name that ransomware is known to give, from config/ransomware-names.txt. Plain data: it crosses to the scan workers. */
export interface RansomwareName {
  /** `extension`: the ending that encrypted files get. `note`: the whole name of the note left beside them. */
  readonly kind: 'extension' | 'note';
  /** In lower case; `*` is any run of characters, `?` any one. An extension begins with a dot. */
  readonly pattern: string;
  readonly family: string;
  /** Where it is described: a web address. */
  readonly source: string;
  /** Others give such names too (`.locked`, `readme.txt`): worth something only beside other evidence. */
  readonly weak: boolean;
}

/** Answers for a file's own name, without its folders. Capitals make no difference; where several fit, one that is not weak. */
export interface RansomwareNames {
  /** Whose ending this is; null when it is nobody's that is known, or when there is nothing before it. */
  extension(name: string): RansomwareName | null;
  /** Whose note has this name. */
  note(name: string): RansomwareName | null;
}

/** What answers for `known`. Costs a few look-ups a name; the time is bounded by the lengths of name and patterns. */
export function ransomwareNames(known: readonly RansomwareName[]): RansomwareNames {
  const extensions = new Patterns(known.filter(({ kind }) => kind === 'extension'));
  const notes = new Patterns(known.filter(({ kind }) => kind === 'note'));
  return {
    extension: (name) => {
      const lower = name.toLowerCase();
      const found: RansomwareName[] = [];
      for (let dot = lower.indexOf('.', 1); dot !== -1; dot = lower.indexOf('.', dot + 1)) {
        const one = extensions.exact(lower.slice(dot));
        if (one !== undefined) found.push(one);
      }
      return strongest([...found, ...extensions.wild(lower, '?*')]);
    },
    note: (name) => {
      const lower = name.toLowerCase();
      const exact = notes.exact(lower);
      return strongest([...(exact === undefined ? [] : [exact]), ...notes.wild(lower, '')]);
    },
  };
}

/** The last part of a name out of an archive, which may hold folders of any system. */
export function ownName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
}

interface WildName {
  readonly one: RansomwareName;
  /** What stands before the first wildcard, and behind the last. */
  readonly head: string;
  readonly tail: string;
}

class Patterns {
  readonly #exact: ReadonlyMap<string, RansomwareName>;
  /** By the last character; '': of those that end in a wildcard. Every member of every archive is asked about: most names end like none. */
  readonly #wild: ReadonlyMap<string, readonly WildName[]>;

  constructor(known: readonly RansomwareName[]) {
    const isWild = ({ pattern }: RansomwareName): boolean => /[*?]/.test(pattern);
    this.#exact = new Map(known.filter((one) => !isWild(one)).map((one) => [one.pattern, one]));
    const wild = known.filter(isWild).map((one) => ({
      one,
      head: /^[^*?]*/.exec(one.pattern)?.[0] ?? '',
      tail: /[^*?]*$/.exec(one.pattern)?.[0] ?? '',
    }));
    this.#wild = Map.groupBy(wild, ({ tail }) => tail.slice(-1));
  }

  exact(name: string): RansomwareName | undefined {
    return this.#exact.get(name);
  }

  /** `before`: what may stand before the pattern, in the pattern's own language. */
  wild(name: string, before: string): RansomwareName[] {
    const found: RansomwareName[] = [];
    for (const ending of ['', name.slice(-1)]) {
      for (const { one, head, tail } of this.#wild.get(ending) ?? []) {
        const begins = before === '' ? name.startsWith(head) : name.includes(head);
        if (begins && name.endsWith(tail) && matches(before + one.pattern, name)) found.push(one);
      }
    }
    return found;
  }
}

function strongest(found: readonly RansomwareName[]): RansomwareName | null {
  return found.find(({ weak }) => !weak) ?? found[0] ?? null;
}
