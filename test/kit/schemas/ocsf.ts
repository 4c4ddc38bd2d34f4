import { readFileSync } from 'node:fs';

interface Shape {
  /** `string`, `integer`, `boolean`, `any`, or the name of an object; `[]`: a list of them. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly required?: readonly string[];
  readonly at_least_one?: readonly string[];
  readonly values?: Readonly<Record<string, readonly number[]>>;
}

interface Schema {
  /** What every class has. */
  readonly base: Shape;
  readonly classes: Readonly<Record<string, Shape & { readonly category: number }>>;
  readonly objects: Readonly<Record<string, Shape>>;
}

const { base, classes, objects }: Schema = JSON.parse(
  readFileSync(new URL('ocsf-1.5.0.json', import.meta.url), 'utf8'),
);

type Fields = Readonly<Record<string, unknown>>;

const OTHER = 99;
/** "Implicitly includes the incident profile and it should be added to the metadata.profiles[] array." */
const INCIDENT = 2005;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with an event, one line each. */
export function problemsOfOcsf(event: unknown): string[] {
  if (!isFields(event)) return ['it is no object'];
  const { class_uid: uid, category_uid: category, activity_id: activity, type_uid: type } = event;
  const shape = classes[String(uid)];
  if (shape === undefined) return [`there is no class ${String(uid)}`];
  return [
    ...(category === shape.category ? [] : ['category_uid is not that of its class']),
    ...(type === Number(uid) * 100 + Number(activity)
      ? []
      : ['type_uid is not class_uid * 100 + activity_id']),
    ...(activity === OTHER && event['activity_name'] === undefined
      ? ['activity_name is missing: the activity is Other']
      : []),
    ...(uid === INCIDENT && !profilesOf(event).includes('incident')
      ? ['metadata.profiles does not name the profile of incidents']
      : []),
    ...problemsOf(
      event,
      {
        ...shape,
        attributes: { ...base.attributes, ...shape.attributes },
        required: [...(base.required ?? []), ...(shape.required ?? [])],
      },
      '',
    ),
  ];
}

function profilesOf({ metadata }: Fields): readonly unknown[] {
  return isFields(metadata) && Array.isArray(metadata['profiles']) ? metadata['profiles'] : [];
}

function problemsOf(
  fields: Fields,
  { attributes, required = [], at_least_one, values }: Shape,
  at: string,
): string[] {
  const problems = required
    .filter((name) => fields[name] === undefined)
    .map((name) => `${at}${name} is missing`);
  if (at_least_one?.every((name) => fields[name] === undefined) === true)
    problems.push(`${at}: none of ${at_least_one.join(', ')}`);
  for (const [name, value] of Object.entries(fields)) {
    const type = attributes[name];
    const place = `${at}${name}`;
    if (type === undefined) problems.push(`${place} is no attribute`);
    else problems.push(...problemsOfValue(value, type, place));
    const allowed = values?.[name];
    if (allowed !== undefined && !allowed.includes(Number(value)))
      problems.push(`${place} is ${String(value)}`);
  }
  return problems;
}

function problemsOfValue(value: unknown, type: string, at: string): string[] {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((one) => problemsOfValue(one, type.slice(0, -2), at));
  }
  if (type === 'any') return [];
  if (type === 'integer') return Number.isSafeInteger(value) ? [] : [`${at} is no integer`];
  if (type === 'string' || type === 'boolean') return typeof value === type ? [] : [`${at} is no ${type}`];
  const shape = objects[type];
  if (shape === undefined) return [`${at}: the object ${type} is not kept here`];
  return isFields(value) ? problemsOf(value, shape, `${at}.`) : [`${at} is no object`];
}
