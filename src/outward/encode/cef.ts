import { visible } from '../visible.ts';
import type { OutwardEvent, Severity } from '../event.ts';

/** 0 to 10. */
const SEVERITY: Readonly<Record<Severity, number>> = { info: 1, low: 3, medium: 5, high: 8, critical: 10 };
/** Of the CEF dictionary: longer values are cut by receivers, somewhere. In UTF-16 units. */
const MAX_STRING = 1023;
const MAX_CUSTOM = 4000;

/**
 * An event in ArcSight's Common Event Format, version 0 (the header's fields end in `|`, the extension's in ` key=`). Custom
 * fields say in their label what they hold.
 */
export function cef(event: OutwardEvent): string {
  const { type, severity, summary, version, figures } = event;
  const header = ['CEF:0', 'BackupLens', 'BackupLens', version, type, summary, String(SEVERITY[severity])];
  const more = Object.entries(figures).map(([key, value]) => `${key}=${value ?? 'none'}`);
  const rules = event.findings.map(({ kind, rule, engine }) => `${kind}:${rule} (${engine})`);
  const gaps = event.gaps.map(({ reason, by, artifacts }) => `${reason}:${by} (${artifacts})`);
  const extension: readonly (readonly [string, string | number | null])[] = [
    ['externalId', event.id],
    ['rt', Date.parse(event.time)],
    ['act', event.action ?? type],
    ['deviceExternalId', event.instance],
    ['deviceProcessName', 'backuplens-pipeline'],
    ['suser', event.who],
    ['filePath', event.path],
    ['fname', event.path?.slice(event.path.lastIndexOf('/') + 1) ?? null],
    ['fsize', event.size],
    ['fileHash', event.sha256],
    ['fileId', event.file],
    ['outcome', event.decision],
    ['reason', event.detail],
    ['msg', more.length === 0 ? null : more.join(' ')],
    ...labelled('cs1', 'verdict', event.verdict),
    ...labelled('cs2', 'rules', rules.length === 0 ? null : rules.join('; ')),
    ...labelled('cs3', 'gaps', gaps.length === 0 ? null : gaps.join('; ')),
    ...labelled('cs4', 'journalHash', event.journal.hash),
    ...labelled('cs5', 'reviewGroup', event.review?.group ?? null),
    ...labelled('cs6', 'item', event.review?.id ?? event.item),
    ...labelled('cn1', 'score', event.score),
    ...labelled('cn2', 'journalSequence', event.journal.seq),
    ...labelled('cn3', 'findings', event.findings_total === 0 ? null : event.findings_total),
  ];
  const fields = extension.flatMap(([key, value]) =>
    value === null ? [] : [`${key}=${inExtension(visible(String(value), lengthOf(key)))}`],
  );
  return `${header.map((text) => inHeader(visible(text, MAX_STRING))).join('|')}|${fields.join(' ')}`;
}

function labelled(
  key: string,
  label: string,
  value: string | number | null,
): readonly (readonly [string, string | number | null])[] {
  if (value === null) return [];
  return [
    [`${key}Label`, label],
    [key, value],
  ];
}

function lengthOf(key: string): number {
  return /^cs\d$/.test(key) ? MAX_CUSTOM : MAX_STRING;
}

/** Of the header, the backslash and the pipe; there are no line ends in it. */
function inHeader(text: string): string {
  return text.replace(/[\\|]/g, '\\$&');
}

/** Of the extension, the backslash and the equals sign. */
function inExtension(text: string): string {
  return text.replace(/[\\=]/g, '\\$&');
}
