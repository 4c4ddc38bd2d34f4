// needs: clamav-daemon clamav-testfiles
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startClamd, type RealClamd } from './kit/clamd/real.ts';
import { cli, scanJson, type Report, type Result } from './kit/cli.ts';
import { nameOf } from './kit/trees.ts';

const FOLDER = '/usr/share/clamav-testfiles';

/**
 * Every file of Debian's package, and how the harmless clam.exe in it is reached: by the trail below the file, or,
 * where nothing of ours opens it, why only ClamAV sees it.
 */
const EXPECTED: Readonly<Record<string, readonly string[] | string>> = {
  'clam-aspack.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam-fsg.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam-mew.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam-nsis.exe': ['clam.exe'],
  'clam-pespin.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam-petite.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam-upack.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam-upx.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam-wwpack.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam-yc.exe': 'a packed executable: ClamAV unpacks those itself',
  'clam.7z': ['clam.exe'],
  'clam.arj': ['clam.exe'],
  'clam.bin-be.cpio': ['clam.exe'],
  'clam.bin-le.cpio': ['clam.exe'],
  'clam.bz2.zip': ['clam.exe'],
  'clam.cab': ['clam.exe'],
  'clam.chm': ['clam.exe.txt'],
  'clam.d64.zip': ['clam.exe'],
  'clam.ea05.exe': ['(data after the end)'],
  'clam.ea06.exe': ['(data after the end)'],
  'clam.exe': [],
  'clam.exe.binhex': ['clam.exe'],
  'clam.exe.bz2': ['clam.exe'],
  'clam.exe.html': ['(data at 46, application/octet-stream)'],
  'clam.exe.mbox.base64': ['message 1', 'clam.exe'],
  'clam.exe.mbox.uu': ['message 1', 'clam.exe'],
  'clam.exe.rtf': ['object 1/Clam.exe'],
  'clam.exe.szdd': 'SZDD: not recognised here yet',
  'clam.impl.zip': ['CLAM.EXE'],
  'clam.mail': ['clam.exe'],
  'clam.newc.cpio': ['clam.exe'],
  'clam.odc.cpio': ['clam.exe'],
  'clam.ole.doc': ['ObjectPool/_1279313719/\x01Ole10Native/Clam.exe'],
  'clam.pdf': ['clam.exe'],
  'clam.ppt': ['PowerPoint Document/(object 1)', '\x01Ole10Native/clam.exe'],
  'clam.sis': 'a Symbian package: no reader here',
  'clam.tar.gz': ['clam.tar', 'clam.exe'],
  'clam.tnef': ['clam.exe'],
  'clam.zip': ['clam.exe'],
  'clam_IScab_ext.exe': 'an InstallShield installer: ClamAV unpacks those itself',
  'clam_IScab_int.exe': 'an InstallShield installer: ClamAV unpacks those itself',
  'clam_ISmsi_ext.exe': 'an InstallShield installer: ClamAV unpacks those itself',
  'clam_ISmsi_int.exe': 'an InstallShield installer: ClamAV unpacks those itself',
  'clam_cache_emax.tgz': ['clam_cache_emax.tar', ...emax(), 'clam.exe'],
};

/** Seven archives in one another, inside one that is named before. */
function emax(): string[] {
  return [2, 3, 4, 5, 6, 7, 8].flatMap((at) => [`clam0${at}.tgz`, `clam0${at}.tar`]);
}

let clamd: RealClamd;
beforeAll(async () => {
  const file = readFileSync(join(FOLDER, 'clam.exe'));
  clamd = await startClamd({ signatures: [{ name: 'ClamAV-Test-File', file }] });
});
afterAll(() => clamd.stop());

describe('with a real clamd', () => {
  let report: Report;
  let code: number | null;
  beforeAll(async () => {
    ({ report, code } = await scanJson(['--clamd', `unix:${clamd.unix.path}`, FOLDER]));
  });

  test('the list of files is what the package holds', () => {
    expect(readdirSync(FOLDER).toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
    expect(report.results.map(({ path }) => nameOf(path))).toEqual(readdirSync(FOLDER).toSorted());
  });

  test('every file is quarantined as infected', () => {
    expect(code).toBe(1);
    expect(report.summary).toMatchObject({
      quarantine: 44,
      manual_review: 0,
      auto_approve: 0,
      provisional: 0,
    });
    expect(report.results.filter((result) => trails(result).length === 0)).toEqual([]);
  });

  test.each(Object.entries(EXPECTED))('%s: %j', (name, expected) => {
    const result = report.results.find(({ path }) => nameOf(path) === name);
    const found = result === undefined ? [] : trails(result);
    // In the file itself, where only ClamAV opens it; by its whole trail, where we do.
    expect(found).toContainEqual(typeof expected === 'string' ? [] : expected);
    expect(found.some((trail) => trail.length > 0)).toBe(typeof expected !== 'string' && expected.length > 0);
  });
});

/** Where clam.exe was found, below the file. */
function trails(result: Result): string[][] {
  return result.findings.filter(({ kind }) => kind === 'clamav_infected').map(({ trail }) => trail.slice(1));
}

test('with clamd stopped the same run ends without a hang, provisional, and says so first', async () => {
  await clamd.kill();
  const address = `unix:${clamd.unix.path}`;
  const { report } = await scanJson(['--clamd', address, FOLDER]);
  expect(report.engines.clamav.status).toBe('unavailable');
  expect(report.summary.quarantine).toBe(0);
  expect(report.summary.provisional).toBe(44);
  for (const result of report.results)
    expect(result.gaps.map(({ reason }) => reason)).toContain('engine_unavailable');
  const text = await cli(['scan', '--clamd', address, FOLDER]);
  expect(text.stdout).toMatch(/^ClamAV did not look: /);
  expect(text.stdout).toContain('PROVISIONAL: ClamAV was away');
});
