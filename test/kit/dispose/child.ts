/*
 * Disposes in a process of its own, which ends itself by SIGKILL at one step: what a power cut leaves.
 * Arguments: the action, the step, the quarantine folder, the review folder, and a path or id (and the hash of it).
 */
import {
  applyDisposition,
  deleteFromQuarantine,
  restoreFromQuarantine,
  type OnStep,
} from '../../../src/dispose/index.ts';
import { requestFor } from './store.ts';

const [action = '', at = '', quarantineDir = '', reviewDir = '', subject = '', scanned] =
  process.argv.slice(2);
const onStep: OnStep = (step) => {
  if (step === at) process.kill(process.pid, 'SIGKILL');
};

if (action === 'restore' || action === 'copy') {
  await restoreFromQuarantine(quarantineDir, subject, { keep: action === 'copy', onStep });
} else if (action === 'delete') {
  await deleteFromQuarantine(quarantineDir, subject, 'a test', { onStep });
} else if (action === 'there-and-back') {
  const done = await applyDisposition(
    requestFor({ quarantineDir, reviewDir }, subject, 'quarantine', scanned),
  );
  const back = await restoreFromQuarantine(quarantineDir, done.id ?? '');
  process.stdout.write(JSON.stringify({ ...back, peakMiB: process.resourceUsage().maxRSS / 1024 }));
} else {
  const decision = action === 'hold' ? 'manual_review' : 'quarantine';
  const hash = action === 'wrong-hash' ? '0'.repeat(64) : undefined;
  const request = requestFor({ quarantineDir, reviewDir }, subject, decision, hash);
  process.stdout.write(JSON.stringify(await applyDisposition({ ...request, onStep })));
}
