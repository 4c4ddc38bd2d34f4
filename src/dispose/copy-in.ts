import { randomBytes } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { asciiJson, createFile, FileSource, writeDurably, type Folder } from '../bytes/index.ts';
import type { KeptFacts } from '../domain/index.ts';
import { CIPHER, CONTAINER_EXTENSION, ZERO_BLOCK_BYTES } from './container.ts';
import { seal, writeContent } from './seal.ts';
import type { OnStep } from './steps.ts';

/** Until it is whole, what is copied has a name that nothing takes for an item. */
export const PART_EXTENSION = '.part';
export const REPORT_EXTENSION = '.json';
/** A held file's folder holds these three. */
export const HELD_CONTENT = 'content';
const HELD_REPORT = 'report.json';
export const HELD_FACTS = 'item.json';
/** What stands beside the content. */
export const HELD_FILES = [HELD_REPORT, HELD_FACTS] as const;

/** Everything readable, nothing writable or executable, and only for us. */
const KEPT_MODE = 0o400;

export interface Copying {
  readonly source: FileHandle;
  readonly sparse: boolean;
  readonly facts: KeptFacts;
  /** Beside the copy, as JSON. */
  readonly report: unknown;
  /** Asked once all bytes are copied; throws when they cannot stand for the file that was scanned. */
  readonly check: (sha256: string) => Promise<void>;
  readonly onStep: OnStep;
}

/** Copies into a new container in the quarantine folder, durable once this resolves to its name. */
export async function copyToQuarantine(quarantine: Folder, copying: Copying): Promise<string> {
  const { source, sparse, facts, report, check, onStep } = copying;
  const cipher = {
    name: CIPHER,
    key: randomBytes(32).toString('hex'),
    iv: randomBytes(16).toString('hex'),
    zero_blocks: sparse ? ZERO_BLOCK_BYTES : 0,
  } as const;
  const part = facts.id + PART_EXTENSION;
  const target = await createFile(quarantine, part);
  try {
    await check(await seal(source, { format: 'backuplens.quarantine/1', ...facts, cipher }, target));
    await target.chmod(KEPT_MODE);
    await target.sync();
  } finally {
    await target.close();
  }
  await onStep('copied');
  await writeDurably(quarantine, facts.id + REPORT_EXTENSION, `${asciiJson(report, 1)}\n`, KEPT_MODE);
  await onStep('reported');
  const name = facts.id + CONTAINER_EXTENSION;
  await rename(quarantine.at(part), quarantine.at(name));
  await quarantine.sync();
  await onStep('stored');
  return name;
}

/** Copies into a folder of its own in the review folder, durable once this resolves to the folder's name. */
export async function copyToReview(review: Folder, copying: Copying): Promise<string> {
  const { source, sparse, facts, report, check, onStep } = copying;
  const part = facts.id + PART_EXTENSION;
  await mkdir(review.at(part), { mode: 0o700 });
  const folder = await review.folder(part);
  try {
    const target = await createFile(folder, HELD_CONTENT);
    try {
      const chunks = new FileSource(source, facts.size).stream();
      await check(await writeContent(chunks, target, sparse));
      await target.chmod(KEPT_MODE);
      await target.sync();
    } finally {
      await target.close();
    }
    await onStep('copied');
    await writeDurably(folder, HELD_REPORT, `${asciiJson(report, 1)}\n`, KEPT_MODE);
    const item = { format: 'backuplens.held/1', ...facts };
    await writeDurably(folder, HELD_FACTS, `${asciiJson(item, 1)}\n`, KEPT_MODE);
    await folder.sync();
    await onStep('reported');
  } finally {
    await folder.close();
  }
  await rename(review.at(part), review.at(facts.id));
  await review.sync();
  await onStep('stored');
  return facts.id;
}
