import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startClamd } from './kit/clamd/real.ts';
import { disposeOf, newStore, requestFor, type Store, dispose } from './kit/dispose/store.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../docs/quarantine.md', import.meta.url)), 'utf8');

let store: Store;
beforeEach(async () => {
  store = await newStore();
});
afterEach(() => store.remove());

/** The recipe of that language, as docs/quarantine.md prints it. */
function recipe(language: 'sh' | 'python'): string {
  const code = new RegExp(`\`\`\`${language}\\n(?<code>.*?)\`\`\``, 's').exec(PAGE)?.groups?.['code'];
  if (code === undefined) throw new Error(`docs/quarantine.md has no recipe in ${language}`);
  const path = join(store.root, `recipe.${language}`);
  writeFileSync(path, code);
  return path;
}

const NAMES = ['nightly.tar', 'a "key": name\nwith lines', '"size": 1'];

describe.each(['sh', 'python'] as const)('the recipe in %s', (language) => {
  const program = language === 'sh' ? 'sh' : 'python3';

  test.each(NAMES)(
    'restores a container without BackupLens, whatever the file was called: %j',
    async (name) => {
      const bytes = Buffer.concat([Buffer.alloc(200_000, 'backup'), Buffer.from([0, 255, 10, 13])]);
      const { location } = await disposeOf(store, name, bytes);
      const target = join(store.root, 'target');
      execFileSync(program, [recipe(language), location, target]);
      expect(readFileSync(target).equals(bytes)).toBe(true);
    },
  );
});

test('the recipe in python restores a sparse file, and refuses a container that was changed', async () => {
  const path = join(store.incoming, 'disk.img');
  const image = openSync(path, 'w');
  writeSync(image, 'superblock', 200_000);
  closeSync(image);
  truncateSync(path, 1_000_001);
  const bytes = readFileSync(path);
  const { location } = await dispose(requestFor(store, path, 'quarantine'));
  expect(readFileSync(location, 'latin1')).toContain('"zero_blocks": 65536');
  const target = join(store.root, 'target');
  execFileSync('python3', [recipe('python'), location, target]);
  expect(readFileSync(target).equals(bytes)).toBe(true);

  const changed = readFileSync(location);
  changed.writeUInt8(changed.readUInt8(changed.length - 50) ^ 1, changed.length - 50);
  const copy = join(store.root, 'changed.blq');
  writeFileSync(copy, changed);
  const spoilt = () => execFileSync('python3', [recipe('python'), copy, `${target}2`], { stdio: 'pipe' });
  expect(spoilt).toThrow(/the container is damaged/);
});

test('clamd finds a signature in the file, and not in its container', async () => {
  const text = ['BackupLens', 'test', 'signature'].join('-');
  const clamd = await startClamd({ signatures: [{ name: 'Test.Marker', text }] });
  try {
    const path = join(store.incoming, 'infected.txt');
    writeFileSync(path, `before ${text} after`);
    expect(scanned(clamd.configFile, path)).toContain('Test.Marker.UNOFFICIAL FOUND');
    const { location } = await dispose(requestFor(store, path, 'quarantine'));
    expect(scanned(clamd.configFile, location)).toContain(`${location}: OK`);
    expect(readFileSync(location, 'latin1')).not.toContain(text);
  } finally {
    await clamd.stop();
  }
});

function scanned(configFile: string, path: string): string {
  const args = ['--config-file', configFile, '--fdpass', '--no-summary', path];
  try {
    return execFileSync('clamdscan', args, { encoding: 'utf8' });
  } catch (error) {
    // It ends with 1 when it found something.
    if (error instanceof Error && 'stdout' in error) return String(error.stdout);
    throw error;
  }
}
