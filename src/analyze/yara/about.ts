import type { Artifact, ContentType } from '../../domain/index.ts';

/** Of what is told; longer ones lose their middle. Together they stay below what a header may hold. */
const MAX_NAME_CHARS = 1024;
const MAX_PATH_CHARS = 4096;

/**
 * What public rule sets call types (the words of LOKI and THOR), by MIME type. Whatever is not here is the last part
 * of its MIME type in capitals.
 */
const FILE_TYPES: Readonly<Record<string, string>> = {
  'application/vnd.microsoft.portable-executable': 'EXE',
  'application/x-dosexec': 'EXE',
  'application/x-msdownload': 'EXE',
  'application/x-executable': 'ELF',
  'application/x-sharedlib': 'ELF',
  'application/x-pie-executable': 'ELF',
  'application/x-elf': 'ELF',
  'application/x-ms-shortcut': 'LNK',
  'application/x-rar-compressed': 'RAR',
  'application/vnd.rar': 'RAR',
  'application/x-7z-compressed': '7Z',
  'application/x-tar': 'TAR',
  'application/gzip': 'GZIP',
  'application/vnd.ms-cab-compressed': 'CAB',
  'application/java-archive': 'JAR',
  'application/x-ole-storage': 'OLE',
  'application/msword': 'OLE',
  'application/vnd.ms-excel': 'OLE',
  'application/vnd.ms-powerpoint': 'OLE',
  'text/rtf': 'RTF',
  'text/x-php': 'PHP',
  'text/x-shellscript': 'SH',
  'image/jpeg': 'JPG',
  'application/octet-stream': '',
};

/** The request's header that carries it. */
export const ABOUT_HEADER = 'x-backuplens-artifact';

/** What rules may ask of an artifact beside its bytes: as external variables, all of them text. */
export interface About {
  /** The last name of the trail, as it is. */
  readonly filename: string;
  /** The whole trail, with `/` between. */
  readonly filepath: string;
  /** Of the name, with its dot, in lower case, as public rule sets expect it; empty without one. */
  readonly extension: string;
  readonly filetype: string;
}

export function aboutArtifact({ trail }: Artifact, { mime }: ContentType): About {
  const name = (trail.at(-1) ?? '').replace(/^.*[/\\]/s, '');
  return {
    filename: bounded(name, MAX_NAME_CHARS),
    filepath: bounded(trail.join('/'), MAX_PATH_CHARS),
    extension: extensionOf(name),
    filetype: Object.hasOwn(FILE_TYPES, mime)
      ? (FILE_TYPES[mime] ?? '')
      : mime
          .replace(/^.*[/.+-]/, '')
          .toUpperCase()
          .slice(0, 64),
  };
}

/** With its dot, in lower case; empty without one, and of `.profile`. */
export function extensionOf(name: string): string {
  return /[^.]\.(?:\w|-){1,32}$/.test(name) ? name.slice(name.lastIndexOf('.')).toLowerCase() : '';
}

/** Of the JSON: in base64 it stays well below what servers take of all headers together (Node: 16 KiB). */
const MAX_JSON_BYTES = 9 * 1024;

/** The header's value: base64, because a header holds only ASCII. */
export function aboutHeader(about: About): string {
  return aboutJson(about).toString('base64');
}

/** Names of many escapes are cut shorter. */
export function aboutJson(about: About): Buffer {
  const { filename, filepath } = about;
  for (let most = MAX_PATH_CHARS; ; most = Math.floor(most / 2)) {
    const cut = { ...about, filename: bounded(filename, most), filepath: bounded(filepath, most) };
    const json = Buffer.from(JSON.stringify(cut));
    if (json.length <= MAX_JSON_BYTES) return json;
  }
}

function bounded(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2) - 1;
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
