// needs: docker-compose podman-compose
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { VARIABLES } from '../src/config/environment.ts';

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');
const FILES = ['docker-compose.yml', 'podman-compose.yml'] as const;
const NAMES = ['clamav', 'clamav-updater', 'pipeline', 'yara-scanner'];

const Service = z.looseObject({
  cap_drop: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
  mem_limit: z.string(),
  networks: z.record(z.string(), z.unknown()),
  ports: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  restart: z.string(),
  security_opt: z.array(z.string()),
  volumes: z.array(z.string()),
});
const Stack = z.object({
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
  volumes: z.record(z.string(), z.unknown()),
});
type Stack = z.output<typeof Stack>;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backuplens-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What docker-compose makes of the files; it stops at what it does not know. */
async function resolved(...files: readonly string[]): Promise<Stack> {
  return resolvedIn(ROOT, ...files);
}

async function resolvedIn(cwd: string, ...files: readonly string[]): Promise<Stack> {
  const { stdout } = await execute('docker-compose', [...files.flatMap((file) => ['-f', file]), 'config'], {
    cwd,
    timeout: 60_000,
  });
  return Stack.parse(parse(stdout));
}

describe.each(FILES)('docker-compose config of %s', (file) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await resolved(file);
  });

  test('has the services of the specification, each confined', () => {
    expect(Object.keys(stack.services).toSorted()).toEqual(NAMES);
    for (const [name, service] of Object.entries(stack.services)) {
      expect({ name, ...service }).toMatchObject({
        name,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'unless-stopped',
        mem_limit: expect.stringMatching(/^\d+g$/),
        read_only: name !== 'clamav',
      });
    }
  });

  test('publishes three ports, on this machine only, and clamd’s not at all', () => {
    const ports = Object.values(stack.services).flatMap((service) => service.ports);
    expect(ports.toSorted()).toEqual([
      '127.0.0.1:8080:8080/tcp',
      '127.0.0.1:8081:8081/tcp',
      '127.0.0.1:8082:8082/tcp',
    ]);
    expect(stack.services['clamav']?.ports).toEqual([]);
  });

  test('shows the folders of the specification to whom they must be shown, and no more than that', () => {
    const mounts = Object.entries(stack.services).flatMap(([name, { volumes }]) =>
      volumes.map((volume) => `${name} ${volume.replace(`${ROOT}/`, './').replace(/:rw$/, '')}`),
    );
    expect(mounts).toEqual(
      expect.arrayContaining([
        'clamav clamd-db:/var/lib/clamav',
        'clamav ./clamav-db:/clamav-db:ro',
        'clamav-updater clamd-db:/var/lib/clamav',
        'pipeline ./incoming:/incoming',
        'pipeline ./quarantine:/quarantine',
        'pipeline ./config:/config:ro',
        'pipeline backuplens-data:/data',
        'yara-scanner ./yara-rules:/rules:ro',
        'yara-scanner ./incoming:/incoming:ro',
      ]),
    );
    expect(mounts.filter((mount) => /\.sock\b/.test(mount))).toEqual([]);
    expect(Object.keys(stack.volumes)).toEqual(expect.arrayContaining(['clamd-db', 'backuplens-data']));
  });

  test('whoever shares a closed network with an engine and has an API does not answer there', () => {
    const on = (network: string) =>
      Object.keys(stack.services).filter((name) => network in (stack.services[name]?.networks ?? {}));
    expect(on('clamd').toSorted()).toEqual(['clamav', 'clamav-updater', 'pipeline']);
    expect(on('engines').toSorted()).toEqual(['pipeline', 'yara-scanner']);
    for (const [network, who] of Object.entries({
      updates: 'clamav',
      'pipeline-published': 'pipeline',
      'yara-published': 'yara-scanner',
      'updater-published': 'clamav-updater',
    })) {
      expect([network, ...on(network)]).toEqual([network, who]);
    }
    expect(stack.networks).toMatchObject({ clamd: { internal: true }, engines: { internal: true } });
    for (const name of ['pipeline', 'clamav-updater']) {
      expect(stack.services[name]?.environment).toMatchObject({ HOST: 'default-route' });
    }
  });

  test('only yara-scanner takes anonymous requests', () => {
    const anonymous = Object.entries(stack.services).filter(
      ([, { environment }]) => environment['ALLOW_ANONYMOUS'] !== undefined,
    );
    expect(anonymous.map(([name]) => name)).toEqual(['yara-scanner']);
    for (const name of ['pipeline', 'clamav-updater']) {
      expect(stack.services[name]?.environment).toMatchObject({ API_TOKEN_FILE: '/run/secrets/api-token' });
    }
  });
});

test('a runtime’s socket comes with the file that asks for it, and with no other', async () => {
  const stack = await resolved('docker-compose.yml', 'packaging/containers/updater-socket.yml');
  expect(stack.services['clamav-updater']).toMatchObject({
    environment: { UPDATE_RUNTIME: 'auto', API_TOKEN_FILE: '/run/secrets/api-token' },
    volumes: expect.arrayContaining(['/var/run/docker.sock:/var/run/docker.sock:rw']),
  });
});

test('every setting that stands in config/pipeline.env reaches the pipeline, and its secrets as files', async () => {
  const delivered = await readFile(join(ROOT, 'config/pipeline.env'), 'utf8');
  const examples = Array.from(delivered.matchAll(/^#([A-Z_]+)=(.+)$/gm), ([, name, value]) => [name, value]);
  expect(examples.length).toBeGreaterThan(5);
  const known = [...Object.keys(VARIABLES), 'NODE_EXTRA_CA_CERTS'];
  expect(examples.filter(([name]) => !known.includes(name ?? ''))).toEqual([]);
  const copy = join(folder, 'stack');
  await mkdir(join(copy, 'config'), { recursive: true });
  await cp(join(ROOT, 'docker-compose.yml'), join(copy, 'docker-compose.yml'));
  await writeFile(join(copy, 'config/pipeline.env'), delivered.replaceAll(/^#(?=[A-Z_]+=)/gm, ''));
  const stack = await resolvedIn(copy, 'docker-compose.yml');
  expect(stack.services['pipeline']).toMatchObject({
    environment: { ...Object.fromEntries(examples), HOST: 'default-route' },
    volumes: expect.arrayContaining([`${copy}/secrets/pipeline:/run/secrets/pipeline:ro`]),
  });
});

test.each(FILES)('podman-compose reads %s, and asks podman for the same', async (file) => {
  // Writes down what it is asked to do, one argument a line, instead of doing it.
  await writeFile(
    join(folder, 'podman'),
    `#!/bin/sh
case $1 in --version) echo podman version 4.3.1; exit;; esac
{ printf '%s\\n' "$@"; echo; } >>"$ASKED"
`,
    { mode: 0o755 },
  );
  const asked = join(folder, `${file}.txt`);
  await execute('podman-compose', ['-f', file, 'up', '-d'], {
    cwd: ROOT,
    env: { PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`, ASKED: asked },
    timeout: 60_000,
  });
  const runs = (await readFile(asked, 'utf8'))
    .split('\n\n')
    .map((lines) => lines.split('\n'))
    .filter(([command]) => command === 'run');
  const containers = runs.map(
    (args) => args.find((arg) => arg.startsWith('--name='))?.slice('--name='.length) ?? '',
  );
  expect(containers.toSorted()).toEqual(['backuplens-pipeline', 'clamav', 'clamav-updater', 'yara-scanner']);
  for (const args of runs) {
    const published = args.filter((_, index) => args[index - 1] === '-p');
    expect(published.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
    expect(args.join(' ')).toMatch(/--cap-drop ALL .* -m \d+g/);
  }
  const networks = new Map(
    runs.map((args, index) => [containers[index], args[args.indexOf('--net') + 1]?.split(',').toSorted()]),
  );
  expect(networks.get('clamav')).toEqual([
    expect.stringMatching(/_clamd$/),
    expect.stringMatching(/_updates$/),
  ]);
});

test('make test-containers on a machine that forbids containers says so in one line, and does not fail', async () => {
  const few = join(folder, 'forbidden');
  await mkdir(few);
  await writeFile(join(few, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const { stdout, stderr } = await execute(join(ROOT, 'test/containers/run.sh'), [], {
    env: { PATH: `${few}${delimiter}${process.env['PATH'] ?? ''}`, ENGINES: 'podman', NO_INSTALL: '1' },
    timeout: 60_000,
  });
  expect(stderr).toMatch(
    /^SKIPPED: the container tests under \S+ ?\S*: (they want root on Debian|some of these are missing|this machine lets nobody make namespaces).*\n$/,
  );
  expect(stdout).toMatch(/^0 passed, 0 failed, 1 skipped$/m);
});
