import { readFileSync } from 'node:fs';
import { isMap, isScalar, parseDocument, type Pair } from 'yaml';
import { knownKeys } from '../src/config/index.ts';
import { DEFAULT_POLICY } from '../src/domain/index.ts';

/** The keys that the schema knows, each with its default, and with the comment that stands at it in config/scoring.yaml. */
export function policySection(): readonly string[] {
  const delivered = new URL('../config/scoring.yaml', import.meta.url);
  const comments = commentsOf(readFileSync(delivered, 'utf8'));
  const rows = keys().map(
    (key) =>
      `| \`${key}\` | ${defaultOf(key)} | ${(MEANINGS[key] ?? comments.get(key) ?? '').replaceAll('|', '\\|')} |`,
  );
  return [
    '## Policy',
    '',
    '`config/scoring.yaml` (`SCORING_CONFIG`, `--scoring`). What a file leaves out takes its default; a key that is not in this table is an',
    'error with file, line and column. A gap takes one word for all, or `{root: …, nested: …}`. The delivered file has the defaults, with',
    'what each group is for.',
    '',
    '| key | default | meaning |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ];
}

/** Where the delivered file has no comment at the key itself. */
const MEANINGS: Readonly<Record<string, string>> = {
  'thresholds.quarantine': 'the predecessor’s; accepted where it does not contradict manual_review',
  'yara.weights': 'points of single rules, namespaces or tags, in this order of precedence',
  'accept[].reason': 'the gap’s reason; that an engine was away cannot be accepted',
  'accept[].format': 'a MIME type or container format; left out: any',
  'accept[].path': 'a pattern; `*` within a name, `**` across folders, `?` one character',
  'accept[].until': 'a date or an instant; left out: without an end',
  'accept[].why': 'the reason in words; must be given',
  release_provisional:
    'true releases what was approved while an engine was away before it is back and has looked',
};

function keys(): readonly string[] {
  return knownKeys([]).flatMap((section) => {
    const below = knownKeys([section]);
    if (below.length === 0) return [section];
    return below.map((key) => (section === 'accept' ? `accept[].${key}` : `${section}.${key}`));
  });
}

function defaultOf(key: string): string {
  const { weights, thresholds, gaps, max_uninspected_share, release_provisional } = DEFAULT_POLICY;
  const values: Readonly<Record<string, unknown>> = {
    ...prefixed('weights', weights),
    ...prefixed('thresholds', thresholds),
    ...prefixed('gaps', gaps),
    'gaps.max_uninspected_share': max_uninspected_share,
    release_provisional,
  };
  const value = values[key];
  if (value === undefined) return 'none';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const words: readonly [string, unknown][] = Object.entries(value);
  const [first] = words;
  return words.every(([, word]) => word === first?.[1])
    ? String(first?.[1])
    : words.map(([place, word]) => `${place}: ${String(word)}`).join(', ');
}

function prefixed(section: string, values: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${section}.${key}`, value]));
}

/** By key, of its sections too; what stands behind a value, or else on the lines above its key. */
function commentsOf(yaml: string): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  const visit = (node: unknown, above: readonly string[]): void => {
    if (!isMap(node)) return;
    for (const pair of node.items as readonly Pair[]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      const path = [...above, key];
      const behind = isScalar(pair.value) || isMap(pair.value) ? pair.value.comment : null;
      const before = above.length > 0 && isScalar(pair.key) ? pair.key.commentBefore : null;
      const comment = behind ?? before;
      if (typeof comment === 'string')
        comments.set(path.join('.'), comment.replaceAll(/\s*\n\s*/g, ' ').trim());
      visit(pair.value, path);
    }
  };
  visit(parseDocument(yaml).contents, []);
  return comments;
}
