import type { RuleMatch } from '../../analyze/yara/load-engine.ts';
import { MAX_ANSWER_BYTES } from './engine-wire.ts';

/** Room for what stands around the matches. */
const ENVELOPE_BYTES = 100;
/** Rules that are told in full; of more, only what a policy can name. */
const FULL_RULES = 50;
const MAX_STRINGS = 1000;
const MAX_TAGS = 50;
const MAX_META = 50;
const MAX_NAME_CHARS = 256;
const MAX_TEXT_CHARS = 1000;
/** Enough to see what it is. */
const EXCERPT_BYTES = 32;

const NOTHING = Buffer.from('{"matches":[],"match_count":0}');

/**
 * The body of a 200, which is passed on as it is. Bounded whatever the rules hold: what no longer fits is left out,
 * and `match_count` tells.
 */
export function answerOf(found: readonly RuleMatch[], scanned: Buffer): Buffer {
  if (found.length === 0) return NOTHING;
  const matches: Buffer[] = [];
  let room = MAX_ANSWER_BYTES - ENVELOPE_BYTES;
  let told = 0;
  for (const match of found) {
    const text = Buffer.from(
      JSON.stringify(told < FULL_RULES ? full(match, scanned) : brief(match, scanned)),
    );
    room -= text.length + 1;
    if (room < 0) break;
    told++;
    matches.push(Buffer.from(matches.length === 0 ? '' : ','), text);
  }
  return Buffer.concat([
    Buffer.from('{"matches":['),
    ...matches,
    Buffer.from(`],"match_count":${found.length}}`),
  ]);
}

function full({ rule, namespace, tags, meta, strings }: RuleMatch, scanned: Buffer): unknown {
  const entries = Object.entries(meta).slice(0, MAX_META);
  return {
    rule: rule.slice(0, MAX_NAME_CHARS),
    tags: tags.length === 0 ? null : tags.slice(0, MAX_TAGS).map((tag) => tag.slice(0, MAX_NAME_CHARS)),
    namespace: namespace.slice(0, MAX_NAME_CHARS),
    meta: Object.fromEntries(
      entries.map(([key, value]) => [
        key.slice(0, MAX_NAME_CHARS),
        typeof value === 'string' ? value.slice(0, MAX_TEXT_CHARS) : value,
      ]),
    ),
    strings: strings.slice(0, MAX_STRINGS).map(({ id, offset, length }) => ({
      id: id.slice(0, MAX_NAME_CHARS),
      offset,
      length,
      excerpt: excerptOf(scanned.subarray(offset, offset + length)),
    })),
  };
}

function brief(match: RuleMatch, scanned: Buffer): unknown {
  return full({ ...match, meta: {}, strings: match.strings.slice(0, 1) }, scanned);
}

/** What was found, as printable ASCII: everything else, and the backslash, as `\\x1b`. */
function excerptOf(found: Buffer): string {
  const shown = found.subarray(0, EXCERPT_BYTES).toString('latin1');
  const text = shown.replace(
    /[^\x20-\x5b\x5d-\x7e]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return found.length > EXCERPT_BYTES ? `${text}…` : text;
}
