/** Imports a bundle, or rolls back, and ends itself without warning at one step: `end-at.ts STEP import|rollback CWD BUNDLE`. */
import { join } from 'node:path';
import { Releases, trustedKeys } from '../../../src/bundle/index.ts';
import { importBundle, rollBack } from '../../../src/cli/bundle/install.ts';
import { loadConfig } from '../../../src/config/index.ts';

const [end = '', what = '', cwd = '', bundle = ''] = process.argv.slice(2);
const installation = {
  releases: new Releases(join(cwd, 'bundles')),
  config: loadConfig({ cwd, env: { CLAMD_HOST: 'off' } }),
  who: 'tester',
  path: process.env['PATH'] ?? '',
  step: (step: string) => {
    if (step === end) process.kill(process.pid, 'SIGKILL');
  },
};
const keys = (await trustedKeys(join(cwd, 'keys'), Date.now())) ?? new Map<string, never>();
if (what === 'rollback') await rollBack({ keys, reason: null }, installation);
else {
  const choice = { keys, reason: null, acceptPolicy: false, untestedDatabases: false };
  await importBundle(bundle, choice, installation);
}
