import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from './blocks.ts';

/** What became of one command. */
export interface Ran {
  readonly text: string;
  readonly line: number;
  /** null: it was not come to. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly shown: readonly string[];
}

const ROOT = join(import.meta.dirname, '../../..');
export const DEADLINE_MS = 240_000;

/**
 * Programs that go on until they are told to end, and the port that shows that they are there. What a page starts runs on beside
 * the commands after it.
 */
const SERVING: readonly (readonly [RegExp, number])[] = [
  [/^make up\b|\bbackuplens watch\b|\bbackuplens-pipeline\b/, 8080],
  [/\byara-scanner$|\byara-scanner +#/, 8081],
  [/^clamav-updater\b/, 8082],
];

/** Ends when it has shown something: an answer without an end. */
const ENDLESS = /\bcurl -\w*N/;

/**
 * Runs the commands of a page one after the other in one shell, in a clone with the files of `folder`/staged, in a network of its own
 * that has loopback only. Absolute paths lie below `folder`. `prelude` (shell) may start what the page takes to be running.
 */
export async function runPage(
  blocks: readonly Block[],
  folder: string,
  prelude: string,
): Promise<readonly Ran[]> {
  const out = join(folder, 'out');
  mkdirSync(out);
  const commands = blocks
    .filter(({ notRun }) => notRun === null)
    .flatMap((block) => block.commands.map((command) => ({ ...command, line: block.line })));
  const script = commands.map(({ text }, index) => step(moved(text, folder), join(out, String(index))));
  writeFileSync(join(folder, 'page.sh'), [HEAD, prelude, ...script, 'end_all\n'].join('\n'));
  const args = ['--net', '--mount', '--map-root-user', 'bash', join(folder, 'page.sh')];
  // Root needs no user namespace, and some containers allow none.
  const root = process.getuid?.() === 0;
  if (root) args.splice(2, 1);
  const { PATH = '' } = process.env;
  const options = {
    cwd: folder,
    env: {
      PATH: `${join(folder, 'clone/bin')}:${PATH}:/usr/sbin:/sbin`,
      HOME: join(folder, 'home'),
      TMPDIR: join(folder, 'tmp'),
      FOLDER: folder,
      ROOT,
      OVERLAY: root ? '' : ',userxattr',
      NO_COLOR: '1',
      SCAN_INTERVAL_MS: '100',
      FRESHCLAM_CONFIG: join(folder, 'freshclam.conf'),
    },
    timeout: DEADLINE_MS,
    maxBuffer: 2 ** 26,
  };
  const said = await new Promise<string>((resolve) => {
    execFile('unshare', args, options, (error, _stdout, stderr) =>
      resolve(`${error?.message ?? ''}${stderr}`),
    );
  });
  return commands.map(({ text, line, shown }, index) => {
    const at = join(out, String(index));
    const code = read(`${at}.code`);
    const begun = code !== '';
    const stderr = begun ? read(`${at}.err`) : `${read(`${at}.err`)}${said}`;
    return { text, line, shown, code: begun ? Number(code) : null, stdout: read(`${at}.out`), stderr };
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It was not come to.
  }
}

/** Absolute places of the pages, moved below the folder. */
function moved(text: string, folder: string): string {
  return text.replaceAll(
    /(?<![\w./-])\/(?:restore|srv|media|var\/(?:lib|backups))\b/g,
    (place) => `${folder}${place}`,
  );
}

/**
 * The clone is this repository seen through an overlay: what is written there, or removed, is gone at the end. What was made
 * here by running things is not there.
 */
const HEAD = `
set -e
ip link set lo up
mkdir over clone && mount -t tmpfs tmpfs over && mkdir over/upper over/work
mount -t overlay overlay clone -o "lowerdir=$ROOT,upperdir=$PWD/over/upper,workdir=$PWD/over/work$OVERLAY"
cd clone
rm -rf incoming quarantine data bundles samples hash-sets clamav-db secrets backup
cp -a ../staged/. .
set +e
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
until_listening() { local n; for n in $(seq 1200); do listening "$1" && return; kill -0 $2 2>/dev/null || return 1; sleep 0.1; done; return 1; }
serving=()
serve() { # a port, and a file with the command: whoever held the port before makes way
  local port=$1 pid
  [ -z "\${serving[$port]:-}" ] || { kill -TERM -- -"\${serving[$port]}"; while listening $port; do sleep 0.1; done; }
  setsid bash "$2" & pid=$!
  serving[$port]=$pid
  until_listening $port $pid
}
end_all() { local pid; for pid in "\${serving[@]}"; do kill -TERM -- -$pid 2>/dev/null; done; wait; }
trap end_all EXIT
`;

function step(text: string, at: string): string {
  const usual = SERVING.find(([pattern]) => pattern.test(text))?.[1] ?? null;
  const port = usual === null ? null : Number(/\bPORT=(\d+)/.exec(text)?.[1] ?? usual);
  writeFileSync(`${at}.cmd`, port === null ? text : text.replace(/ +&(?= |$)/, ''));
  const quoted = `'${at}'`;
  const run =
    port !== null
      ? `serve ${port} ${quoted}.cmd`
      : ENDLESS.test(text)
        ? // Its variables are not exported.
          `{ eval "$(sed 's/^/timeout 3 /' ${quoted}.cmd)" || [ $? -eq 124 ]; }`
        : `eval "$(cat ${quoted}.cmd)"`;
  return `${run} >${quoted}.out 2>${quoted}.err </dev/null; echo $? >${quoted}.code`;
}
