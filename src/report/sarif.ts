import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { REPORT_SCHEMA } from '../contracts/plain/index.ts';
import type { ErrorEntry, FileResult, ReportFooter, ReportHeader, SkippedEntry } from '../contracts/index.ts';
import { boundResult } from './bound-result.ts';
import { BoundedList } from './bounded-list.ts';
import { cacheTrouble } from './cache-words.ts';
import { engineWords } from './engine-words.ts';
import { forJson, forMarkdown, forTerminal, forUri, trailInText } from './escape.ts';
import { counted } from './figures.ts';
import { Sink } from './sink.ts';
import type { ReportOptions, ReportWriter } from './writer.ts';

/**
 * Results of a run that code scanning services accept (GitHub: 25,000). Those that change no decision leave room
 * for those that do.
 */
const MAX_SARIF_RESULTS = 25_000;
const MAX_MILD_RESULTS = 10_000;
const MAX_RULES = 5_000;
const MAX_ARTIFACTS = 100_000;
const MAX_ARTIFACT_UNITS = 16 * 1024 * 1024;
const MAX_NOTIFICATIONS = 1_000;
const MAX_NOTIFICATION_UNITS = 1024 * 1024;
const MAX_RULE_ID = 255;

const SCHEMA_URI =
  'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

type Finding = FileResult['findings'][number];
type Gap = FileResult['gaps'][number];
type Level = 'error' | 'warning' | 'note' | 'none';

/** What a finding and a gap have in common as a SARIF result. */
interface Claim {
  readonly kind: string;
  readonly rule: string;
  readonly text: string;
  readonly level: Level;
  readonly trail: readonly string[];
  readonly sha256: string | null;
  readonly offset: number | null;
  readonly accepted: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Rule {
  readonly id: string;
  readonly index: number;
}

/**
 * SARIF 2.1.0: one run; a rule per finding kind + rule and per gap reason. What sent a file past approval is a
 * result of kind `fail`, whatever was only tolerated is `open` (SARIF 3.27.9: not enough information to decide).
 * Results are streamed; rules, artifacts and notifications are bounded and kept until the end.
 */
export class SarifWriter implements ReportWriter {
  readonly #sink: Sink;
  readonly #quarantineAbove: number;
  readonly #rules = new Map<string, Rule & { readonly json: string }>();
  readonly #artifacts = new BoundedList<string>(MAX_ARTIFACTS, MAX_ARTIFACT_UNITS);
  readonly #notifications = new BoundedList<string>(MAX_NOTIFICATIONS, MAX_NOTIFICATION_UNITS);
  #header: ReportHeader | null = null;
  #results = 0;
  #mild = 0;
  #omitted = 0;
  #skipped = 0;

  constructor(output: Writable, options: ReportOptions) {
    this.#sink = new Sink(output);
    this.#quarantineAbove = options.quarantineAbove ?? 100;
  }

  async begin(header: ReportHeader): Promise<void> {
    this.#header = header;
    await this.#sink.write(`{"$schema":"${SCHEMA_URI}","version":"2.1.0","runs":[{"results":[`);
  }

  async result(whole: FileResult): Promise<void> {
    const result = boundResult(whole);
    this.#omitted += (result.omitted?.findings ?? 0) + (result.omitted?.gaps ?? 0);
    const claims = [...result.findings.map((one) => this.#finding(one)), ...result.gaps.map(gapClaim)];
    const places = new Map<string, number>();
    let lines = '';
    for (const claim of claims) {
      if (!this.#hasRoom(claim)) continue;
      lines += `${this.#results === 0 ? '\n' : ',\n'}${forJson(this.#claimed(claim, result, places))}`;
      this.#results++;
    }
    if (lines !== '') await this.#sink.write(lines);
  }

  async skipped(_entry: SkippedEntry): Promise<void> {
    this.#skipped++;
  }

  async error({ path, code, message }: ErrorEntry): Promise<void> {
    this.#notify('error', `${forMarkdown(path)}: ${forMarkdown(message)} (${forMarkdown(code)})`, code);
  }

  async end(footer: ReportFooter): Promise<void> {
    const header = this.#header;
    if (header === null) throw new TypeError('a report ended before it began');
    const { summary } = footer;
    const said = [
      ...engineWords(footer.engines)
        .filter(({ loud }) => loud)
        .flatMap(({ line, below }) => [line, ...below]),
      ...(summary.interrupted ? ['interrupted: the run was ended before everything was seen'] : []),
      ...(summary.provisional > 0
        ? [`${counted(summary.provisional, 'decision')} provisional: an engine was away`]
        : []),
      ...cacheTrouble(summary),
      ...(this.#skipped > 0
        ? [
            `${counted(this.#skipped, 'entry', 'entries')} skipped: links, pipes, sockets, devices or excluded`,
          ]
        : []),
      ...(summary.outward_links > 0
        ? [`${counted(summary.outward_links, 'link')} out of what was scanned not followed`]
        : []),
      ...(this.#omitted > 0
        ? [`${counted(this.#omitted, 'more result')} beyond what this report lists`]
        : []),
      ...(this.#artifacts.omitted > 0
        ? [`${counted(this.#artifacts.omitted, 'more artifact')} beyond what this report lists`]
        : []),
      ...(this.#notifications.omitted > 0
        ? [`${counted(this.#notifications.omitted, 'more error')} beyond what this report lists`]
        : []),
    ].map((text) => notification('warning', forMarkdown(text)));
    const invocation = {
      executionSuccessful: summary.errors === 0 && !summary.interrupted,
      startTimeUtc: header.started_at,
      endTimeUtc: footer.finished_at,
    };
    const tool = { name: header.tool.name, semanticVersion: header.tool.version };
    const properties = {
      schema: REPORT_SCHEMA,
      summary,
      engines: footer.engines,
      policy: header.policy,
      used: header.used,
    };
    const rules = [...this.#rules.values()].map(({ json }) => json).join(',\n');
    await this.#sink.write(
      `\n],\n"tool":{"driver":{${inside(tool)},"rules":[\n${rules}\n]}},\n` +
        `"artifacts":[\n${this.#artifacts.entries.join(',\n')}\n],\n` +
        `"invocations":[{${inside(invocation)},"toolExecutionNotifications":[` +
        `${[...said, ...this.#notifications.entries].join(',\n')}]}],\n` +
        `"columnKind":"utf16CodeUnits",\n"properties":${forJson(properties)}}]}\n`,
    );
    await this.#sink.flush();
  }

  #finding(finding: Finding): Claim {
    const { kind, rule, weight, trail, sha256, offset, accepted, detail, engine } = finding;
    const level = weight > this.#quarantineAbove ? 'error' : weight > 0 ? 'warning' : 'note';
    return {
      kind,
      rule,
      text: `${forMarkdown(rule)} in ${inText(trail)}: ${forMarkdown(detail)}`,
      level: accepted === undefined ? level : 'note',
      trail,
      sha256,
      offset,
      accepted,
      properties: { engine, weight, evidence: finding.evidence },
    };
  }

  #hasRoom({ level }: Claim): boolean {
    const mild = level === 'note' || level === 'none';
    if (this.#results >= MAX_SARIF_RESULTS || (mild && this.#mild >= MAX_MILD_RESULTS)) {
      this.#omitted++;
      return false;
    }
    if (mild) this.#mild++;
    return true;
  }

  #claimed(claim: Claim, result: FileResult, places: Map<string, number>): Record<string, unknown> {
    const rule = this.#rule(claim);
    const target = this.#place(result, claim.trail.slice(0, 1), null, places);
    const location = this.#place(result, claim.trail, claim.sha256, places);
    const { offset, level, accepted, trail } = claim;
    return {
      ruleId: rule.id,
      ruleIndex: rule.index,
      ...(level === 'none' ? { kind: 'open' } : {}),
      level,
      message: { text: claim.text },
      analysisTarget: target,
      locations: [
        {
          physicalLocation: {
            artifactLocation: location,
            ...(offset === null ? {} : { region: { byteOffset: offset } }),
          },
          logicalLocations: [{ fullyQualifiedName: trailInText(trail) }],
        },
      ],
      partialFingerprints: { 'backuplens/v1': fingerprint(claim) },
      ...(accepted === undefined
        ? {}
        : { suppressions: [{ kind: 'external', justification: forTerminal(accepted) }] }),
      properties: { ...claim.properties, decision: result.decision, trail },
    };
  }

  #rule({ kind, rule, level }: Claim): Rule {
    const id = ruleId(kind, rule);
    const known = this.#rules.get(id) ?? this.#rules.get(kind);
    if (known !== undefined && (known.id === id || this.#rules.size >= MAX_RULES)) return known;
    // The last one has a name that fits every rule that comes after it.
    const full = this.#rules.size >= MAX_RULES;
    const made = { id: full ? kind : id, index: this.#rules.size };
    const text = full ? forMarkdown(kind) : `${forMarkdown(kind)}: ${forMarkdown(rule)}`;
    const json = forJson({
      id: made.id,
      shortDescription: { text },
      defaultConfiguration: { level },
      properties: { tags: ['security'], 'security-severity': SEVERITY[level] },
    });
    this.#rules.set(made.id, { ...made, json });
    return made;
  }

  /** The artifact's place, with the artifacts on the way to it (`parentIndex`) the first time they are met. */
  #place(
    result: FileResult,
    trail: readonly string[],
    sha256: string | null,
    places: Map<string, number>,
  ): { uri: string; index?: number } {
    const root = rootUri(result);
    let parent = -1;
    for (let depth = 1; depth <= trail.length; depth++) {
      const key = JSON.stringify(trail.slice(0, depth));
      const known = places.get(key);
      if (known !== undefined) {
        parent = known;
        continue;
      }
      const hash = depth === 1 ? result.sha256 : depth === trail.length ? sha256 : null;
      const json = forJson({
        location: { uri: depth === 1 ? root : memberUri(trail[depth - 1] ?? '') },
        ...(depth === 1
          ? {
              roles: ['analysisTarget'],
              ...mimeType(result.content_type.mime),
              ...(result.size === null ? {} : { length: result.size }),
            }
          : {}),
        ...(parent >= 0 ? { parentIndex: parent } : {}),
        ...(hash === null ? {} : { hashes: { 'sha-256': hash } }),
      });
      parent = this.#artifacts.push(json, json.length) ? this.#artifacts.entries.length - 1 : -1;
      if (parent < 0) break;
      places.set(key, parent);
    }
    const uri = trail.length === 1 ? root : memberUri(trail.at(-1) ?? '');
    return parent < 0 ? { uri } : { uri, index: parent };
  }

  #notify(level: Level, text: string, code: string): void {
    const json = notification(level, text, code);
    this.#notifications.push(json, json.length);
  }
}

/** What GitHub sorts by: critical from 9.0, high from 7.0, medium from 4.0. */
const SEVERITY: Readonly<Record<Level, string>> = { error: '9.0', warning: '5.0', note: '1.0', none: '1.0' };

function gapClaim(gap: Gap): Claim {
  const { reason, by, rule, trail, accepted, detail, bytes, artifacts = 1 } = gap;
  const level = rule === 'quarantine' ? 'error' : rule === 'review' ? 'warning' : 'none';
  const many = artifacts > 1 ? ` (${counted(artifacts, 'artifact')})` : '';
  return {
    kind: 'not_inspected',
    rule: reason,
    text: `not inspected by ${forMarkdown(by)} (${forMarkdown(reason)}): ${inText(trail)}${many}: ${forMarkdown(detail)}`,
    level: accepted === undefined ? level : 'none',
    trail,
    sha256: null,
    offset: null,
    accepted,
    properties: { stage: gap.stage, by, rule, bytes, artifacts },
  };
}

function notification(level: Level, text: string, code?: string): string {
  const descriptor = code === undefined ? {} : { descriptor: { id: forTerminal(code) } };
  return forJson({ level, message: { text }, ...descriptor });
}

function inText(trail: readonly string[]): string {
  return trail.map(forMarkdown).join(' › ');
}

function ruleId(kind: string, rule: string): string {
  const id = `${kind}/${forTerminal(rule)}`;
  if (id.length <= MAX_RULE_ID) return id;
  const hash = createHash('sha256').update(rule, 'utf16le').digest('hex').slice(0, 16);
  return `${id.slice(0, MAX_RULE_ID - 17)}~${hash}`;
}

/** The same claim against the same content (where it is known) has the same fingerprint in every run. */
function fingerprint({ kind, rule, sha256, trail }: Claim): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, rule, sha256 ?? trail]))
    .digest('hex');
}

function rootUri({ path, path_base64 }: FileResult): string {
  const uri = forUri(path, path_base64);
  return uri.startsWith('/') ? `file://${uri}` : uri;
}

/** SARIF 2.1.0, 3.24.7: of the form that RFC 2045 has, or left out. */
function mimeType(mime: string): { readonly mimeType?: string } {
  const shown = forTerminal(mime);
  return /^[^/]+\/./.test(shown) ? { mimeType: shown } : {};
}

/** Within its container, as an absolute path (SARIF 2.1.0, 3.24.3, example 1). */
function memberUri(name: string): string {
  return `/${forUri(name).replace(/^\/+/, '')}`;
}

/** The members of an object without its braces. */
function inside(value: object): string {
  return forJson(value).slice(1, -1);
}
