import { z } from 'zod';

/** One package of the lock file. */
export interface Part {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Only for building and testing. */
  readonly dev: boolean;
  readonly installScript: boolean;
}

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});

/** What may come along: licences that ask for their notice to be kept, and no more. SPDX identifiers. */
const ALLOWED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
]);
/** Not shipped, so that what they ask of those who ship does not arise. */
const ALLOWED_FOR_BUILDING: ReadonlySet<string> = new Set([
  ...ALLOWED,
  'MPL-2.0',
  'CC0-1.0',
  'CC-BY-4.0',
  'Python-2.0',
]);

/** Packages whose own text was read, and what it is. Their package.json only points at a file. */
const READ: Readonly<Record<string, { readonly says: string; readonly is: string }>> = {
  '7z-wasm': { says: 'SEE LICENSE IN License.txt', is: 'LGPL-2.1-or-later with unRAR restriction' },
};

const FOLDER = 'node_modules/';

/** Every package once, by name. Throws when it is no lock file. */
export function licencesOf(lock: string): readonly Part[] {
  const parts = new Map<string, Part>();
  for (const [path, entry] of Object.entries(Lock.parse(JSON.parse(lock)).packages)) {
    if (path === '') continue;
    const name = path.slice(path.lastIndexOf(FOLDER) + FOLDER.length);
    const { version = '', license = 'none', dev = false, hasInstallScript = false } = entry;
    const read = READ[name];
    const licence = read?.says === license ? read.is : license;
    const key = `${name}@${version}`;
    const others = parts.get(key);
    parts.set(key, {
      name,
      version,
      licence,
      dev: dev && (others?.dev ?? true),
      installScript: hasInstallScript,
    });
  }
  return [...parts.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** One line for each package whose licence is unknown, or not one of those above. */
export function problemsWith(parts: readonly Part[]): readonly string[] {
  return parts.flatMap(({ name, version, licence, dev }) => {
    if (READ[name]?.is === licence) return [];
    // `A AND B` binds to both, `A OR B` lets one choose.
    const choices = licence.replaceAll(/[()]/g, '').split(' OR ');
    const allowed = dev ? ALLOWED_FOR_BUILDING : ALLOWED;
    const fine = choices.some((choice) => choice.split(' AND ').every((one) => allowed.has(one)));
    return fine
      ? []
      : [`${name} ${version}: ${licence} is not a licence that was agreed to (tools/licences.ts)`];
  });
}
