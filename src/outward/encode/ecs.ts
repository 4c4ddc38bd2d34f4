import { asciiJson } from '../../bytes/index.ts';
import type { EventType, OutwardEvent, Severity } from '../event.ts';

/** Of the field list that test/outward-formats.test.ts holds this to. */
const ECS_VERSION = '9.4.0';

const SEVERITY: Readonly<Record<Severity, number>> = { info: 1, low: 2, medium: 3, high: 4, critical: 5 };

type Kind = 'alert' | 'event' | 'state' | 'metric';
/** `event.kind`, `event.category` and `event.type`, whose values are closed lists. */
interface Sorted {
  readonly kind: Kind;
  readonly category: readonly string[];
  readonly type: readonly string[];
}

const SORTED: Readonly<Record<EventType, Sorted>> = {
  decision: { kind: 'event', category: ['file'], type: ['info'] },
  'hold.opened': { kind: 'alert', category: ['file'], type: ['info'] },
  'hold.decided': { kind: 'event', category: ['file'], type: ['info'] },
  'hold.escalated': { kind: 'alert', category: ['file'], type: ['info'] },
  quarantine: { kind: 'alert', category: ['malware', 'file'], type: ['info'] },
  release: { kind: 'event', category: ['file'], type: ['info'] },
  restore: { kind: 'event', category: ['file'], type: ['creation'] },
  delete: { kind: 'event', category: ['file'], type: ['deletion'] },
  'file.ended': { kind: 'event', category: ['file'], type: ['change'] },
  'file.pending': { kind: 'event', category: ['file'], type: ['info'] },
  'file.uploaded': { kind: 'event', category: ['file'], type: ['creation'] },
  'hook.given_up': { kind: 'alert', category: ['process'], type: ['info'] },
  attack: { kind: 'alert', category: ['malware', 'intrusion_detection'], type: ['info'] },
  'engine.up': { kind: 'state', category: ['process'], type: ['start'] },
  'engine.down': { kind: 'state', category: ['process'], type: ['end'] },
  'engine.blind': { kind: 'state', category: ['process'], type: ['info'] },
  gap_rate: { kind: 'alert', category: ['host'], type: ['info'] },
  'gap_rate.over': { kind: 'state', category: ['host'], type: ['info'] },
  silence: { kind: 'alert', category: ['host'], type: ['info'] },
  'silence.over': { kind: 'state', category: ['host'], type: ['info'] },
  clock: { kind: 'state', category: ['host'], type: ['change'] },
  policy: { kind: 'event', category: ['configuration'], type: ['change'] },
  access: { kind: 'event', category: ['iam'], type: ['change'] },
  store: { kind: 'event', category: ['database'], type: ['info'] },
  digest: { kind: 'event', category: ['file'], type: ['info'] },
  gap: { kind: 'state', category: ['host'], type: ['info'] },
  begun: { kind: 'state', category: ['host'], type: ['info'] },
  heartbeat: { kind: 'metric', category: ['host'], type: ['info'] },
  test: { kind: 'event', category: ['host'], type: ['info'] },
};

/** An event in the Elastic Common Schema. What it has no field for is under `backuplens`. */
export function ecs(event: OutwardEvent): string {
  const { id, type, severity, time, summary, instance, version, journal, who, path, sha256, size } = event;
  const [finding] = event.findings;
  const { kind, category, type: types } = SORTED[type];
  return asciiJson({
    '@timestamp': time,
    ecs: { version: ECS_VERSION },
    message: summary,
    event: {
      id,
      kind,
      category,
      type: types,
      action: type,
      severity: SEVERITY[severity],
      module: 'backuplens',
      dataset: 'backuplens.events',
      provider: 'backuplens',
      sequence: journal.seq,
      ...given({ reason: event.detail, risk_score: event.score }),
    },
    service: { name: 'backuplens', type: 'backuplens', id: instance, version },
    ...(path === null && sha256 === null
      ? {}
      : {
          file: {
            ...given({ path, name: path?.slice(path.lastIndexOf('/') + 1) ?? null, size }),
            ...(sha256 === null ? {} : { hash: { sha256 } }),
          },
        }),
    ...(who === null ? {} : { user: { name: who } }),
    ...(finding === undefined
      ? {}
      : { rule: { name: finding.rule, category: finding.kind, ruleset: finding.engine } }),
    backuplens: {
      ...given({
        action: event.action,
        severity,
        file: event.file,
        item: event.item,
        decision: event.decision,
        verdict: event.verdict,
        score: event.score,
        provisional: event.provisional,
        scan: event.scan,
        review: event.review,
      }),
      journal,
      ...(event.findings.length === 0
        ? {}
        : { findings: event.findings, findings_total: event.findings_total }),
      ...(event.gaps.length === 0 ? {} : { gaps: event.gaps }),
      ...(Object.keys(event.figures).length === 0 ? {} : { figures: event.figures }),
    },
  });
}

/** Without what nobody knows. */
function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
