import { asciiJson } from '../../bytes/index.ts';
import type { EventType, OutwardEvent, Severity } from '../event.ts';

/** Of the schema that test/outward-formats.test.ts holds this to. */
const OCSF_VERSION = '1.5.0';

const SEVERITY: Readonly<Record<Severity, readonly [number, string]>> = {
  info: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};

type Class = 'detection' | 'incident' | 'entity' | 'application';
interface Sorted {
  readonly of: Class;
  readonly activity: number;
}

const CREATE = 1;
const UPDATE = 2;
const CLOSE = 3;
const ENTITY_CREATE = 1;
const ENTITY_READ = 2;
const ENTITY_UPDATE = 3;
const ENTITY_DELETE = 4;
const START = 3;
const STOP = 4;
const OTHER = 99;

const SORTED: Readonly<Record<EventType, Sorted>> = {
  decision: { of: 'detection', activity: CREATE },
  'hold.opened': { of: 'detection', activity: UPDATE },
  'hold.decided': { of: 'detection', activity: CLOSE },
  'hold.escalated': { of: 'incident', activity: UPDATE },
  quarantine: { of: 'detection', activity: UPDATE },
  release: { of: 'entity', activity: ENTITY_UPDATE },
  restore: { of: 'entity', activity: ENTITY_UPDATE },
  delete: { of: 'entity', activity: ENTITY_DELETE },
  'file.ended': { of: 'entity', activity: ENTITY_UPDATE },
  'file.pending': { of: 'entity', activity: ENTITY_UPDATE },
  'file.uploaded': { of: 'entity', activity: ENTITY_CREATE },
  'hook.given_up': { of: 'entity', activity: ENTITY_UPDATE },
  attack: { of: 'incident', activity: CREATE },
  'engine.up': { of: 'application', activity: START },
  'engine.down': { of: 'application', activity: STOP },
  'engine.blind': { of: 'application', activity: OTHER },
  gap_rate: { of: 'application', activity: OTHER },
  'gap_rate.over': { of: 'application', activity: OTHER },
  silence: { of: 'application', activity: OTHER },
  'silence.over': { of: 'application', activity: OTHER },
  clock: { of: 'application', activity: OTHER },
  policy: { of: 'application', activity: OTHER },
  access: { of: 'application', activity: OTHER },
  store: { of: 'application', activity: OTHER },
  digest: { of: 'application', activity: OTHER },
  gap: { of: 'application', activity: OTHER },
  begun: { of: 'application', activity: OTHER },
  heartbeat: { of: 'application', activity: OTHER },
  test: { of: 'application', activity: OTHER },
};

/** What was approved is no finding: a file was looked at. */
function sorted({ type, decision }: OutwardEvent): Sorted {
  if (type === 'decision' && decision === 'auto_approve') return { of: 'entity', activity: ENTITY_READ };
  return SORTED[type];
}

const CLASSES: Readonly<
  Record<
    Class,
    { readonly category: number; readonly uid: number; readonly fields: (event: OutwardEvent) => object }
  >
> = {
  detection: { category: 2, uid: 2004, fields: detection },
  incident: { category: 2, uid: 2005, fields: incident },
  entity: { category: 3, uid: 3004, fields: entity },
  application: { category: 6, uid: 6002, fields: application },
};

/** An event in the Open Cybersecurity Schema Framework. What it has no attribute for is under `unmapped`. */
export function ocsf(event: OutwardEvent): string {
  const { id, type, severity, time, summary, instance, version, journal } = event;
  const { of, activity } = sorted(event);
  const { category, uid, fields } = CLASSES[of];
  const [severity_id, severity_name] = SEVERITY[severity];
  return asciiJson({
    activity_id: activity,
    ...(activity === OTHER ? { activity_name: type } : {}),
    category_uid: category,
    class_uid: uid,
    type_uid: uid * 100 + activity,
    time: Date.parse(time),
    severity_id,
    severity: severity_name,
    message: summary,
    metadata: {
      version: OCSF_VERSION,
      // An incident has what this profile brings, and is to say so.
      ...(of === 'incident' ? { profiles: ['incident'] } : {}),
      uid: id,
      event_code: type,
      sequence: journal.seq,
      log_name: 'backuplens.events',
      product: { name: 'BackupLens', vendor_name: 'BackupLens', version, uid: instance },
    },
    ...fields(event),
    unmapped: given({
      action: event.action,
      who: of === 'entity' ? null : event.who,
      item: event.item,
      decision: event.decision,
      verdict: event.verdict,
      score: event.score,
      provisional: event.provisional,
      scan: event.scan,
      review: event.review,
      journal,
      findings: event.findings.length === 0 ? null : event.findings,
      findings_total: event.findings_total === 0 ? null : event.findings_total,
      gaps: event.gaps.length === 0 ? null : event.gaps,
      figures: Object.keys(event.figures).length === 0 ? null : event.figures,
      // Where the class has a place for it, it stands there.
      detail: of === 'application' ? event.detail : null,
    }),
  });
}

const ENGINES: Readonly<Record<string, { readonly name: string; readonly vendor_name: string }>> = {
  clamav: { name: 'ClamAV', vendor_name: 'Cisco' },
  yara: { name: 'YARA-X', vendor_name: 'VirusTotal' },
};

const NEW = 1;
const IN_PROGRESS = 2;
const RESOLVED = 4;

function detection(event: OutwardEvent): object {
  const { type, decision, detail, path, sha256, size, file } = event;
  const status = type === 'hold.decided' ? RESOLVED : type === 'decision' ? NEW : IN_PROGRESS;
  const evidence = fileOf(event);
  return {
    status_id: status,
    is_alert: event.severity !== 'info' && type !== 'hold.decided',
    finding_info: {
      ...info(event),
      types: [...new Set(event.findings.map(({ kind }) => kind))],
    },
    ...(path === null && sha256 === null && size === null ? {} : { evidences: [{ file: evidence }] }),
    ...(file === null && path === null
      ? {}
      : { resources: [given({ uid: file, name: path, type: 'File' })] }),
    ...given({ comment: type === 'hold.decided' ? detail : null, risk_score: event.score }),
    ...(decision === null ? {} : { status_detail: decision }),
  };
}

function incident(event: OutwardEvent): object {
  const { type, detail } = event;
  return {
    status_id: type === 'attack' ? NEW : IN_PROGRESS,
    finding_info_list: [info(event)],
    assignee_group: { name: 'reviewers' },
    ...given({ desc: detail }),
  };
}

function entity(event: OutwardEvent): object {
  const { file, item, path, who, detail } = event;
  return {
    entity: given({ type: 'File', uid: file ?? item ?? 'none', name: path }),
    ...(who === null ? {} : { actor: { user: { name: who } } }),
    ...given({ comment: detail }),
  };
}

function application({ type, item, version }: OutwardEvent): object {
  const engine = type.startsWith('engine.') ? ENGINES[item ?? ''] : undefined;
  return { app: engine ?? { name: 'BackupLens', vendor_name: 'BackupLens', version } };
}

/** The finding is that of the file, whatever is told of it: that keeps a hold and its end together. */
function info(event: OutwardEvent): object {
  const { type, review, file, item, id, summary, detail, findings } = event;
  const uid = type === 'hold.escalated' ? (review?.group ?? item ?? id) : (file ?? item ?? id);
  const [first] = findings;
  return {
    uid,
    title: first === undefined ? summary : `${first.kind}: ${first.rule}`,
    ...given({ desc: detail }),
    ...(first === undefined ? {} : { analytic: { name: first.rule, category: first.kind, type_id: 1 } }),
  };
}

function fileOf({ path, sha256, size }: OutwardEvent): object {
  const name = path === null ? 'unknown' : path.slice(path.lastIndexOf('/') + 1) || path;
  return {
    name: name === '' ? 'unknown' : name,
    type_id: 1,
    ...given({ path, size }),
    ...(sha256 === null ? {} : { hashes: [{ algorithm_id: 3, algorithm: 'SHA-256', value: sha256 }] }),
  };
}

/** Without what nobody knows. */
function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
