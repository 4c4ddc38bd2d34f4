import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How an engine answers, and what the program in the container does. */
export interface Script {
  /** Names of containers that run. */
  readonly running?: readonly string[];
  /** Names of those that do not. */
  readonly stopped?: readonly string[];
  readonly stdout?: string | Buffer;
  readonly stderr?: string;
  readonly exitCode?: number;
  /** Before the program ends. */
  readonly waitFor?: Promise<void>;
  /** Frames cut into single bytes. */
  readonly byteByByte?: boolean;
  /** Every request gets this status. */
  readonly refuses?: number;
  /** The first answer is this. */
  readonly garbage?: Buffer;
}

export interface FakeEngine {
  readonly socket: string;
  /** The commands that were run, in order. */
  readonly commands: readonly (readonly string[])[];
  stop(): Promise<void>;
}

/** The requests of the Engine API that run a program in a container, as Podman and Docker answer them. */
export async function startFakeEngine(script: Script): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'bl-engine-'));
  const socket = join(folder, 'engine.sock');
  const commands: string[][] = [];
  const server = createServer((request, response) => void answer(request, response, script, commands));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    commands,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const EXEC = 'ab'.repeat(32);

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  script: Script,
  commands: string[][],
): Promise<void> {
  const say = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const path = (request.url ?? '').replace(/^\/v1\.\d+/, '');
  if (script.refuses !== undefined) return say(script.refuses, { message: 'not you' });
  if (script.garbage !== undefined) {
    response.writeHead(201);
    response.end(script.garbage);
    return;
  }
  const container = /^\/containers\/([^/]+)\/exec$/.exec(path)?.[1];
  if (container !== undefined) {
    if (script.stopped?.includes(container) === true) {
      return say(409, { message: `container ${container} is not running` });
    }
    if (script.running?.includes(container) !== true) {
      return say(404, { message: `No such container: ${container}` });
    }
    const { Cmd }: { Cmd: string[] } = JSON.parse(body);
    commands.push(Cmd);
    return say(201, { Id: EXEC });
  }
  if (path === `/exec/${EXEC}/start`) {
    response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
    const frames = Buffer.concat([frame(1, script.stdout ?? ''), frame(2, script.stderr ?? '')]);
    if (script.byteByByte === true) for (const byte of frames) response.write(Buffer.from([byte]));
    else response.write(frames);
    await script.waitFor;
    response.end();
    return;
  }
  if (path === `/exec/${EXEC}/json`) return say(200, { Running: false, ExitCode: script.exitCode ?? 0 });
  say(404, { message: 'page not found' });
}

function frame(stream: number, output: string | Buffer): Buffer {
  const bytes = Buffer.from(output);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return bytes.length === 0 ? bytes : Buffer.concat([header, bytes]);
}
