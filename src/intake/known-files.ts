import type { BigIntStats } from 'node:fs';
import type { FileIdentity } from './file-identity.ts';

export type Inode = Pick<FileIdentity, 'dev' | 'ino'>;

/** What is known of files from before, so that most of them need not be met one by one. */
export interface KnownFiles {
  /**
   * Of the files of a folder. Null: nothing is, or its file system may be slow: then nobody waits for it in step. Otherwise it
   * is one of this machine's own disks, which answers at once.
   */
  folder(path: Buffer, inode: Inode): Promise<KnownFolder | null>;
}

/** The files of one folder, told of in the order of the bytes of their names. */
export interface KnownFolder {
  /** True: everything is known of a file of that name with these metadata, and it need not be met. */
  passes(name: Buffer, stats: BigIntStats): boolean;
  /** The file that was just asked for is met, with this identity. */
  meets(name: Buffer, identity: FileIdentity): void;
  /** What has passed since the last time; null: nothing has. */
  passed(): PassedFiles | null;
  /** No more of its files come. */
  end(): void;
}

export interface PassedFiles {
  readonly files: number;
  readonly bytes: number;
  /** They, and what is in them. */
  readonly artifacts: number;
}
