import { asciiJson, nameFromBytes } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { askGate } from '../../pipeline/gate/index.ts';
import type { GateAnswer } from '../../store/index.ts';
import { DONE, WRONG, type CommandIo } from '../command-io.ts';
import { withReader } from '../store-session.ts';

export interface GateOptions {
  readonly anywhere?: boolean;
  readonly json?: boolean;
}

export async function gate(io: CommandIo, file: string, { anywhere, json }: GateOptions): Promise<number> {
  const { path, unit, ...answer } = await withReader(
    await io.folders(),
    async (store) => askGate(store, file, { anywhere: anywhere === true }),
    () => {
      throw new BackupLensError('BL_STORE', 'there is no store that could know', {
        hint: 'set DATA_DIR to where the service or `scan --apply` keeps it',
      });
    },
  );
  const { approved, because, decided_at: at } = answer;
  const of = unit === null ? null : { path: nameFromBytes(unit.path), kind: unit.kind };
  if (json === true) io.out(`${asciiJson({ ...answer, path: nameFromBytes(path), unit: of })}\n`);
  else {
    const when = at === null ? '' : ` (${at.slice(0, 19)}Z)`;
    io.out(
      `${approved ? 'approved' : 'NOT APPROVED'}  ${io.escape(nameFromBytes(path))}: ${io.escape(because)}${when}\n`,
    );
    if (of !== null && of.kind !== 'file') io.out(`  as a part of ${io.escape(of.path)} (${of.kind})\n`);
    if (!approved) io.err(`hint: ${nextStep(answer)}\n`);
  }
  return approved ? DONE : WRONG;
}

function nextStep({ file, decision }: GateAnswer): string {
  if (file === null) return 'have it examined first: put it into INCOMING_DIR, or `backuplens scan --apply`';
  if (decision === 'manual_review') return '`backuplens review list` shows what waits for a person';
  if (decision === 'quarantine')
    return 'do not restore it; `backuplens review show` or `quarantine show` says why';
  return 'what is there now is examined when the service meets it, or with `backuplens scan --apply`';
}
