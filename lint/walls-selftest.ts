// Proves that each wall of .dependency-cruiser.mjs stands: a small tree with the same rooms gets one breach a file, and
// one cruise must report exactly the expected rule for each.
import { cruise, walls } from './cruise.ts';
import { conclude, note, Planting } from './planted.ts';

const planting = new Planting();

planting.allowed('src/pipeline', '{ await using x = y(); for (using z of y()) z; }');
planting.breach('no-cycles', 'src/report/one.ts', "import './two.ts';");
planting.allowed('src/report/two.ts', "import './one.ts';"); // a cycle is reported once
planting.breach('domain-imports-nothing', 'src/domain', "import 'node:fs';");
planting.breach('domain-imports-nothing', 'src/domain', "import 'zod';");
planting.breach('domain-imports-nothing', 'src/domain', "import '../bytes/index.ts';");
planting.breach('contracts-know-only-domain', 'src/contracts', "import '../bytes/index.ts';");
planting.breach('contracts-do-no-io', 'src/contracts', "import 'node:fs/promises';");
planting.allowed('src/contracts', "import 'zod';");
planting.breach('bytes-know-only-domain', 'src/bytes', "import '../contracts/index.ts';");
planting.allowed('src/bytes', "import 'node:fs';");
planting.breach('stages-do-not-know-each-other', 'src/unpack', "import '../analyze/index.ts';");
planting.breach('stages-do-not-know-each-other', 'src/identify', "import '../observe/index.ts';");
planting.breach('stages-do-not-know-each-other', 'src/analyze/clamav', "import '../../store/index.ts';");
planting.breach(
  'stages-do-not-know-each-other',
  'src/intake',
  "import type { x } from '../pipeline/index.ts'; export type X = x;",
);
planting.allowed(
  'src/intake',
  "import '../bytes/index.ts'; import '../domain/index.ts'; import '../contracts/index.ts';",
);
planting.breach('stages-do-not-know-each-other', 'src/dispose', "import '../assess/index.ts';");
planting.breach('stages-do-not-know-each-other', 'src/dispose', "import '../store/index.ts';");
planting.breach('assess-is-pure', 'src/assess', "import 'node:fs';");
planting.breach('assess-is-pure', 'src/assess', "import 'zod';");
planting.breach('assess-is-pure', 'src/assess', "import '../bytes/index.ts';");
planting.breach('analyzers-do-not-know-each-other', 'src/analyze/entropy', "import '../clamav/index.ts';");
planting.breach('analyzers-do-not-know-each-other', 'src/analyze/yara', "import '../registry.ts';");
planting.allowed('src/analyze/yara', "import '../analyzer.ts';");
planting.allowed('src/analyze', "import './clamav/index.ts'; import './yara/index.ts';");
planting.breach('pipeline-composes-stages-only', 'src/pipeline', "import '../report/index.ts';");
planting.breach('pipeline-composes-stages-only', 'src/pipeline', "import '../config/index.ts';");
planting.allowed(
  'src/pipeline',
  "import '../unpack/index.ts'; import '../store/index.ts'; import '../observe/index.ts';",
);
planting.breach('side-rooms-know-no-stage', 'src/report', "import '../pipeline/index.ts';");
planting.breach('side-rooms-know-no-stage', 'src/store', "import '../dispose/index.ts';");
planting.breach('side-rooms-know-no-stage', 'src/bundle', "import '../analyze/index.ts';");
planting.breach('side-rooms-know-no-stage', 'src/outward', "import '../store/index.ts';");
planting.allowed('src/outward/sinks', "import 'node:https'; import '../../domain/index.ts';");
planting.allowed('src/bundle/clamscan.ts', "import 'node:child_process';");
planting.breach('child-process-has-an-owner', 'src/bundle', "import 'node:child_process';");
planting.breach('side-rooms-know-no-stage', 'src/config', "import '../observe/index.ts';");
planting.breach('http-kit-knows-no-stage', 'src/http', "import '../assess/index.ts';");
planting.breach(
  'services-do-not-know-each-other',
  'src/services/pipeline',
  "import '../yara-scanner/main.ts';",
);
planting.allowed('src/services/pipeline', "import '../../pipeline/index.ts'; import '../../http/index.ts';");
planting.breach('nobody-imports-programs', 'src/pipeline', "import '../cli/other.ts';");
planting.breach('nobody-imports-programs', 'src/cli', "import '../services/yara-scanner/main.ts';");
planting.breach('nobody-imports-programs', 'src/http', "import '../services/yara-scanner/main.ts';");
planting.breach('cli-starts-no-server', 'src/cli', "import '../http/index.ts';");
planting.breach('through-the-door', 'src/pipeline', "import '../assess/score.ts';");
planting.breach('through-the-door', 'src/unpack', "import '../domain/gap.ts';");
planting.breach('through-the-door', 'src/services/pipeline', "import '../../store/table.ts';");
planting.breach('yara-packages-in-engine-files', 'src/services/yara-scanner', "import '@virustotal/yara-x';");
planting.breach('yara-packages-in-engine-files', 'src/analyze/yara', "import '@litko/yara-x-linux-x64-gnu';");
planting.allowed('src/analyze/yara/planted-engine.ts', "import '@virustotal/yara-x';");
planting.breach(
  'yara-engines-only-where-meant',
  'src/services/pipeline',
  "import '../../analyze/yara/wasm-engine.ts';",
);
planting.breach(
  ['yara-engines-only-where-meant', 'yara-never-in-the-scan'],
  'src/pipeline',
  "import '../analyze/yara/wasm-engine.ts';",
);
planting.breach('yara-never-in-the-scan', 'src/cli', "import '../analyze/index.ts';");
planting.allowed('src/analyze/index.ts', "import './yara/leak.ts';");
planting.allowed('src/analyze/yara/leak.ts', "import './wasm-engine.ts';");
planting.allowed('src/services/yara-scanner', "import '../../analyze/yara/wasm-engine.ts';");
planting.breach('workers-reach-no-keys', 'src/pipeline/worker.ts', "import './step.ts';");
planting.allowed('src/pipeline/step.ts', "import '../dispose/index.ts';");
planting.breach('child-process-has-an-owner', 'src/unpack', "import 'node:child_process';");
planting.breach('child-process-has-an-owner', 'src/pipeline', "import 'child_process';");
planting.allowed(
  'src/pipeline',
  "import type { ChildProcess } from 'node:child_process'; export type X = ChildProcess;",
);
planting.allowed('src/pipeline', "import '../analyze/clamav/index.ts';");
planting.breach('through-the-door', 'src/pipeline', "import '../analyze/clamav/probe.ts';");
planting.allowed('src/pipeline/worker-process.ts', "import 'node:child_process';");
planting.allowed('src/pipeline/yara-child.ts', "import 'node:child_process';");
planting.allowed('src/services/yara-scanner/engine-slot.ts', "import 'node:child_process';");
planting.breach('threads-only-for-wasm-parsers', 'src/pipeline', "import 'node:worker_threads';");
planting.breach('threads-only-for-wasm-parsers', 'src/unpack/formats', "import 'node:worker_threads';");
planting.allowed('src/identify/libmagic-planted.ts', "import 'node:worker_threads';");
planting.allowed('src/unpack/seven-zip', "import 'node:worker_threads';");
planting.breach('parsers-have-no-network', 'src/unpack', "import 'node:net';");
planting.breach('parsers-have-no-network', 'src/analyze/entropy', "import 'undici';");
planting.breach('parsers-have-no-network', 'src/report', "import 'node:https';");
planting.breach('parsers-have-no-network', 'src/analyze/hash-sets', "import 'node:net';");
planting.allowed('src/analyze/clamav', "import 'node:net';");
planting.breach('archive-packages-in-unpack', 'src/identify', "import '7z-wasm';");
planting.breach('archive-packages-in-unpack', 'src/pipeline', "import '7z-wasm';");
planting.breach(
  'archive-packages-in-unpack',
  'src/intake',
  "import type { SevenZipModule } from '7z-wasm'; export type X = SevenZipModule;",
);
planting.allowed('src/unpack/formats', "import '7z-wasm';");
planting.breach('type-packages-in-identify', 'src/analyze/type-mismatch', "import 'wasmagic';");
planting.breach('type-packages-in-identify', 'src/report', "import 'mime-db';");
planting.breach('fastify-in-http-and-services', 'src/pipeline', "import 'fastify';");
planting.breach('fastify-in-http-and-services', 'src/cli', "import '@fastify/multipart';");
planting.allowed('src/services/yara-scanner', "import 'fastify'; import '@fastify/multipart';");
planting.breach('logs-and-metrics-in-observe', 'src/http', "import 'pino';");
planting.breach('logs-and-metrics-in-observe', 'src/services/pipeline', "import 'prom-client';");
planting.allowed('src/observe', "import 'pino'; import 'prom-client'; import '../domain/index.ts';");
planting.allowed('src/http', "import '../observe/index.ts';");
planting.breach('side-rooms-know-no-stage', 'src/observe', "import '../config/index.ts';");
planting.breach('kysely-in-store', 'src/pipeline', "import 'kysely';");
planting.allowed('src/store/sql', "import 'kysely';");
planting.breach('sqlite-in-store', 'src/dispose', "import 'node:sqlite';");
planting.breach('sqlite-in-store', 'src/store/sql', "import 'node:sqlite';");
planting.allowed('src/store/sqlite', "import 'node:sqlite';");
planting.allowed('src/cache', "import 'node:sqlite';");
planting.breach('side-rooms-know-no-stage', 'src/cache', "import '../store/index.ts';");
planting.breach('sqlite-in-store', 'src/cli', "import 'node:sqlite';");
planting.allowed('src/cli/hashes/nsrl-database.ts', "import 'node:sqlite';");
planting.allowed('src/dispose/hook.ts', "import 'node:child_process';");
planting.breach('commander-in-cli', 'src/config', "import 'commander';");
planting.breach('yaml-in-config', 'src/report', "import 'yaml';");
planting.breach('sources-do-not-need-tests', 'src/report', "import '../../test/kit/kit.ts';");
planting.breach('sources-do-not-need-tests', 'src/cli', "import '../../tools/tool.ts';");
planting.breach('no-dev-deps-in-src', 'src/cli', "import 'vitest';");
planting.breach('declared-deps-only', 'src/cli', "import 'not-a-package-of-ours';");
planting.breach('declared-deps-only', 'test', "import './not-there.ts';");
planting.allowed(
  'src/report/beside.test.ts',
  "import 'vitest'; import '../../test/kit/kit.ts'; import 'node:child_process';",
);
planting.allowed('test', "import 'vitest'; import '../src/assess/score.ts'; import 'node:child_process';");

/** The tree that the breaches point into. */
const STUBS = [
  'analyze/registry.ts analyze/analyzer.ts analyze/clamav/index.ts analyze/clamav/probe.ts analyze/yara/index.ts analyze/yara/wasm-engine.ts',
  'assess/score.ts domain/gap.ts store/table.ts cli/other.ts services/yara-scanner/main.ts',
  ...['domain', 'bytes', 'contracts', 'intake', 'unpack', 'assess', 'dispose', 'pipeline', 'store'].map(
    (room) => `${room}/index.ts`,
  ),
  ...['observe', 'report', 'config', 'http'].map((room) => `${room}/index.ts`),
]
  .flatMap((line) => line.split(' '))
  .map((path) => `src/${path}`)
  .concat('test/kit/kit.ts', 'tools/tool.ts');

const files = new Map(STUBS.map((path) => [path, 'export {};\n']));
for (const { file, code } of planting.all) {
  if (files.has(file)) throw new Error(`two things are planted in ${file}`);
  files.set(file, `${code}\n`);
}
const fired = new Map<string, Set<string>>();
for (const { from, rule } of (await cruise(files)).summary.violations) note(fired, from, rule.name);
const rules = [...(await walls()).keys()];
const { breaches, allowed } = planting.figures;
conclude(
  'walls',
  planting.compare(fired, rules),
  `${rules.length} stand: ${breaches} planted breaches caught, ${allowed} allowed imports pass`,
);
