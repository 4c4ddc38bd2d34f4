// `npm run sbom`: the parts that running needs as CycloneDX, from package-lock.json alone. npm writes it; what npm does not know (a licence
// that is a file, our own name when the folder has another) comes from tools/licences.ts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { licencesOf } from './licences.ts';

const ROOT = join(import.meta.dirname, '..');
const MAX_BYTES = 2 ** 26;

const Sbom = z.looseObject({
  metadata: z.looseObject({ component: z.looseObject({ name: z.string(), purl: z.string() }) }),
  components: z.array(
    z.looseObject({ name: z.string(), version: z.string(), licenses: z.array(z.unknown()).optional() }),
  ),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
const written = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: MAX_BYTES });
const sbom = Sbom.parse(JSON.parse(written));
const needed = new Map(
  licencesOf(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
    .filter(({ dev }) => !dev)
    .map((part) => [`${part.name}@${part.version}`, part.licence]),
);
sbom.metadata.component.name = 'backuplens';
// Not by npm's own `--omit dev`: it leaves out what is needed for running and for building both, zod and yaml among them.
sbom.components = sbom.components.filter(({ name, version }) => needed.has(`${name}@${version}`));
for (const component of sbom.components) {
  const name = needed.get(`${component.name}@${component.version}`);
  if (component.licenses === undefined && name !== undefined) component.licenses = [{ license: { name } }];
}
const kept = new Set([
  sbom.metadata.component['bom-ref'],
  ...sbom.components.map((component) => component['bom-ref']),
]);
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map((entry) => ({ ...entry, dependsOn: entry.dependsOn.filter((ref) => kept.has(ref)) }));
process.stdout.write(`${JSON.stringify(sbom, null, 2)}\n`);
