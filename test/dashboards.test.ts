// needs: prometheus
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  infected,
  launchService,
  newInstallation,
  type Installation,
  type Service,
} from './kit/pipeline-service.ts';

const HERE = import.meta.dirname;
const RULES = join(HERE, '../packaging/prometheus/backuplens.rules.yml');
const DASHBOARD = join(HERE, '../packaging/grafana/backuplens.json');
const DEADLINE_MS = 60_000;

const dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) })),
});
const answer = z.object({ status: z.string(), data: z.object({ result: z.array(z.unknown()) }) });

/** Every expression of the dashboard, as Grafana sends it for all instances. */
function dashboardQueries(): string[] {
  return dashboard
    .parse(JSON.parse(readFileSync(DASHBOARD, 'utf8')))
    .panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    .map((expr) => expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '5m'));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let work: string;
let installation: Installation;
let service: Service;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'dashboards-'));
  installation = newInstallation();
  installation.put('good.txt');
  installation.put('bad.txt', infected());
  installation.put('locked.zip', 'PK\u0003\u0004 broken');
  service = launchService(installation.env);
  await service.until(() => service.said('watching').length > 0, 'the start');
  await service.until(
    async () => (await service.metric('backuplens_scan_duration_seconds_count')) >= 3,
    'three scans',
  );
});
afterAll(async () => {
  await service.stop();
  installation.remove();
  rmSync(work, { recursive: true, force: true });
});

describe('alert rules', () => {
  test('are rules, and fire on what they should and on nothing else', () => {
    copyFileSync(RULES, join(work, 'backuplens.rules.yml'));
    copyFileSync(join(HERE, 'kit/dashboards/backuplens.rules.test.yml'), join(work, 'rules.test.yml'));
    for (const args of [
      ['check', 'rules', 'backuplens.rules.yml'],
      ['test', 'rules', 'rules.test.yml'],
    ]) {
      expect(execFileSync('promtool', args, { cwd: work, encoding: 'utf8' })).toContain('SUCCESS');
    }
  });

  test('each has a test', () => {
    const tests = readFileSync(join(HERE, 'kit/dashboards/backuplens.rules.test.yml'), 'utf8');
    const names = readFileSync(RULES, 'utf8').matchAll(/alert: (\w+)/g);
    for (const [, name] of names) expect(tests).toContain(`"${name}"`);
  });
});

test('every metric and label that rules and dashboard name is one of a live service', async () => {
  const { body } = await service.get('/metrics');
  const named = [
    readFileSync(RULES, 'utf8').replaceAll(/annotations:[\s\S]*?(?=- alert|$)/g, ''),
    ...dashboardQueries(),
  ].join('\n');
  const metrics = new Set(Array.from(named.matchAll(/\b(?:backuplens|process)_\w+/g), ([name]) => name));
  expect(metrics.size).toBeGreaterThan(15);
  const missing = [...metrics].filter((name) => !body.includes(`# TYPE ${name.replace(/_bucket$/, '')} `));
  expect(missing).toEqual([]);
  for (const [, metric, label, value] of named.matchAll(
    /(backuplens_\w+)\{[^}]*?\b(decision|of|state)="(\w+)"/g,
  )) {
    expect(body).toContain(`${metric}{${label}="${value}"}`);
  }
});

describe('Prometheus itself', () => {
  let prometheus: ChildProcess;
  let address: string;
  beforeAll(async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    const target = new URL(service.address()).host;
    writeFileSync(
      join(work, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [RULES],
        scrape_configs: [{ job_name: 'backuplens', static_configs: [{ targets: [target] }] }],
      }),
    );
    prometheus = spawn(
      'prometheus',
      ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=127.0.0.1:${port}`],
      { cwd: work, stdio: 'ignore' },
    );
    const deadline = performance.now() + DEADLINE_MS;
    while ((await query('up == 1').catch(() => [])).length === 0) {
      if (performance.now() > deadline) throw new Error('Prometheus did not scrape the service');
      await sleep(200);
    }
  });
  afterAll(() => void prometheus.kill('SIGKILL'));

  async function query(expr: string): Promise<unknown[]> {
    const reply = await fetch(`${address}/api/v1/query?query=${encodeURIComponent(expr)}`, {
      signal: AbortSignal.timeout(10_000),
    });
    return answer.parse(await reply.json()).data.result;
  }

  test('answers every query of the dashboard, and has values for what is there from the first scan on', async () => {
    const empty: string[] = [];
    for (const expr of dashboardQueries()) if ((await query(expr)).length === 0) empty.push(expr);
    // Rates need two scrapes with the series; nothing was skipped.
    expect(empty.filter((expr) => !/rate\(|entries_skipped/.test(expr))).toEqual([]);
  });

  test('evaluates every rule without an error', async () => {
    const groups = z.object({
      data: z.object({
        groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string() })) })),
      }),
    });
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const reply = await fetch(`${address}/api/v1/rules`, { signal: AbortSignal.timeout(10_000) });
      const rules = groups.parse(await reply.json()).data.groups.flatMap((group) => group.rules);
      const unwell = rules.filter(({ health }) => health !== 'ok');
      if (unwell.length === 0 && rules.length >= 12) break;
      expect([performance.now() < deadline, unwell]).toEqual([true, expect.anything()]);
      await sleep(200);
    }
  });
});
