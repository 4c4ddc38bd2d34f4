/** Whose list of names: each program has its own way of patterns. */
export const MEMBER_LIST_FORMS = ['tar', 'rsync', 'unzip'] as const;
export type MemberListForm = (typeof MEMBER_LIST_FORMS)[number];

/** Characters that begin a pattern in all three. */
const WILD = /[*?[\\]/g;

/**
 * The line that means exactly this member, without its end; null where none can. Works on bytes: the text is latin1.
 *
 * - `tar --anchored --exclude-from` (GNU tar): every line is a pattern; blanks at its end are cut off.
 * - `rsync --exclude-from`: a leading slash anchors at the folder that is copied. A backslash quotes only where there is
 *   a wildcard; a line also ends at a carriage return.
 * - `unzip -x`: each line is an argument; one that begins with a minus would be an option. Names of archives made on
 *   Windows are converted before they are compared: other than ASCII, and backslashes, cannot be relied on.
 */
export function memberLine(form: MemberListForm, name: Uint8Array): Buffer | null {
  const text = Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');
  if (text === '' || /[\n\0]/.test(text)) return null;
  const line = LINES[form](text);
  return line === null ? null : Buffer.from(line, 'latin1');
}

const LINES: Readonly<Record<MemberListForm, (name: string) => string | null>> = {
  tar: (name) => name.replace(WILD, '\\$&').replace(/[ \t\v\f\r]$/, '[$&]'),
  rsync: (name) => {
    if (name.includes('\r')) return null;
    const path = name.replace(/^(?:\.?\/+)+/, '');
    return `/${/[*?[]/.test(path) ? path.replace(WILD, '\\$&') : path}`;
  },
  unzip: (name) => (/[\\\x80-\xff]/.test(name) ? null : name.replace(WILD, '\\$&').replace(/^-/, '\\-')),
};
