import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';

const DEADLINE_MS = 20_000;

/** One message as rsyslog understood it. */
export interface LoggedMessage {
  readonly priority: string;
  readonly app: string;
  readonly id: string;
  readonly data: string;
  readonly message: string;
}

/** A real rsyslog with a configuration of its own, on loopback, which is ended by whoever started it. */
export class Rsyslog {
  readonly #root: string;
  readonly port: number;
  #child: ChildProcess | null = null;

  constructor(root: string, port: number) {
    this.#root = root;
    this.port = port;
  }

  get #log(): string {
    return join(this.#root, 'rsyslog.log');
  }

  async up(): Promise<void> {
    const config = join(this.#root, 'rsyslog.conf');
    writeFileSync(
      config,
      `global(workDirectory="${this.#root}")
module(load="imtcp")
module(load="imudp")
template(name="fields" type="string" string="%pri%\\t%app-name%\\t%msgid%\\t%structured-data%\\t%msg%\\n")
input(type="imtcp" address="127.0.0.1" port="${this.port}")
input(type="imudp" address="127.0.0.1" port="${this.port}")
action(type="omfile" file="${this.#log}" template="fields" asyncWriting="off")
`,
    );
    const pid = join(this.#root, 'rsyslog.pid');
    const child = spawn('rsyslogd', ['-n', '-f', config, '-i', pid], { stdio: 'ignore' });
    this.#child = child;
    const deadline = performance.now() + DEADLINE_MS;
    while (!(await this.#listens())) {
      if (performance.now() > deadline || child.exitCode !== null)
        throw new Error('rsyslogd did not come up');
      await sleep(50);
    }
  }

  async down(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  messages(): LoggedMessage[] {
    if (!existsSync(this.#log)) return [];
    return readFileSync(this.#log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [priority = '', app = '', id = '', data = '', ...message] = line.split('\t');
        return { priority, app, id, data, message: message.join('\t') };
      });
  }

  async #listens(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.end());
    });
  }
}
