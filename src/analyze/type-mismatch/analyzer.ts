import { ownName } from '../../domain/index.ts';
import type { Analyzer, Claim, Examination, Subject } from '../analyzer.ts';
import { deceptionOf } from './deceptive-name.ts';

/**
 * Reports content that contradicts what its name promises (the comparison itself is identify's), and names that are
 * made to be read as others.
 */
export function typeMismatchAnalyzer(): Analyzer {
  return {
    id: 'type-mismatch',
    version: '2',
    examine: (subject) => examination(subject),
    close: async () => undefined,
  };
}

function examination({ artifact, type }: Subject): Examination {
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
    },
    end: async () => ({
      claims: [
        ...(type.contradiction === null ? [] : [mismatch(type, type.contradiction)]),
        ...deceptions(artifact.trail.at(-1) ?? '', type),
      ],
      measurements: {},
      misses: [],
      inspected_bytes: bytes,
      windowed: false,
    }),
    abort: () => undefined,
  };
}

function mismatch({ claimed, mime, by }: Subject['type'], contradiction: string): Claim {
  const runs = RUNS.test(mime);
  return {
    kind: 'mime_mismatch',
    rule: `${runs ? 'program-behind' : 'claims'}-${claimed ?? 'nothing'}-is-${mime}`,
    detail: runs ? `a program under the name of something else: ${contradiction}` : contradiction,
    offset: null,
    evidence: { claimed, mime, by, program: runs },
  };
}

/** What a system runs, or hands to an interpreter: why somebody would call it something else is plain. */
const RUNS =
  /^application\/(?:vnd\.microsoft\.portable-executable|x-(?:dosexec|executable|sharedlib|elf|mach-binary|ms-shortcut|msi|dex)|java-(?:vm|archive)|hta|vnd\.appimage)$|^text\/(?:x-shellscript|x-msdos-batch|x-powershell|x-script\.python|x-perl|x-php|vbscript)$/;

function deceptions(name: string, type: Subject['type']): Claim[] {
  const deception = deceptionOf(ownName(name), type);
  return deception === null ? [] : [{ kind: 'mime_mismatch', offset: null, ...deception }];
}
