import { known, type Known } from './known.ts';
import type { Text } from './text.ts';

/** Interpreter named by `#!` to MIME type; with versions (`python3.11`) and paths cut off. */
const INTERPRETERS: Readonly<Record<string, string>> = {
  sh: 'text/x-shellscript',
  bash: 'text/x-shellscript',
  dash: 'text/x-shellscript',
  ksh: 'text/x-shellscript',
  zsh: 'text/x-shellscript',
  csh: 'text/x-shellscript',
  tcsh: 'text/x-shellscript',
  fish: 'text/x-shellscript',
  ash: 'text/x-shellscript',
  python: 'text/x-script.python',
  pypy: 'text/x-script.python',
  perl: 'text/x-perl',
  ruby: 'text/x-ruby',
  php: 'text/x-php',
  node: 'text/javascript',
  deno: 'text/javascript',
  bun: 'text/javascript',
  nodejs: 'text/javascript',
  pwsh: 'text/x-powershell',
  tclsh: 'text/x-tcl',
  wish: 'text/x-tcl',
  lua: 'text/x-lua',
  awk: 'text/x-awk',
  gawk: 'text/x-awk',
  mawk: 'text/x-awk',
};

const SHEBANG = /^#! ?(\/[^\s]{1,100})(?:[ \t]+([^\r\n]{0,200}))?\r?(?:\n|$)/;

function interpreter(start: string): string | null {
  const match = SHEBANG.exec(start);
  if (match === null) return null;
  let program = match[1] ?? '';
  if (program.endsWith('/env')) {
    program =
      (match[2] ?? '').split(/\s+/).find((word) => !word.startsWith('-') && !word.includes('=')) ?? '';
  }
  const name = program.slice(program.lastIndexOf('/') + 1).replace(/[\d.]+$/, '');
  return INTERPRETERS[name] ?? 'text/x-script';
}

/** A `From ` line (RFC 4155) and a header field; how dates are written differs from program to program. */
const MBOX = /^From [^\n]{1,600}\n(?:>From [^\n]{1,600}\n)?[!-9;-~]{2,80}:/;

/** Told by how the text begins, white space left out. Patterns are anchored and bounded: hostile text is the rule. */
const BEGINNINGS: readonly (readonly [RegExp, string])[] = [
  [/^version https:\/\/git-lfs\.github\.com\/spec\/v1\r?\n/, 'text/x-git-lfs-pointer'],
  [/^-----BEGIN PGP MESSAGE/, 'application/pgp-encrypted'],
  [/^-----BEGIN AGE ENCRYPTED FILE-----/, 'application/age-encryption'],
  [/^-----BEGIN PGP SIGNATURE/, 'application/pgp-signature'],
  [/^-----BEGIN PGP (?:PUBLIC|PRIVATE) KEY/, 'application/pgp-keys'],
  [/^-----BEGIN PGP SIGNED/, 'text/plain'],
  [/^(?:-----|---- )BEGIN [A-Z0-9 ]{3,60}/, 'application/x-pem-file'],
  [/^<\?php\b/i, 'text/x-php'],
  [/^<!doctype html/i, 'text/html'],
  [/^<html[\s>]/i, 'text/html'],
  [/^(?:# ?Disk DescriptorFile)/i, 'application/x-vmdk-descriptor'],
  [
    /^-- (?:MySQL|MariaDB|PostgreSQL|phpMyAdmin|Adminer|SQLite)[^\n]{0,60}(?:dump|cluster)/i,
    'application/sql',
  ],
  [/^--\r?\n-- PostgreSQL database (?:cluster )?dump/, 'application/sql'],
  [/^PRAGMA foreign_keys=O(?:FF|N);\r?\nBEGIN TRANSACTION;/, 'application/sql'],
  [/^(?:\/\*!\d{5} |\/\*M!)/, 'application/sql'],
  [/^begin(?:-base64)? [0-7]{3,4} [^\r\n]{1,1000}\r?\n/, 'text/x-uuencode'],
  [/^=ybegin [^\r\n]{1,1000}\r?\n/, 'text/x-yenc'],
  [/^\(This file must be converted with BinHex/, 'application/mac-binhex40'],
  [/^BEGIN:VCARD\r?\n/i, 'text/vcard'],
  [/^BEGIN:VCALENDAR\r?\n/i, 'text/calendar'],
  [/^(?:diff --git |diff -[a-zA-Z]|Index: [^\n]{1,300}\r?\n={10,})/, 'text/x-diff'],
  [/^--- [^\n]{1,500}\n\+\+\+ [^\n]{1,500}\n@@ /, 'text/x-diff'],
  [/^From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\r?\n/, 'text/x-diff'],
  [MBOX, 'application/mbox'],
  [/^%YAML [12]/, 'application/yaml'],
  [
    /^---\r?\n(?:#[^\n]{0,500}\r?\n){0,20}(?:- )?["']?[A-Za-z_][\w./ -]{0,80}["']?:(?:\s|$)/,
    'application/yaml',
  ],
  [/^@echo (?:off|on)\b/i, 'text/x-msdos-batch'],
  [/^(?:#requires -|<#\s{0,20}\.SYNOPSIS|\[CmdletBinding\()/i, 'text/x-powershell'],
  [/^(?:%[^\n]{0,300}\n\s{0,20}){0,20}\\(?:documentclass|documentstyle)\b/, 'text/x-tex'],
];

/** Encoded files that begin within a text: a full first line of uuencoded data, or what yEnc and BinHex announce. */
const ENCODED_WITHIN =
  /^(?:begin [0-7]{3,4} [^\r\n]{1,200}\r?\nM[ -`]{60}\r?$|=ybegin [^\r\n]{1,200}name=|\(This file must be converted with BinHex 4)/m;

/** Statements that open an SQL script, after its comments. */
const SQL =
  /^(?:(?:CREATE|DROP|ALTER) (?:TABLE|DATABASE|SCHEMA|VIEW|INDEX|USER|ROLE|FUNCTION|EXTENSION|SEQUENCE|PROCEDURE|TYPE|UNIQUE INDEX|OR REPLACE)\b|INSERT INTO\b|SET [\w@.]{1,60} ?=|BEGIN(?: TRANSACTION)?;|COPY [\w."]{1,100} \()/i;
const SQL_COMMENTS = /^(?:\s{0,100}(?:--[^\n]{0,300}(?:\n|$)|\/\*[^*]{0,300}\*\/)){0,50}\s{0,100}/;

/** Header fields of mail (RFC 5322, 3.6; RFC 2045): two of them among the first fields are believed. */
const MAIL =
  /^(?:Return-Path|Received|From|To|Cc|Subject|Date|Message-ID|MIME-Version|Delivered-To|Reply-To|Content-Type|Content-Transfer-Encoding|Content-Disposition|X-[A-Za-z-]{2,40}|DKIM-Signature|ARC-Seal)$/i;
/** Fields in front that no mail program knows do not make it another thing. */
const MAIL_FIELDS = 30;
/** One that makes a program decode what stands behind the header. */
const ENCODED =
  /^(?:[!-9;-~]{1,80}[ \t]{0,20}:[^\n]{0,998}\n(?:[ \t][^\n]{0,998}\n){0,20}){0,200}Content-Transfer-Encoding[ \t]{0,20}:\s{0,20}(?:base64|quoted-printable|x-|uu)/i;

/** The MIME type of a text, by content only; `text/plain` where nothing is certain. */
export function textKind(text: Text): Known {
  const { start } = text;
  const script = interpreter(start);
  if (text.payload) return known('application/x-shellscript-payload');
  const mime =
    script ?? byBeginning(start.trimStart()) ?? json(text) ?? (isMail(start) ? 'message/rfc822' : null);
  const found = mime ?? (isCsv(start) ? 'text/csv' : 'text/plain');
  const facts = known(
    found,
    found === 'text/plain' && ENCODED_WITHIN.test(start) ? { container: 'uuencode' } : {},
  );
  return { ...facts, description: `${facts.description}, ${text.encoding} text` };
}

function byBeginning(start: string): string | null {
  for (const [pattern, mime] of BEGINNINGS) if (pattern.test(start)) return mime;
  if (start.startsWith('<')) return markup(start);
  return SQL.test(start.slice(SQL_COMMENTS.exec(start)?.[0].length ?? 0)) ? 'application/sql' : null;
}

/** Prolog, comments and a document type before the root element; what stays open ends the search. */
const PROLOG =
  /^(?:\s{0,1000}(?:<\?[^>]{0,1000}\?>|<!--(?:[^-]|-(?!->)){0,8000}-->|<!doctype(?:[^>[]|\[[^\]]{0,4000}\]){0,1000}>)){0,20}\s{0,1000}/i;

function markup(start: string): string | null {
  const declared = /^<\?xml[\s?]/.test(start);
  const prolog = PROLOG.exec(start)?.[0] ?? '';
  const root = /^<([A-Za-z_][\w.-]{0,60}(?::[A-Za-z_][\w.-]{0,60})?)[\s/>]/.exec(
    start.slice(prolog.length),
  )?.[1];
  const name = root?.slice(root.indexOf(':') + 1).toLowerCase();
  if (name === 'svg') return 'image/svg+xml';
  if (name === 'html')
    return declared || /<!doctype html public "-\/\/w3c\/\/dtd xhtml/i.test(prolog)
      ? 'application/xhtml+xml'
      : 'text/html';
  if (declared) return 'text/xml';
  if (/<!doctype html/i.test(prolog)) return 'text/html';
  if (name !== undefined && /^(?:head|body|script|title|meta|iframe)$/.test(name)) return 'text/html';
  if (/<!doctype [a-z]/i.test(prolog)) return 'text/xml';
  return root !== undefined &&
    /\sxmlns(?::\w{1,40})?=["']/.test(start.slice(prolog.length, prolog.length + 1000))
    ? 'text/xml'
    : null;
}

function json({ start, whole }: Text): string | null {
  const first = /^\s{0,1000}([[{])/.exec(start)?.[1];
  if (first === undefined) return null;
  if (whole && isJson(start)) return 'application/json';
  const [one = '', two] = start.split('\n', 2);
  if (two !== undefined && isJson(one) && (isJson(two) || two.length > 4096)) return 'application/x-ndjson';
  if (whole) return null;
  const begins =
    first === '{' ? /^\s*\{\s*"(?:[^"\\\n]|\\.){0,1000}"\s*:/ : /^\s*\[\s*(?:[[{"\d-]|true|false|null)/;
  return begins.test(start) ? 'application/json' : null;
}

function isJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    // Not JSON: that is the answer, nothing is lost.
    return false;
  }
}

/** One that a program would take apart whatever else stands in the header. */
const MULTIPART =
  /^(?:[!-9;-~]{1,80}:[^\n]{0,998}\n(?:[ \t][^\n]{0,998}\n){0,20}){0,200}Content-Type[ \t]{0,20}:\s{0,20}multipart\//i;

/** A mail's header; `start` may go on as anything. */
function isMail(start: string): boolean {
  const head = start.slice(0, 8192).replace(/^\s{1,20}/, '');
  if (MULTIPART.test(head) || ENCODED.test(head)) return true;
  let ofMail = 0;
  let fields = 0;
  for (const line of head.split(/\r\n|\n|\r/, MAIL_FIELDS)) {
    if (/^[ \t]/.test(line) && fields > 0) continue;
    const colon = line.indexOf(':');
    const name = colon <= 0 ? '' : line.slice(0, colon).trimEnd();
    if (!/^[!-9;-~]{1,80}$/.test(name)) break;
    if (fields < 2 && !MAIL.test(name) && !/^[A-Z]/.test(name)) return false;
    fields++;
    if (MAIL.test(name)) ofMail++;
  }
  return fields >= 2 && ofMail >= 2;
}

/** A mailbox or a mail that holds bytes which no text does: its header is text all the same. */
export function mailKind(start: string): string | null {
  if (MBOX.test(start)) return 'application/mbox';
  return isMail(start) ? 'message/rfc822' : null;
}

/** A dump with strings of bytes in it, as mysqldump writes them, is no text by its bytes. */
export function sqlKind(start: string): string | null {
  return byBeginning(start.trimStart()) === 'application/sql' ? 'application/sql' : null;
}

const CSV_LINES = 3;
const CSV_SAMPLE = 20;

/** Three lines or more with the same two or more separators each, quotes left out (RFC 4180). */
function isCsv(start: string): boolean {
  const lines = start.slice(0, 8192).split(/\r?\n/).slice(0, CSV_SAMPLE);
  // The last may be cut, or be the empty one after the last line end.
  lines.pop();
  if (lines.length < CSV_LINES) return false;
  for (const separator of [',', ';', '\t']) {
    const counts = new Set(
      lines.map((line) => line.replace(/"[^"]{0,1000}"/g, '').split(separator).length - 1),
    );
    const [count = 0] = counts;
    if (counts.size === 1 && count >= 2) return true;
  }
  return false;
}
