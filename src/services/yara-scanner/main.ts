#!/usr/bin/env -S node --max-semi-space-size=2
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { ScanSettings } from './scan-settings.ts';

/**
 * The yara-scanner program. Two ways to start it: with an environment, as a service on TCP; or as the child of a
 * scan (`--socket PATH --rules DIR…`), which answers on a private Unix socket.
 */
const HELP = `Usage: yara-scanner [options]

Scans files and uploads with YARA rules, over HTTP.

  --rules DIR            folder with .yar and .yara files (repeatable; instead of YARA_RULES_DIR)
  --engine NAME          auto, native or wasm (default: auto)
  --engines N            engine processes (default: one a core, at most 8)
  --scan-timeout-ms N    for one scan of up to 65 MiB (default: 10000)
  --version, --help

Environment (each may also be given with the prefix BACKUPLENS_, which wins; docs/configuration.md): PORT (8081), HOST,
  YARA_RULES_DIR (./yara-rules, else /rules, else the delivered ones), SCAN_ROOTS, INCOMING_DIR, DATA_DIR, YARA_CACHE_DIR,
  MAX_UPLOAD_BYTES (5G), API_TOKEN, API_TOKEN_FILE, ALLOW_ANONYMOUS, LOG_LEVEL, TMPDIR.

Requests: GET /health, GET /metrics, POST /scan (multipart field "file"), POST /scan-file {"path": "…"}, POST /reload
`;

/** Of one set of rules each. */
const MAX_ENGINES = 64;
const DEFAULT_ENGINES = Math.min(8, availableParallelism());

await main();

async function main(): Promise<void> {
  const values = given();
  if (typeof values === 'string') return refuse(values);
  if (values.help) return print(HELP);
  if (values.version) {
    const { programVersion } = await import('../../config/start/index.ts');
    return print(`yara-scanner ${programVersion()}\n`);
  }
  const { engine } = values;
  if (engine !== 'auto' && engine !== 'native' && engine !== 'wasm')
    return refuse('--engine: auto, native or wasm');
  const engines = numberOf(values.engines, MAX_ENGINES);
  if (engines === null) return refuse(`--engines: a number from 1 to ${MAX_ENGINES}`);
  const scanTimeoutMs = numberOf(values['scan-timeout-ms'], 3_600_000);
  if (scanTimeoutMs === null) return refuse('--scan-timeout-ms: a number from 1 to 3600000');
  const settings: ScanSettings = { rules: values.rules, engine, engines, scanTimeoutMs };
  if (values.socket === undefined) {
    const { serve } = await import('./serve.ts');
    return serve(settings);
  }
  const { serveParent } = await import('./serve-parent.ts');
  return serveParent(values.socket, values.cache ?? null, settings);
}

/** The options, or what is wrong with them. */
function given() {
  try {
    return parseArgs({
      options: {
        socket: { type: 'string' },
        cache: { type: 'string' },
        rules: { type: 'string', multiple: true, default: [] },
        engines: { type: 'string', default: String(DEFAULT_ENGINES) },
        engine: { type: 'string', default: 'auto' },
        'scan-timeout-ms': { type: 'string', default: '10000' },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : 'wrong arguments';
  }
}

function numberOf(text: string, max: number): number | null {
  return /^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= max ? Number(text) : null;
}

function print(text: string): void {
  process.stdout.write(text, () => process.exit(0));
}

function refuse(message: string): void {
  process.stderr.write(`yara-scanner: ${message}\n  yara-scanner --help shows what there is\n`, () =>
    process.exit(2),
  );
}
