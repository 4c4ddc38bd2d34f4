import { gateCommand } from '../../src/cli/gate.ts';
import { reviewCommand } from '../../src/cli/review.ts';
import type { CommandIo } from '../../src/cli/command-io.ts';
import { forTerminal } from '../../src/report/index.ts';
import type { Installation } from './pipeline-service.ts';

export interface Said {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** Runs `gate` or `review` in this process, over the folders of an installation: starting a program costs a second. */
export async function command(at: Installation, name: 'gate' | 'review', ...args: string[]): Promise<Said> {
  const said = { out: '', err: '', code: null as number | null };
  const io: CommandIo = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    escape: forTerminal,
    folders: () => ({
      dataDir: at.data,
      incomingDir: at.incoming,
      quarantineDir: at.quarantine,
      reviewDir: at.review,
      approvedDir: null,
      restoreRoots: null,
    }),
    exit: (code) => void (said.code = code),
  };
  await { gate: gateCommand, review: reviewCommand }[name](io).parseAsync(args, { from: 'user' });
  return said;
}
