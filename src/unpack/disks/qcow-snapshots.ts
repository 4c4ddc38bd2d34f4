import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink } from '../format.ts';
import { bytesAt, countOf } from './bytes-at.ts';
import type { QcowHeader } from './qcow-header.ts';

/** QEMU, docs/interop/qcow2.txt, "Snapshots". */
const ENTRY_BYTES = 40;
/** The fields of the extra data that are read: size of the machine's state, size of the disk. */
const EXTRA_BYTES = 16;
const MAX_EXTRA_BYTES = 1024;
/** QEMU makes up to 65,536; each costs a walk over its tables. */
const MAX_SNAPSHOTS = 1000;

export interface Snapshot {
  readonly name: string;
  readonly l1At: number;
  readonly l1Count: number;
  readonly diskBytes: number;
}

export async function qcowSnapshots(
  source: ByteSource,
  header: QcowHeader,
  ledger: ByteLedger,
  sink: FormatSink,
): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  let at = header.snapshotsAt;
  for (let i = 0; i < header.snapshots; i++) {
    if (i >= MAX_SNAPSHOTS) {
      sink.gap('budget_exceeded', `${header.snapshots} snapshots, of which ${MAX_SNAPSHOTS} are looked at`);
      break;
    }
    const entry = await bytesAt(source, at, ENTRY_BYTES);
    const extraBytes = entry.length < ENTRY_BYTES ? 0 : entry.readUInt32BE(36);
    if (entry.length < ENTRY_BYTES || extraBytes > MAX_EXTRA_BYTES) {
      sink.gap('corrupt', `its table of snapshots is damaged after ${i} of ${header.snapshots}`);
      break;
    }
    const idBytes = entry.readUInt16BE(12);
    const nameBytes = entry.readUInt16BE(14);
    const extra = await bytesAt(source, at + ENTRY_BYTES, extraBytes);
    const size = extra.length >= EXTRA_BYTES ? countOf(extra.readBigUInt64BE(8)) : header.size;
    const name = await bytesAt(source, at + ENTRY_BYTES + extraBytes + idBytes, nameBytes);
    const length = Math.ceil((ENTRY_BYTES + extraBytes + idBytes + nameBytes) / 8) * 8;
    ledger.claim(at, at + length);
    at += length;
    snapshots.push({
      name: name.toString('utf8'),
      l1At: countOf(entry.readBigUInt64BE(0)),
      l1Count: entry.readUInt32BE(8),
      diskBytes: size === Infinity ? header.size : size,
    });
  }
  return snapshots;
}
