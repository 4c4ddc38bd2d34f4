/**
 * A tree of mail, made by code, since no Debian package has one: `Maildir` folders of single messages, and older ones as
 * mbox. One message in four has something attached, as base64 in 76 columns; one in a hundred is encrypted for its reader.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../../test/kit/seeded.ts';

const MESSAGES = 6000;
const FOLDERS = [
  'INBOX',
  'Sent',
  'Archive.2024',
  'Archive.2025',
  'Lists.kernel',
  'Projects',
  'Invoices',
  'Trash',
];
const MAILBOXES = 24;
const PER_MAILBOX = 30;
const MOST_ATTACHED = 250_000;
/** Classes of the corpus that people attach. */
const ATTACHED = [
  'jpg',
  'png',
  'pdf',
  'docx',
  'xlsx',
  'odt',
  'zip',
  'gz',
  'doc',
  'xls',
  'csv',
  'ott',
  'mp3',
  'webp',
];

/** Makes the tree below `folder` out of the samples of `corpus`. */
export function makeMail(folder: string, corpus: string, seed: number): void {
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const of = (kind: string): string[] =>
    readdirSync(join(corpus, kind))
      .map((name) => join(corpus, kind, name))
      .filter((path) => statSync(path).size <= MOST_ATTACHED);
  const texts = [...of('txt'), ...of('md'), ...of('source')];
  const attachments = ATTACHED.flatMap(of);
  const locked = of('gpg');
  const body = (): string => {
    const text = readFileSync(pick(texts), 'latin1').replaceAll(/[^\n\x20-\x7e]/g, ' ');
    const from = Math.floor(random() * Math.max(1, text.length - 1000));
    return text.slice(from, from + 200 + Math.floor(random() * 6000)).replaceAll(/^From /gm, '>From ');
  };
  const message = (number: number): string => {
    const head = [
      `Return-Path: <sender${number % 97}@example.org>`,
      `Received: from mx${number % 5}.example.org by mail.example.net; ${date(number)}`,
      `Message-ID: <${number}.${Math.floor(random() * 1e9)}@example.org>`,
      `Date: ${date(number)}`,
      `From: "Sender ${number % 97}" <sender${number % 97}@example.org>`,
      'To: reader@example.net',
      `Subject: ${body().slice(0, 40).replaceAll('\n', ' ')}`,
      'MIME-Version: 1.0',
    ];
    const chance = random();
    if (chance < 0.01 && locked.length > 0) return encrypted(head, readFileSync(pick(locked)));
    return chance < 0.26 ? attached(head, body(), pick(attachments)) : plain(head, body(), chance);
  };
  for (let number = 0; number < MESSAGES; number++) {
    const path = join(folder, 'Maildir', `.${pick(FOLDERS)}`, 'cur');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `${1_700_000_000 + number * 61}.M${number}P7.mail:2,S`), message(number));
  }
  const mailboxes = join(folder, 'mbox');
  mkdirSync(mailboxes, { recursive: true });
  for (let at = 0; at < MAILBOXES; at++) {
    const messages = Array.from(
      { length: PER_MAILBOX },
      (_, number) =>
        `From sender@example.org ${date(number).slice(0, 24)}\n${message(at * PER_MAILBOX + number)}\n`,
    );
    writeFileSync(join(mailboxes, `list-${at}.mbox`), messages.join(''));
  }
}

function date(number: number): string {
  return new Date(1_700_000_000_000 + number * 61_000).toUTCString();
}

function plain(head: readonly string[], text: string, chance: number): string {
  const isHtml = chance > 0.8;
  const content = isHtml
    ? `<html><body><p>${text.replaceAll('<', '&lt;').replaceAll('\n\n', '</p>\n<p>')}</p></body></html>`
    : text;
  return `${[...head, `Content-Type: text/${isHtml ? 'html' : 'plain'}; charset=utf-8`].join('\n')}\n\n${content}\n`;
}

function attached(head: readonly string[], text: string, path: string): string {
  const name = path.split('/').at(-1)?.replace(/^\d+-/, '') ?? 'file';
  return `${[...head, 'Content-Type: multipart/mixed; boundary="=_part"'].join('\n')}

--=_part
Content-Type: text/plain; charset=utf-8

${text}
--=_part
Content-Type: application/octet-stream; name="${name}"
Content-Disposition: attachment; filename="${name}"
Content-Transfer-Encoding: base64

${columns(readFileSync(path))}
--=_part--
`;
}

/** PGP/MIME (RFC 3156, 4). */
function encrypted(head: readonly string[], message: Buffer): string {
  return `${[...head, 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="=_part"'].join('\n')}

--=_part
Content-Type: application/pgp-encrypted

Version: 1

--=_part
Content-Type: application/octet-stream; name="encrypted.asc"

-----BEGIN PGP MESSAGE-----

${columns(message)}
-----END PGP MESSAGE-----

--=_part--
`;
}

function columns(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll(/.{76}/g, '$&\n');
}
