/**
 * What OCSF 1.5.0 allows and demands in the classes and objects that are used here. Written by hand after the schema
 * (https://schema.ocsf.io/1.5.0): the official one is compiled from many files and is not kept here.
 */
type Kind =
  | 'integer'
  | 'string'
  | 'boolean'
  | 'strings'
  | 'any'
  | { readonly object: string }
  | { readonly list: string };

interface Shape {
  readonly attributes: Readonly<Record<string, Kind>>;
  readonly required: readonly string[];
  readonly atLeastOne?: readonly string[];
  readonly values?: Readonly<Record<string, readonly number[]>>;
}

const BASE: Readonly<Record<string, Kind>> = {
  activity_id: 'integer',
  activity_name: 'string',
  category_uid: 'integer',
  class_uid: 'integer',
  type_uid: 'integer',
  time: 'integer',
  severity_id: 'integer',
  severity: 'string',
  status_id: 'integer',
  status: 'string',
  status_detail: 'string',
  message: 'string',
  metadata: { object: 'metadata' },
  unmapped: 'any',
};
const REQUIRED = ['activity_id', 'category_uid', 'class_uid', 'type_uid', 'time', 'severity_id', 'metadata'];
const SEVERITIES = [0, 1, 2, 3, 4, 5, 6, 99];

const CLASSES: Readonly<Record<number, Shape & { readonly category: number }>> = {
  2004: {
    category: 2,
    attributes: {
      ...BASE,
      finding_info: { object: 'finding_info' },
      evidences: { list: 'evidences' },
      resources: { list: 'resource_details' },
      is_alert: 'boolean',
      comment: 'string',
      risk_score: 'integer',
    },
    required: [...REQUIRED, 'finding_info'],
    values: { activity_id: [0, 1, 2, 3, 99], status_id: [0, 1, 2, 3, 4, 5, 6, 99], severity_id: SEVERITIES },
  },
  2005: {
    category: 2,
    attributes: {
      ...BASE,
      finding_info_list: { list: 'finding_info' },
      assignee_group: { object: 'group' },
      desc: 'string',
    },
    required: [...REQUIRED, 'finding_info_list', 'status_id'],
    atLeastOne: ['assignee', 'assignee_group'],
    values: { activity_id: [0, 1, 2, 3, 99], status_id: [0, 1, 2, 3, 4, 5, 99], severity_id: SEVERITIES },
  },
  3004: {
    category: 3,
    attributes: {
      ...BASE,
      entity: { object: 'managed_entity' },
      actor: { object: 'actor' },
      comment: 'string',
    },
    required: [...REQUIRED, 'entity'],
    values: { activity_id: [0, 1, 2, 3, 4, 99], severity_id: SEVERITIES },
  },
  6002: {
    category: 6,
    attributes: { ...BASE, app: { object: 'product' } },
    required: [...REQUIRED, 'app'],
    values: { activity_id: [0, 1, 2, 3, 4, 5, 6, 7, 8, 99], severity_id: SEVERITIES },
  },
};

const OBJECTS: Readonly<Record<string, Shape>> = {
  metadata: {
    attributes: {
      version: 'string',
      uid: 'string',
      event_code: 'string',
      sequence: 'integer',
      log_name: 'string',
      product: { object: 'product' },
    },
    required: ['version', 'product'],
  },
  product: {
    attributes: { name: 'string', vendor_name: 'string', version: 'string', uid: 'string' },
    required: ['vendor_name'],
    atLeastOne: ['name', 'uid'],
  },
  finding_info: {
    attributes: {
      uid: 'string',
      title: 'string',
      desc: 'string',
      types: 'strings',
      analytic: { object: 'analytic' },
    },
    required: ['uid'],
  },
  analytic: {
    attributes: { name: 'string', uid: 'string', category: 'string', type_id: 'integer' },
    required: ['type_id'],
    atLeastOne: ['name', 'uid'],
    values: { type_id: [0, 1, 2, 3, 4, 99] },
  },
  evidences: { attributes: { file: { object: 'file' } }, required: [], atLeastOne: ['file'] },
  file: {
    attributes: {
      name: 'string',
      path: 'string',
      size: 'integer',
      type_id: 'integer',
      hashes: { list: 'fingerprint' },
    },
    required: ['name', 'type_id'],
    values: { type_id: [0, 1, 2, 3, 4, 5, 6, 7, 99] },
  },
  fingerprint: {
    attributes: { algorithm_id: 'integer', algorithm: 'string', value: 'string' },
    required: ['algorithm_id', 'value'],
    values: { algorithm_id: [3] },
  },
  resource_details: {
    attributes: { uid: 'string', name: 'string', type: 'string' },
    required: [],
    atLeastOne: ['uid', 'name'],
  },
  managed_entity: {
    attributes: { uid: 'string', name: 'string', type: 'string', version: 'string' },
    required: [],
    atLeastOne: ['uid', 'name'],
  },
  actor: { attributes: { user: { object: 'user' } }, required: [], atLeastOne: ['user'] },
  user: { attributes: { name: 'string', uid: 'string' }, required: [], atLeastOne: ['name', 'uid'] },
  group: { attributes: { name: 'string', uid: 'string' }, required: [], atLeastOne: ['name', 'uid'] },
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with an event, one line each. */
export function problemsOfOcsf(event: unknown): string[] {
  if (!isFields(event)) return ['it is no object'];
  const {
    class_uid: uid,
    category_uid: category,
    activity_id: activity,
    type_uid: type,
    activity_name,
  } = event;
  const shape = CLASSES[Number(uid)];
  if (shape === undefined) return [`there is no class ${String(uid)}`];
  return [
    ...(category === shape.category ? [] : ['category_uid is not that of its class']),
    ...(type === Number(uid) * 100 + Number(activity)
      ? []
      : ['type_uid is not class_uid * 100 + activity_id']),
    ...(activity === 99 && activity_name === undefined
      ? ['activity_name is missing: the activity is Other']
      : []),
    ...problemsOf(event, shape, ''),
  ];
}

function problemsOf(
  fields: Fields,
  { attributes, required, atLeastOne, values }: Shape,
  at: string,
): string[] {
  const problems = required
    .filter((name) => fields[name] === undefined)
    .map((name) => `${at}${name} is missing`);
  if (atLeastOne?.every((name) => fields[name] === undefined) === true)
    problems.push(`${at}: none of ${atLeastOne.join(', ')}`);
  for (const [name, value] of Object.entries(fields)) {
    const kind = attributes[name];
    const place = `${at}${name}`;
    if (kind === undefined) problems.push(`${place} is no attribute`);
    else problems.push(...problemsOfValue(value, kind, place));
    const allowed = values?.[name];
    if (allowed !== undefined && !allowed.includes(Number(value)))
      problems.push(`${place} is ${String(value)}`);
  }
  return problems;
}

function problemsOfValue(value: unknown, kind: Kind, at: string): string[] {
  if (kind === 'any') return [];
  if (kind === 'integer') return Number.isSafeInteger(value) ? [] : [`${at} is no integer`];
  if (kind === 'strings')
    return Array.isArray(value) && value.every((one) => typeof one === 'string') ? [] : [`${at}: no strings`];
  if (typeof kind === 'string') return typeof value === kind ? [] : [`${at} is no ${kind}`];
  const values: readonly unknown[] = 'list' in kind ? (Array.isArray(value) ? value : [null]) : [value];
  const shape = OBJECTS['list' in kind ? kind.list : kind.object];
  if (shape === undefined) return [`${at}: an object that nobody described`];
  return values.flatMap((one) => (isFields(one) ? problemsOf(one, shape, `${at}.`) : [`${at} is no object`]));
}
