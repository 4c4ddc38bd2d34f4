import { existingFirst } from './places.ts';
import { firstOf, type Setting } from './setting.ts';

export function hashSets(
  cwd: string,
  kind: 'bad' | 'good',
  given: Setting<string> | null,
): Setting<string | null> {
  const usual = existingFirst(cwd, `./hash-sets/${kind}`, `/hash-sets/${kind}`);
  return firstOf<string | null>(usual, given);
}

export interface HashSetFolder {
  readonly kind: 'bad' | 'good';
  readonly path: string;
}

/** Folders of lists of hashes; null: there are none. */
export interface HashSets {
  readonly knownBadDir: Setting<string | null>;
  readonly knownGoodDir: Setting<string | null>;
  /** Lists that the bundle in force brings, beside those. */
  readonly bundledHashSets: readonly HashSetFolder[];
}

/** As the rooms that read them want them. */
export function hashSetFolders({ knownBadDir, knownGoodDir, bundledHashSets }: HashSets): HashSetFolder[] {
  return [
    ...(knownBadDir.value === null ? [] : [{ kind: 'bad' as const, path: knownBadDir.value }]),
    ...(knownGoodDir.value === null ? [] : [{ kind: 'good' as const, path: knownGoodDir.value }]),
    ...bundledHashSets,
  ];
}
