import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a mirror answers to every request. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Mirror {
  /** Configuration of a freshclam that asks this mirror for one database of its own. */
  readonly config: string;
  readonly databaseFolder: string;
  /** How often it was asked. */
  readonly requests: number;
  set(answer: Answer): void;
  stop(): Promise<void>;
}

/** A mirror on loopback, and a folder for the real freshclam to write to. */
export async function startMirror(first: Answer): Promise<Mirror> {
  let answer = first;
  let requests = 0;
  const server = createServer((_request, response) => {
    requests++;
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), 'bl-freshclam-'));
  const databaseFolder = join(folder, 'db');
  await mkdir(databaseFolder);
  await chmod(folder, 0o755);
  const config = join(folder, 'freshclam.conf');
  const lines = [
    `DatabaseDirectory ${databaseFolder}`,
    ...(process.getuid?.() === 0 ? ['DatabaseOwner root'] : []),
    'MaxAttempts 1',
    `DatabaseMirror http://127.0.0.1:${port}`,
    `DatabaseCustomURL http://127.0.0.1:${port}/own.ndb`,
    ...['main', 'daily', 'bytecode'].map((name) => `ExcludeDatabase ${name}`),
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  return {
    config,
    databaseFolder,
    get requests() {
      return requests;
    },
    set: (next) => {
      answer = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
