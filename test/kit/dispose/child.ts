/*
 * Disposes in a process of its own, which ends itself by SIGKILL at one step: what a power cut leaves.
 * Arguments: the action, the step, a JSON object with dataDir and the folders, and a path or id (and the hash of it).
 */
import { deleteFromQuarantine, type OnStep } from '../../../src/dispose/index.ts';
import { z } from 'zod';
import { dispose, openData, requestFor, restore } from './store.ts';

const folder = z.string().nullable();
const given = z.object({
  dataDir: z.string(),
  quarantineDir: z.string(),
  reviewDir: folder,
  approvedDir: folder,
  incomingDir: folder,
});

const [action = '', at = '', where = '', subject = '', scanned] = process.argv.slice(2);
const onStep: OnStep = (step) => {
  if (step === at) process.kill(process.pid, 'SIGKILL');
};
const { dataDir, ...folders } = given.parse(JSON.parse(where));
const data = await openData(dataDir, 60_000);
const places = { ...folders, ledger: data.ledger };

if (action === 'restore' || action === 'copy') {
  await restore(places, subject, { keep: action === 'copy', onStep });
} else if (action === 'delete') {
  await deleteFromQuarantine({ ledger: data.ledger, item: subject, who: 'a test', reason: 'a test', onStep });
} else if (action === 'there-and-back') {
  const done = await dispose(requestFor(places, subject, 'quarantine', scanned));
  const back = await restore(places, done.id);
  process.stdout.write(JSON.stringify({ ...back, peakMiB: process.resourceUsage().maxRSS / 1024 }));
} else if (action === 'answer') {
  // Only here: most of these children live for a moment, and do without.
  const { carryOut } = await import('../../../src/pipeline/reviews/index.ts');
  const file = await data.files.get(subject);
  if (file === null) throw new Error('no such file');
  await carryOut(data, file, { places: folders, who: 'a test', toolVersion: '0.1.0', breaker: null, onStep });
} else {
  const decision = { hold: 'manual_review', release: 'auto_approve' } as const;
  const asked = action === 'hold' || action === 'release' ? decision[action] : 'quarantine';
  const hash = action === 'wrong-hash' ? '0'.repeat(64) : undefined;
  const request = requestFor(places, subject, asked, hash);
  process.stdout.write(JSON.stringify(await dispose({ ...request, onStep })));
}
await data.close();
