// needs: zsh fish
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli } from './kit/cli.ts';

const execute = promisify(execFile);
const SHELLS = ['bash', 'zsh', 'fish'] as const;
const DEADLINE_MS = 60_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backuplens-test-'));
  for (const shell of SHELLS) {
    const { stdout } = await cli(['completion', shell]);
    await writeFile(join(folder, shell === 'zsh' ? '_backuplens' : `backuplens.${shell}`), stdout);
  }
  await writeFile(join(folder, 'nightly.tar'), '');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What a user sees after Tab behind these words; the last one is what was typed of the word under the cursor. */
const offered: Record<(typeof SHELLS)[number], (words: readonly string[]) => Promise<readonly string[]>> = {
  async bash(words) {
    const script = `source backuplens.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1))
      compopt() { :; }; _backuplens; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execute('bash', ['--norc', '-c', script, 'bash', ...words], {
      cwd: folder,
      timeout: DEADLINE_MS,
    });
    return stdout.trim().split('\n');
  },
  async fish(words) {
    const script = `source backuplens.fish; complete -C "$argv[1]"`;
    const { stdout } = await execute('fish', ['--no-config', '-c', script, words.join(' ')], {
      cwd: folder,
      timeout: DEADLINE_MS,
      env: { ...process.env, HOME: folder },
    });
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t', 1)[0] ?? '');
  },
  async zsh(words) {
    // A zsh on a terminal of its own. What it is about to offer is written down where every match passes: compadd.
    // It takes keys once its prompt stands. RE""ADY and TH""END keep an echo from being taken for an output.
    const script = `zmodload zsh/zpty
      zpty z zsh -f -i
      zpty -w z 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; source ./note.zsh; PS1=RE""ADY'
      zpty -r z drawn '*READY*'
      zpty -w -n z "$1"$'\\t\\x15''print TH""END'$'\\n'
      zpty -r z drawn '*THEND*'
      cat offered`;
    const note = `compadd() {
      builtin compadd "$@"; local ended=$?
      if [[ " \${@[1,(i)(-|--)]} " == *' -'[OAD]' '* ]]; then return $ended; fi
      local -a matches; builtin compadd -A matches "$@"; print -rl -- $matches >> offered
      return $ended
    }`;
    await writeFile(join(folder, 'note.zsh'), note);
    await writeFile(join(folder, 'offered'), '');
    const { stdout } = await execute('zsh', ['-f', '-c', script, 'zsh', words.join(' ')], {
      cwd: folder,
      timeout: DEADLINE_MS,
      env: { ...process.env, HOME: folder },
    });
    return stdout.trim().split('\n');
  },
};

describe.each(SHELLS)('completion in a real %s', (shell) => {
  const of = offered[shell];

  test('offers the commands, those of a group, and nothing that belongs elsewhere', async () => {
    expect(await of(['backuplens', 'ru'])).toContain('rules');
    const rules = await of(['backuplens', 'rules', '']);
    expect(rules).toEqual(expect.arrayContaining(['check', 'list']));
    expect(rules).not.toContain('scan');
  });

  test('offers the options of the command that is typed, also behind other options', async () => {
    expect(await of(['backuplens', 'scan', '--strict', '--max-d'])).toContain('--max-depth');
    expect(await of(['backuplens', 'gate', '--an'])).toContain('--anywhere');
  });

  test('offers the words that an option takes, and no files there', async () => {
    const formats = await of(['backuplens', 'scan', '--format', '']);
    expect(formats).toEqual(expect.arrayContaining(['json', 'sarif']));
    expect(formats).not.toContain('nightly.tar');
  });

  test('offers files where a file is meant', async () => {
    expect(await of(['backuplens', 'gate', 'night'])).toContain('nightly.tar');
  });
});

test('entropy-map is completed too', async () => {
  const { stdout } = await cli(['completion', 'bash', '--of', 'entropy-map']);
  expect(stdout).toContain('complete -F _entropy_map entropy-map');
  expect(stdout).toContain('--threshold');
});

test('a shell that is not known is told with those that are', async () => {
  const { code, stderr } = await cli(['completion', 'tcsh']);
  expect(code).toBe(2);
  expect(stderr).toContain('bash, zsh, fish');
});
