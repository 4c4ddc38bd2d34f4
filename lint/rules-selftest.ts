// Proves that the lint rules which carry the threat model still bite, under the repository's own .oxlintrc.json:
// plants one breach a file and expects exactly that rule; and what is allowed must pass.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { conclude, inScratch, note, outputOf, Planting, ROOT } from './planted.ts';

const Lint = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })) });
const House = z.object({ default: z.object({ rules: z.record(z.string(), z.unknown()) }) });

const TEMPDIR = 'house(no-direct-tempdir)';
const UNBOUNDED = 'house(no-unbounded-read)';
const SHELL = 'house(no-shell)';
const MESSAGE = 'house(constant-message)';
const ENVIRONMENT = 'node(no-process-env)';
const CONSOLE = 'eslint(no-console)';
const EMPTY = 'eslint(no-empty)';
const FLOATING = 'typescript(no-floating-promises)';

const planting = new Planting();

const temp = "import { mkdtemp } from 'node:fs/promises'; export const x = await mkdtemp('/tmp/x-');";
planting.breach(TEMPDIR, 'src/unpack', temp);
planting.breach(TEMPDIR, 'src/unpack', "import os from 'node:os'; export const x = os.tmpdir();");
planting.allowed('src/bytes/scratch.ts', temp);
planting.allowed('test', temp);

const whole = "import { readFile } from 'node:fs/promises'; export const x = await readFile('x');";
planting.breach(UNBOUNDED, 'src/config', whole);
planting.breach(UNBOUNDED, 'src/config', "import fs from 'node:fs'; export const x = fs.readFileSync('x');");
planting.breach(
  UNBOUNDED,
  'src/cli',
  "import { text } from 'node:stream/consumers'; export const x = await text(process.stdin);",
);
planting.breach(
  UNBOUNDED,
  'src/services',
  "export const x = await (await fetch('http://127.0.0.1')).json();",
);
planting.breach(
  UNBOUNDED,
  'src/services',
  'export const read = (all: AsyncIterable<Buffer>) => Array.fromAsync(all);',
);
planting.allowed('src/contracts', "import { z } from 'zod'; export const x = z.json();");
planting.allowed('src/report', 'export const x = JSON.stringify({}); export const y = new Response(x);');
planting.allowed('test', whole);

planting.breach(SHELL, 'src/services', "import { exec } from 'node:child_process'; export const x = exec;");
planting.breach(
  SHELL,
  'src/services',
  "import { execSync as run } from 'node:child_process'; export const x = run;",
);
planting.breach(
  SHELL,
  'src/services',
  "import { spawn } from 'node:child_process'; export const x = spawn('clamd', [], { shell: true });",
);
planting.allowed(
  'src/services',
  "import { spawn } from 'node:child_process'; export const x = spawn('clamd', [], { shell: false });",
);
planting.allowed('src/domain', "export const x = /a/.exec('a');");

const logging =
  "import type { Log } from '../observe/index.ts'; export const x = (log: Log, name: string) =>";
planting.breach(MESSAGE, 'src/http', `${logging} log.info('scanned ' + name);`);
planting.breach(MESSAGE, 'src/http', `${logging} log.warn(name);`);
planting.breach(
  MESSAGE,
  'src/http',
  'export class X { #log = console; f(n: string) { this.#log.error(`x ${n}`); } }',
);
planting.allowed('src/http', `${logging} log.info('scanned', { untrusted: { name } });`);

planting.breach(ENVIRONMENT, 'src/pipeline', "export const x = process.env['HOME'];");
planting.allowed('src/config/start/process-environment.ts', "export const x = process.env['HOME'];");
planting.breach(CONSOLE, 'src/cli', "console.log('x');\nexport const x = 1;");
planting.breach(EMPTY, 'src/cli', 'try {\n  JSON.parse("x");\n} catch {}\nexport const x = 1;');
planting.allowed(
  'src/cli',
  'try {\n  JSON.parse("x");\n} catch {\n  // not JSON: nothing is lost\n}\nexport const x = 1;',
);
planting.breach(FLOATING, 'src/pipeline', "import { rm } from 'node:fs/promises'; rm('x');");

const files = new Map(planting.all.map(({ file, code }) => [file, `${code}\n`]));
files.set('.oxlintrc.json', await readFile(join(ROOT, '.oxlintrc.json'), 'utf8'));
files.set('tsconfig.json', await readFile(join(ROOT, 'tsconfig.json'), 'utf8'));
const output = await inScratch(files, ['node_modules', 'lint', 'package.json'], (folder) =>
  outputOf(folder, 'oxlint', ['--format', 'json', 'src', 'test']),
);
const fired = new Map<string, Set<string>>();
for (const { filename, code } of Lint.parse(JSON.parse(output)).diagnostics) note(fired, filename, code);

const house = House.parse(await import(join(ROOT, 'lint/house-rules.js'))).default;
const { breaches, allowed } = planting.figures;
conclude(
  'house rules',
  planting.compare(
    fired,
    Object.keys(house.rules).map((name) => `house(${name})`),
  ),
  `${breaches} breaches caught, ${allowed} allowed uses pass`,
);
