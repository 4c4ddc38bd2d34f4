import { ownName, ransomwareNames, type RansomwareName, type RansomwareNames } from '../../domain/index.ts';
import type { Analyzer, Claim, Examination, Subject } from '../analyzer.ts';
import { PARTS } from './phrases.ts';
import { plainText } from './plain-text.ts';
import { wordingOf, type Wording } from './wording.ts';

export interface RansomNoteOptions {
  /** Names that notes are known to have. */
  readonly names: readonly RansomwareName[];
}

/**
 * Notes are a page or two; HTML and HTA ones carry a style sheet. The same bound as the subject's head, which holds
 * such a text whole.
 */
const MAX_BYTES = 64 * 1024;
/** A sentence. */
const MIN_BYTES = 40;

/** Finds ransom notes. Holds nothing: a note lies whole in the head of its subject. */
export function ransomNoteAnalyzer({ names }: RansomNoteOptions): Analyzer {
  const known = ransomwareNames(names);
  return {
    id: 'ransom-note',
    version: `1/${fingerprint(names)}`,
    examine: (subject) => examination(subject, known),
    close: async () => undefined,
  };
}

function examination(subject: Subject, known: RansomwareNames): Examination {
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
    },
    end: async () => ({
      claims: claimsOf(subject, known, bytes),
      measurements: {},
      misses: [],
      inspected_bytes: bytes,
      windowed: false,
    }),
    abort: () => undefined,
  };
}

function claimsOf({ artifact, type, head }: Subject, known: RansomwareNames, bytes: number): Claim[] {
  const name = known.note(ownName(artifact.trail.at(-1) ?? ''));
  const isText =
    type.by === 'text' || TEXTUAL.test(type.mime) || (type.by === 'unknown' && holdsNoControls(head));
  const wording =
    isText && bytes >= MIN_BYTES && bytes <= MAX_BYTES
      ? wordingOf(plainText(head.subarray(0, MAX_BYTES), type.mime))
      : null;
  const enough = wording !== null && suffices(wording, name);
  if (enough) return [claim(wording, name)];
  // Only a name that nobody else gives, and of a file that says nothing else: an empty, binary or foreign one.
  if (name === null || name.weak || name.family === SEVERAL || bytes === 0) return [];
  return wording === null || wording.about === 0 ? [claim(null, name)] : [];
}

const TEXTUAL = /^text\/|^application\/(?:rtf|xhtml\+xml|xml|hta)$/;
/** Text in an old encoding, which nothing tells for certain. */
function holdsNoControls(head: Buffer): boolean {
  return (
    head.length <= MAX_BYTES && !head.some((byte) => byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)
  );
}

/** As the list calls what no one family owns. */
const SEVERAL = 'several families';

/**
 * What happened and how to get in touch, with two of the rest: a way back, money, threats. A known name stands for one
 * of them, a name that nobody else gives for two. Who writes about notes uses words that no attacker does.
 */
function suffices({ parts, demands, about }: Wording, name: RansomwareName | null): boolean {
  const has = (part: keyof typeof parts): boolean => parts[part].length > 0;
  if (about >= ABOUT_ENOUGH) return false;
  if (!demands && (name === null || name.weak)) return false;
  const others = [has('remedy'), has('money'), has('threat')].filter(Boolean).length;
  if (name !== null && !name.weak) return (has('happened') && others > 0) || (has('contact') && others > 1);
  if (name !== null) return has('happened') && ((has('contact') && others > 0) || others > 1);
  return has('happened') && has('contact') && others > 1;
}

/** Distinct words of those who write about ransom notes, or programs that hold them. */
const ABOUT_ENOUGH = 3;

const IN_WORDS = {
  happened: 'says that data was encrypted or taken',
  remedy: 'offers a way back',
  money: 'asks for money',
  contact: 'names a way of contact',
  threat: 'threatens',
} as const;

function claim(wording: Wording | null, name: RansomwareName | null): Claim {
  const named = name === null ? null : `its name is that of a note of ${name.family}`;
  const said =
    wording === null
      ? []
      : PARTS.flatMap((part) => (wording.parts[part].length === 0 ? [] : [IN_WORDS[part]]));
  const rule = wording === null ? 'note-name' : name === null ? 'note-wording' : 'note-name-and-wording';
  const detail =
    wording === null
      ? `${named}; nothing in it was understood`
      : `the wording of a ransom note (${wording.language}): ${said.join(', ')}${named === null ? '' : `; ${named}`}`;
  return {
    kind: 'ransom_note',
    rule,
    detail,
    offset: null,
    evidence: {
      language: wording?.language ?? null,
      signals: wording === null ? 0 : said.length,
      phrases: wording === null ? [] : Object.values(wording.parts).flat(),
      words: wording?.words ?? 0,
      known_name: name?.pattern ?? null,
      family: name?.family ?? null,
      name_is_common: name?.weak ?? false,
      source: name?.source ?? null,
    },
  };
}

/** Changes whenever the list does: a cached answer would be another one. */
function fingerprint(names: readonly RansomwareName[]): string {
  let hash = 0x811c9dc5;
  for (const { kind, pattern, family, weak } of names) {
    for (const char of `${kind} ${pattern} ${family} ${weak}\n`) {
      hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
    }
  }
  return hash.toString(16);
}
