import { Agent, request } from 'undici';
import { z } from 'zod';
import { inWords } from '../../domain/index.ts';
import { EngineStream } from './engine-stream.ts';
import { OutputTail } from './output-tail.ts';
import { RuntimeAway, type Runtime, type RuntimeName } from './runtime.ts';

/** For answers that are no output: they come at once. */
const ANSWER_MS = 10_000;
/** Of what an engine answers; an image with many ports and mounts has some KiB. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** After timeout(1) should have ended it. */
const MARGIN_MS = 15_000;
/** The oldest that Podman 4 and Docker 20 both speak. */
const API = '/v1.40';

const created = z.object({ Id: z.string().regex(/^[0-9a-f]{1,128}$/) });
const ended = z.object({ ExitCode: z.int().nullable().optional(), Running: z.boolean().optional() });

/**
 * freshclam within one named container, over the socket of Podman or Docker: such a socket is root on this machine, so
 * nothing but this one command is ever asked of it.
 */
export function containerRuntime(
  name: Exclude<RuntimeName, 'freshclam'>,
  socketPath: string,
  container: string,
): Runtime {
  return {
    name,
    run: async (timeoutMs, signal) => {
      const agent = new Agent({ connect: { socketPath, timeout: ANSWER_MS }, headersTimeout: ANSWER_MS });
      try {
        return await exec(new Engine(agent, name, socketPath, signal), container, timeoutMs);
      } finally {
        await agent.destroy();
      }
    },
  };
}

async function exec(engine: Engine, container: string, timeoutMs: number): ReturnType<Runtime['run']> {
  const seconds = Math.max(1, Math.round(timeoutMs / 1000));
  // An exec cannot be ended through the API: timeout(1) of the container does it.
  const Cmd = ['timeout', '-k', '10', String(seconds), 'freshclam', '--stdout'];
  const path = `/containers/${encodeURIComponent(container)}/exec`;
  const body = { AttachStdin: false, AttachStdout: true, AttachStderr: true, Tty: false, Cmd };
  const { Id } = created.parse(await engine.post(path, body, container));
  const tail = new OutputTail();
  await engine.follow(`/exec/${Id}/start`, { Detach: false, Tty: false }, timeoutMs + MARGIN_MS, (chunk) =>
    tail.push(chunk),
  );
  const { ExitCode, Running } = ended.parse(await engine.get(`/exec/${Id}/json`));
  if (Running === true)
    throw new RuntimeAway('failed', 'the engine closed the output before freshclam had ended');
  return { code: ExitCode ?? null, output: tail.said() };
}

/** The few requests of the Engine API that are needed. Throws RuntimeAway. */
class Engine {
  readonly #agent: Agent;
  readonly #name: string;
  readonly #socketPath: string;
  readonly #signal: AbortSignal;

  constructor(agent: Agent, name: string, socketPath: string, signal: AbortSignal) {
    this.#agent = agent;
    this.#name = name;
    this.#socketPath = socketPath;
    this.#signal = signal;
  }

  async get(path: string): Promise<unknown> {
    return this.#json(path, await this.#ask('GET', path, null, ANSWER_MS), null);
  }

  async post(path: string, body: unknown, container: string): Promise<unknown> {
    return this.#json(path, await this.#ask('POST', path, body, ANSWER_MS), container);
  }

  /** Hands on a program's output until it ends. */
  async follow(path: string, body: unknown, deadlineMs: number, out: (chunk: Buffer) => void): Promise<void> {
    const { statusCode, body: output } = await this.#ask('POST', path, body, deadlineMs);
    if (statusCode >= 300) throw this.#refusal(statusCode, await textOf(output), null);
    const frames = new EngineStream(out);
    try {
      for await (const chunk of output) frames.push(Buffer.from(chunk));
    } catch (error) {
      throw this.#away(error);
    }
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
    deadlineMs: number,
  ): ReturnType<typeof request> {
    try {
      return await request(`http://localhost${API}${path}`, {
        method,
        dispatcher: this.#agent,
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(deadlineMs)]),
        bodyTimeout: deadlineMs,
        ...(body === null
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    } catch (error) {
      throw this.#away(error);
    }
  }

  async #json(
    path: string,
    answer: Awaited<ReturnType<typeof request>>,
    container: string | null,
  ): Promise<unknown> {
    const text = await textOf(answer.body).catch((error: unknown) => {
      throw this.#away(error);
    });
    if (answer.statusCode >= 300) throw this.#refusal(answer.statusCode, text, container);
    try {
      return JSON.parse(text);
    } catch {
      throw new RuntimeAway('failed', `${this.#name} answers ${path.split('/')[1]} with what is no JSON`);
    }
  }

  #refusal(status: number, text: string, container: string | null): RuntimeAway {
    const said = /"(?:message|cause)":"((?:[^"\\]|\\.){1,200})/.exec(text)?.[1] ?? `status ${status}`;
    if (container !== null && status === 404) {
      return new RuntimeAway('no_container', `${this.#name} has no container named ${container}`);
    }
    if (container !== null && (status === 409 || /not running|is paused|state improper/.test(said))) {
      return new RuntimeAway('no_container', `the container ${container} does not run: ${said}`);
    }
    if (status === 401 || status === 403)
      return new RuntimeAway('permission_denied', `${this.#name} refuses: ${said}`);
    return new RuntimeAway('failed', `${this.#name}: ${said}`);
  }

  #away(error: unknown): RuntimeAway {
    if (error instanceof RuntimeAway) return error;
    const where = `${this.#name} at ${this.#socketPath}`;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EACCES' || code === 'EPERM') {
      const message = `no permission to use ${where}: add the user of this service to the socket's group`;
      return new RuntimeAway('permission_denied', message);
    }
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      return new RuntimeAway('no_runtime', `${where}: ${inWords(error)}`);
    }
    const late = error instanceof Error && /Timeout|TIMEOUT/.test(`${error.name} ${code}`);
    return new RuntimeAway(late ? 'timed_out' : 'failed', `${where}: ${inWords(error)}`);
  }
}

async function textOf(body: AsyncIterable<unknown>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new RuntimeAway('failed', 'the engine answers without end');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
