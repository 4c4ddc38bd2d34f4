import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { VARIABLES } from '../src/config/index.ts';
import { DEFAULT_POLICY } from '../src/domain/index.ts';
import { UPDATER_VARIABLES } from '../src/services/clamav-updater/environment.ts';
import { cli } from './kit/cli.ts';
import { startService, type Service } from './kit/service.ts';
import { SPECIFICATION } from './kit/specification.ts';

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');

interface Line {
  readonly item: string;
  /** Kind and the rest, as docs/specification-map.md explains. */
  readonly check: string;
}

/** The lines of every table that has the three columns. */
function linesOf(page: string): readonly Line[] {
  const lines: Line[] = [];
  let inMap = false;
  for (const line of page.split('\n')) {
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [item, , check] = cells;
    if (cells.length !== 3 || item === undefined || check === undefined) inMap = false;
    else if (item === 'specification') inMap = true;
    else if (inMap && !/^-+$/.test(item)) lines.push({ item, check: plain(check) });
  }
  return lines;
}

/** Without the marks of code around it. */
function plain(cell: string): string {
  return /^(`+) ?(.*?) ?\1$/.exec(cell)?.[2] ?? '';
}

const Compose = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.string(),
      ports: z.array(z.string()).default([]),
      volumes: z.array(z.string()),
    }),
  ),
});

const page = await readFile(join(ROOT, 'docs/specification-map.md'), 'utf8');
const lines = linesOf(page);
const services = new Map<string, Service>();

beforeAll(async () => {
  for (const name of ['yara-scanner', 'clamav-updater']) {
    services.set(name, await startService(name, { YARA_CACHE_DIR: 'off', UPDATE_RUNTIME: 'podman' }));
  }
});
afterAll(async () => {
  await Promise.all([...services.values()].map(async (service) => service.stop()));
});

async function text(path: string): Promise<string> {
  return readFile(join(ROOT, path), 'utf8');
}

async function stacks() {
  const files = await Promise.all(['docker-compose.yml', 'podman-compose.yml'].map(text));
  // Their defaults, as a compose tool puts them in.
  return files.map((file) => Compose.parse(parse(file.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'))).services);
}

/** Each throws when it does not hold. */
const CHECKS: Readonly<Record<string, (what: string) => Promise<void>>> = {
  async file(path) {
    await access(join(ROOT, path));
  },
  async says(what) {
    const [, path = '', words = ''] = /^(\S+) "(.+)"$/.exec(what) ?? [];
    expect((await text(path)).includes(words)).toBe(true);
  },
  async make(target) {
    const { stdout } = await execute('make', ['--silent', 'help'], { cwd: ROOT });
    expect(stdout).toMatch(new RegExp(`^ +make ${target} +\\S.{8}`, 'm'));
  },
  async help(program) {
    const { stdout } = await execute(join(ROOT, 'bin', program), ['--help'], { cwd: '/', timeout: 60_000 });
    expect(stdout).toMatch(/^Usage: /);
  },
  async run(command) {
    const [program = '', ...args] = command.split(' ');
    await execute(program, args, { cwd: ROOT, timeout: 60_000 });
  },
  async variable(what) {
    const [name, value] = assignment(what);
    expect(Object.entries(VARIABLES).find(([known]) => known === name)?.[1].default).toBe(value);
  },
  async updater(what) {
    const [name, value] = assignment(what.replace(/^variable /, ''));
    const variable = Object.entries(UPDATER_VARIABLES).find(([known]) => known === name)?.[1];
    expect(variable?.fallback ?? 'unset').toBe(value);
  },
  async contained(what) {
    const [name, value] = assignment(what);
    const { stdout } = await cli(['config', 'show', '--json'], { env: { BACKUPLENS_CONTAINER: '1' } });
    const shown = z
      .array(z.looseObject({ name: z.string(), value: z.unknown() }))
      .parse(JSON.parse(stdout))
      .find((row) => row.name === name);
    expect(JSON.stringify(shown?.value)).toContain(value);
  },
  async policy(what) {
    const [key, value] = assignment(what);
    const at = (root: unknown) => key.split('.').reduce((found: unknown, part) => Object(found)[part], root);
    expect([at(parse(await text('config/scoring.yaml'))), at(DEFAULT_POLICY)]).toEqual([
      Number(value),
      Number(value),
    ]);
  },
  async service(name) {
    for (const stack of await stacks()) expect(Object.keys(stack)).toContain(name);
  },
  async image(what) {
    const [name = '', image] = what.split(' ');
    for (const stack of await stacks()) expect(stack[name]?.image).toBe(image);
  },
  async port(what) {
    const [name = '', port] = what.split(' ');
    for (const stack of await stacks()) expect(stack[name]?.ports).toContain(port);
  },
  async mount(what) {
    const [name = '', mount] = what.split(' ');
    for (const stack of await stacks()) expect(stack[name]?.volumes).toContain(mount);
  },
  async stage(name) {
    expect(await text('Dockerfile')).toMatch(new RegExp(`^FROM \\S+ AS ${name}$`, 'm'));
  },
  async request(what) {
    const [name = '', method = '', path = ''] = what.split(' ');
    const answer = await fetch(`${services.get(name)?.url}${path}`, { method });
    expect([404, 405]).not.toContain(answer.status);
  },
  async test(what) {
    const [, path = '', title = ''] = /^(\S+) "(.+)"$/.exec(what) ?? [];
    const source = await text(path);
    expect(["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}, `))).toBe(true);
  },
};

function assignment(what: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^(\S+) = (.+)$/.exec(what) ?? [];
  return [name, value];
}

describe('docs/specification-map.md', () => {
  test('has every item of the specification once, and no other', () => {
    const known = Object.values(SPECIFICATION).flat();
    expect(lines.map(({ item }) => item).toSorted()).toEqual(known.toSorted());
  });

  test.each(lines)('$item: $check', async ({ check }) => {
    const [, kind = '', what = ''] = /^(\w+) (.+)$/.exec(check) ?? [];
    expect(Object.keys(CHECKS)).toContain(kind);
    await CHECKS[kind]?.(what);
  });
});
