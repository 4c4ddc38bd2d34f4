import { createHash } from 'node:crypto';
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'undici';

/** Who brings a clamd signatures, where nobody sees from here which it has. */
export interface Bringers {
  /** BUNDLE_DIR; null: none are imported. */
  readonly bundles: string | null;
  /** Address of a clamav-updater; null: there is none. */
  readonly updater: string | null;
}

export interface Brought {
  /** Another one: something else was brought. */
  readonly id: string;
  /** clamd has had the time to load it. */
  readonly loaded: boolean;
}

/**
 * Until then clamd may judge by what it had before, in ms: it looks for a new database every 600 s (clamd.conf(5), SelfCheck) where
 * nobody tells it, and loads it within two minutes.
 */
const LOADING_MS = 720_000;
const ANSWER_MS = 2000;
const MAX_BYTES = 64 * 1024;

/** What was brought last. Never rejects: who cannot be asked counts as somebody else. */
export async function lastBrought({ bundles, updater }: Bringers, now: number): Promise<Brought> {
  const changes = [
    bundles === null ? null : releaseIn(bundles),
    updater === null ? null : await changeBy(updater),
  ];
  const what = changes.map((change) => change?.what ?? null);
  const id = createHash('sha256').update(JSON.stringify(what)).digest('hex');
  const loaded = changes.every((change) => change === null || now - change.at > LOADING_MS);
  return { id, loaded };
}

interface Change {
  readonly what: string;
  /** In ms since 1970. */
  readonly at: number;
}

/** The release in force is a link, which is replaced; going back to none changes only its folder. */
function releaseIn(folder: string): Change | null {
  try {
    const at = lstatSync(folder).mtimeMs;
    const current = join(folder, 'current');
    const link = lstatSync(current, { throwIfNoEntry: false });
    if (link === undefined) return { what: 'none', at };
    return { what: `${readlinkSync(current)} ${link.mtimeMs}`, at: Math.max(at, link.ctimeMs) };
  } catch {
    return null; // There never was a bundle, or it is not for us to see.
  }
}

async function changeBy(url: string): Promise<Change> {
  try {
    const { changed_at: changed } = await healthOf(url);
    const at = Date.parse(String(changed));
    return Number.isNaN(at) ? AWAY : { what: String(changed), at };
  } catch {
    return AWAY;
  }
}

const AWAY: Change = { what: 'away', at: 0 };

async function healthOf(url: string): Promise<{ readonly changed_at?: unknown }> {
  // Loaded here: most programs never ask.
  const undici = await import('undici');
  const { origin, pathname } = new URL(url);
  const client: Client = new undici.Client(origin, { connect: { timeout: ANSWER_MS } });
  try {
    const path = `${pathname.replace(/\/$/, '')}/health`;
    const { body } = await client.request({ path, method: 'GET', signal: AbortSignal.timeout(ANSWER_MS) });
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of body as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > MAX_BYTES) throw new Error('its answer is too long');
      parts.push(part);
    }
    const health: { readonly changed_at?: unknown } = JSON.parse(Buffer.concat(parts, length).toString());
    return health;
  } finally {
    await client.destroy();
  }
}
