// Holds every source file to the walls of .dependency-cruiser.mjs. `lint/walls-selftest.ts` proves that they stand.
import { cruise, sourcesOf, walls } from './cruise.ts';
import { conclude } from './planted.ts';

const sources = await sourcesOf(['src', 'test', 'bench', 'tools', 'lint']);
const reasons = await walls();
const { modules, summary } = await cruise(sources);
const breaches = summary.violations.map(
  ({ from, to, rule }) => `${from} → ${to}: ${rule.name} (${reasons.get(rule.name) ?? ''})`,
);
// With TypeScript 7 and no swc, dependency-cruiser 18 says "0 modules cruised" and finds nothing wrong.
const seen = new Set(modules.map(({ source }) => source));
const unseen = [...sources.keys()].filter((path) => !seen.has(path)).map((path) => `${path} was not cruised`);
conclude('walls', [...breaches, ...unseen], `${sources.size} files keep ${reasons.size} walls`);
