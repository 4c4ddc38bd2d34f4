import type { YaraMatch } from '../../contracts/index.ts';
import type { Evidence } from '../../domain/index.ts';
import type { Claim } from '../analyzer.ts';

/** A report has room for as many findings. */
const MAX_RULES = 1000;
const MAX_TAGS = 20;
const MAX_STRING_IDS = 20;
const MAX_PLACES = 1000;
/** With what stands there: so many of a pattern, and of a rule; the first. */
const MAX_SHOWN_EACH = 3;
const MAX_SHOWN = 20;
/** 32 bytes, each as `\\x00` at most. */
const MAX_EXCERPT_CHARS = 129;
const MAX_NAME_CHARS = 256;
const MAX_TEXT_CHARS = 300;
/** Of a rule's meta: what helps a person to judge the finding. */
const SHOWN_META = ['description', 'severity', 'author', 'reference'] as const;

interface Found {
  readonly rule: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string | number | boolean>>;
  first: number | null;
  readonly ids: Set<string>;
  /** Where, and what: a place in the overlap is seen twice and counts once. */
  readonly places: Set<string>;
  /** `$a at 17: text`, and how many of each pattern. */
  readonly shown: string[];
  readonly shownOf: Map<string, number>;
}

/** The rules that matched an artifact, over all of its windows: one claim each. Names and texts are hostile. */
export class Matches {
  readonly #found = new Map<string, Found>();
  #omitted = 0;

  /** `base` is where in the artifact the scanned bytes began. */
  add(matches: readonly YaraMatch[], omitted: number, base: number): void {
    this.#omitted += omitted;
    for (const match of matches) this.#addOne(match, base);
  }

  claims(): { readonly claims: readonly Claim[]; readonly omitted: number } {
    return { claims: Array.from(this.#found.values(), toClaim), omitted: this.#omitted };
  }

  #addOne({ rule, namespace, tags, meta, strings }: YaraMatch, base: number): void {
    const key = JSON.stringify([namespace, rule]);
    let found = this.#found.get(key);
    if (found === undefined) {
      if (this.#found.size >= MAX_RULES) {
        this.#omitted++;
        return;
      }
      found = {
        rule: rule.slice(0, MAX_NAME_CHARS),
        namespace: namespace.slice(0, MAX_NAME_CHARS),
        tags: (tags ?? []).slice(0, MAX_TAGS).map((tag) => tag.slice(0, MAX_NAME_CHARS)),
        meta,
        first: null,
        ids: new Set(),
        places: new Set(),
        shown: [],
        shownOf: new Map(),
      };
      this.#found.set(key, found);
    }
    for (const { id, offset, excerpt } of strings) {
      const at = base + offset;
      found.first = Math.min(found.first ?? at, at);
      const name = id.slice(0, MAX_NAME_CHARS);
      if (found.ids.size < MAX_STRING_IDS) found.ids.add(name);
      const place = `${at} ${name}`;
      if (found.places.size >= MAX_PLACES || found.places.has(place)) continue;
      found.places.add(place);
      if (excerpt !== undefined) show(found, name, `${name} at ${at}: ${printable(excerpt)}`);
    }
  }
}

function show({ shown, shownOf }: Found, id: string, text: string): void {
  const before = shownOf.get(id) ?? 0;
  if (shown.length >= MAX_SHOWN || before >= MAX_SHOWN_EACH) return;
  shownOf.set(id, before + 1);
  shown.push(text);
}

/** A scanner of ours has escaped it; another one may not have. */
function printable(excerpt: string): string {
  const cut = excerpt.length <= MAX_EXCERPT_CHARS ? excerpt : `${excerpt.slice(0, MAX_EXCERPT_CHARS - 1)}…`;
  return cut.replace(/[^\x20-\x7e…]/g, '?');
}

function toClaim({ rule, namespace, tags, meta, first, ids, places, shown }: Found): Claim {
  const evidence: Record<string, Evidence[string]> = { namespace, tags };
  for (const key of SHOWN_META) {
    const value = Object.hasOwn(meta, key) ? meta[key] : undefined;
    if (value !== undefined)
      evidence[key] = typeof value === 'string' ? value.slice(0, MAX_TEXT_CHARS) : value;
  }
  evidence['matches'] = places.size;
  evidence['strings'] = [...ids];
  if (shown.length > 0) evidence['found'] = shown;
  const { description } = evidence;
  const what = typeof description === 'string' && description !== '' ? `: ${description}` : '';
  const detail = `YARA rule ${rule} of ${namespace} matched${what}`;
  return { kind: 'yara_match', rule, namespace, tags, detail, offset: first, evidence };
}
