import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { inScratch, outputOf, ROOT } from './planted.ts';

const CONFIG = '.dependency-cruiser.mjs';
const Rules = z.object({
  default: z.object({ forbidden: z.array(z.object({ name: z.string(), comment: z.string() })) }),
});
const Cruise = z.object({
  modules: z.array(z.object({ source: z.string() })),
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

/** The walls: name and reason of each. */
export async function walls(): Promise<ReadonlyMap<string, string>> {
  const { forbidden } = Rules.parse(await import(join(ROOT, CONFIG))).default;
  return new Map(forbidden.map(({ name, comment }) => [name, comment]));
}

/**
 * Cruises these files (path to text) in a scratch folder beside the repository's packages. They are copies because
 * dependency-cruiser 18 fails on `using` declarations: for it, they are written as `const`.
 */
export async function cruise(sources: ReadonlyMap<string, string>): Promise<z.infer<typeof Cruise>> {
  const files = new Map<string, string>();
  for (const [path, text] of sources) {
    files.set(path, text.replaceAll(/\b(await\s+)?using\s+(?=[\w$]+\s*(=|of\b))/g, 'const '));
  }
  files.set(CONFIG, await readFile(join(ROOT, CONFIG), 'utf8'));
  files.set('package.json', await readFile(join(ROOT, 'package.json'), 'utf8'));
  const folders = new Set([...sources.keys()].map((path) => path.split('/')[0] ?? path));
  const args = [...folders, '--config', CONFIG, '--output-type', 'json'];
  const output = await inScratch(files, ['node_modules'], (folder) => outputOf(folder, 'depcruise', args));
  return Cruise.parse(JSON.parse(output));
}

/** Every TypeScript file below the folders of the repository, with its text. */
export async function sourcesOf(folders: readonly string[]): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const path = join(entry.parentPath, entry.name);
      sources.set(path.slice(ROOT.length + 1), await readFile(path, 'utf8'));
    }
  }
  return sources;
}
