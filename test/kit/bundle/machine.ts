import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createKey, Releases, signingKey, trustedKeys, writeBundle } from '../../../src/bundle/index.ts';
import type { BundleSource, Manifest, TrustedKeys } from '../../../src/bundle/index.ts';
import { importBundle, rollBack, type Installed, type Step } from '../../../src/cli/bundle/install.ts';
import { loadConfig } from '../../../src/config/index.ts';
import type { Environment } from '../../../src/config/start/index.ts';

const DAY_MS = 86_400_000;

/** What a bundle of the tests holds, by its paths in it. */
export type Contents = Readonly<Record<string, string | Buffer>>;

export interface Made {
  readonly serial?: number;
  /** Days from now. */
  readonly created?: number;
  readonly expires?: number;
  readonly key?: string;
}

/** Two folders: where bundles are made, and a machine without a network that trusts their key. */
export class Machine {
  readonly root: string;
  readonly cwd: string;
  readonly key: { readonly id: string; readonly secret: string; readonly trusted: string };
  readonly env: Record<string, string>;
  #made = 0;

  constructor(env: Environment = {}) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'bundle-')));
    this.cwd = join(this.root, 'offline');
    this.key = createKey(join(this.root, 'secrets'), {
      created_at: new Date().toISOString(),
      expires_at: null,
    });
    for (const folder of ['keys', 'clamav-db', 'in']) {
      mkdirSync(join(this.cwd, folder), { recursive: true, mode: 0o755 });
    }
    this.trust(this.key.trusted);
    this.env = { CLAMD_HOST: 'off', PATH: process.env['PATH'] ?? '', ...env };
  }

  trust(path: string): void {
    this.place(`keys/${path.split('/').at(-1)}`, readFileSync(path));
  }

  place(name: string, content: string | Buffer): string {
    const path = join(this.cwd, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** Resolves to the bundle's path. */
  async make(contents: Contents, made: Made = {}): Promise<string> {
    const folder = join(this.root, 'online', String(++this.#made));
    const sources = Object.entries(contents).map(([path, content]): BundleSource => {
      const from = join(folder, path);
      mkdirSync(dirname(from), { recursive: true });
      writeFileSync(from, content);
      return { from, path };
    });
    const output = join(folder, 'it.bundle');
    const { serial = this.#made, created = 0, expires = 90, key = this.key.secret } = made;
    await writeBundle({
      output,
      sources,
      key: await signingKey(key),
      serial,
      created_at: new Date(Date.now() + created * DAY_MS),
      expires_at: new Date(Date.now() + expires * DAY_MS),
      made_by: 'tests',
      note: '',
    });
    return output;
  }

  get releases(): Releases {
    return new Releases(join(this.cwd, 'bundles'));
  }

  async import(
    bundle: string,
    choice: {
      readonly reason?: string;
      readonly acceptPolicy?: boolean;
      readonly untestedDatabases?: boolean;
    } = {},
    step?: (step: Step) => void,
  ): Promise<Installed> {
    const { reason = null, acceptPolicy = false, untestedDatabases = false } = choice;
    return importBundle(
      bundle,
      { keys: await this.keys(), reason, acceptPolicy, untestedDatabases },
      this.#installation(step),
    );
  }

  async rollBack(step?: (step: Step) => void): Promise<string | null> {
    return (await rollBack({ keys: await this.keys(), reason: null }, this.#installation(step))).release;
  }

  async keys(): Promise<TrustedKeys> {
    return (await trustedKeys(join(this.cwd, 'keys'), Date.now())) ?? new Map<string, never>();
  }

  #installation(step?: (step: Step) => void): Parameters<typeof rollBack>[1] {
    const config = loadConfig({ cwd: this.cwd, env: this.env });
    return {
      releases: this.releases,
      config,
      who: 'tester',
      path: this.env['PATH'] ?? '',
      ...(step === undefined ? {} : { step }),
    };
  }

  async inForce(): Promise<Manifest | null> {
    return (await this.releases.current())?.manifest ?? null;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
