import mimeDb from 'mime-db';
import { FAMILIES, family, type Family } from './families.ts';
import type { Known } from './known.ts';
import type { ContentType } from '../domain/index.ts';
import type { View } from './view.ts';

/** What a name promises, and what may truly be found under it. */
export interface Claim {
  readonly mime: string;
  /** null: nobody can say what is a contradiction here. */
  readonly accepts: ReadonlySet<Family> | null;
  /** True when content without any known structure breaks the promise, too. */
  readonly strict: boolean;
}

/*
 * extensions | MIME type | families of content that do not contradict | `strict` when unknown bytes contradict.
 * Generous on purpose: what programs of everyday life write under a name is no contradiction (CSV called .xls,
 * a zip called .rar, a linker script called .so).
 */
const TABLE = `
docx | application/vnd.openxmlformats-officedocument.wordprocessingml.document | zip ole rtf | strict
dotx | application/vnd.openxmlformats-officedocument.wordprocessingml.template | zip ole | strict
docm | application/vnd.ms-word.document.macroenabled.12 | zip ole rtf | strict
xlsx | application/vnd.openxmlformats-officedocument.spreadsheetml.sheet | zip ole | strict
xltx | application/vnd.openxmlformats-officedocument.spreadsheetml.template | zip ole | strict
xlsm | application/vnd.ms-excel.sheet.macroenabled.12 | zip ole | strict
xlsb | application/vnd.ms-excel.sheet.binary.macroenabled.12 | zip ole | strict
pptx | application/vnd.openxmlformats-officedocument.presentationml.presentation | zip ole | strict
potx | application/vnd.openxmlformats-officedocument.presentationml.template | zip ole | strict
ppsx | application/vnd.openxmlformats-officedocument.presentationml.slideshow | zip ole | strict
pptm | application/vnd.ms-powerpoint.presentation.macroenabled.12 | zip ole | strict
odt | application/vnd.oasis.opendocument.text | zip text ole | strict
ods | application/vnd.oasis.opendocument.spreadsheet | zip text ole | strict
odp | application/vnd.oasis.opendocument.presentation | zip text ole | strict
ott | application/vnd.oasis.opendocument.text-template | zip text ole | strict
ots | application/vnd.oasis.opendocument.spreadsheet-template | zip text ole | strict
otp | application/vnd.oasis.opendocument.presentation-template | zip text ole | strict
odg | application/vnd.oasis.opendocument.graphics | zip text ole | strict
odf | application/vnd.oasis.opendocument.formula | zip text ole | strict
vsdx | application/vnd.ms-visio.drawing.main+xml | zip | strict
xps oxps | application/vnd.ms-xpsdocument | zip | strict
kmz | application/vnd.google-earth.kmz | zip | strict
epub | application/epub+zip | zip | strict
doc | application/msword | ole zip text rtf | strict
xls | application/vnd.ms-excel | ole zip text | strict
ppt pps | application/vnd.ms-powerpoint | ole zip text | strict
msi msp | application/x-msi | ole executable | strict
rtf | application/rtf | rtf text ole zip | strict
pdf | application/pdf | pdf postscript | strict
ps eps | application/postscript | postscript pdf text image compressed | loose
djvu | image/vnd.djvu | image | strict

png | image/png | image | strict
jpg jpeg jpe | image/jpeg | image | strict
gif | image/gif | image | strict
webp | image/webp | image | strict
bmp | image/bmp | image | strict
tif tiff | image/tiff | image | strict
heic | image/heic | image media | strict
avif | image/avif | image media | strict
ico | image/vnd.microsoft.icon | image | strict
psd | image/vnd.adobe.photoshop | image | strict
svg | image/svg+xml | image text compressed | strict
svgz | image/svg+xml | image text compressed | strict

mp3 | audio/mpeg | media | loose
aac | audio/aac | media | loose
aif aiff | audio/x-aiff | media | strict
mid midi | audio/midi | media text | strict
flv | video/x-flv | media | strict
mpg mpeg | video/mpeg | media | loose
3gp | video/3gpp | media | strict
ogg oga opus | audio/ogg | media | strict
flac | audio/flac | media | strict
wav | audio/x-wav | media | strict
m4a | audio/mp4 | media | strict
mp4 m4v | video/mp4 | media | strict
mov | video/quicktime | media | strict
mkv | video/x-matroska | media | strict
webm | video/webm | media | strict
avi | video/x-msvideo | media | strict
wmv wma asf | video/x-ms-asf | media | strict

zip | application/zip | archive compressed zip executable | strict
jar | application/java-archive | zip | strict
war ear | application/java-archive | zip | strict
whl nupkg vsix | application/zip | zip | strict
apk | application/vnd.android.package-archive | zip compressed archive | strict
xpi | application/x-xpinstall | zip | strict
whl | application/x-wheel+zip | zip | strict
nupkg vsix | application/zip | zip | strict
ipa aab | application/zip | zip | strict
7z | application/x-7z-compressed | archive compressed zip | strict
rar | application/vnd.rar | archive compressed zip | strict
cab | application/vnd.ms-cab-compressed | archive compressed zip | strict
tar | application/x-tar | archive compressed zip | strict
gz tgz | application/gzip | archive compressed zip | strict
bz2 tbz tbz2 | application/x-bzip2 | archive compressed zip | strict
xz txz | application/x-xz | archive compressed zip | strict
zst tzst | application/zstd | archive compressed zip | strict
lz4 | application/x-lz4 | archive compressed zip | strict
jsonlz4 mozlz4 baklz4 | application/x-lz4+json | archive compressed zip | strict
deb udeb | application/vnd.debian.binary-package | archive compressed zip | strict
rpm | application/x-rpm | archive compressed zip | strict
cpio | application/x-cpio | archive compressed zip | strict

iso | application/x-iso9660-image | disk archive compressed zip | strict
qcow2 | application/x-qemu-disk | disk | strict
vhdx | application/x-vhdx-disk | disk | strict
vdi | application/x-vdi-disk | disk | strict

exe | application/vnd.microsoft.portable-executable | executable | strict
dll | application/vnd.microsoft.portable-executable | executable | strict
so | application/x-sharedlib | executable text | strict
class | application/java-vm | executable text | strict
wasm | application/wasm | executable text | strict

ttf | font/ttf | font | strict
otf | font/otf | font | strict
woff | font/woff | font | strict
woff2 | font/woff2 | font | strict
pfb | application/x-font-type1 | font postscript | strict

sqlite sqlite3 | application/vnd.sqlite3 | database text | strict
accdb | application/vnd.ms-access | database | strict

txt | text/plain | text rtf | strict
md markdown | text/markdown | text | strict
csv tsv | text/csv | text | strict
html htm xhtml | text/html | text | strict
css | text/css | text | strict
json | application/json | text | strict
xml | text/xml | text | strict
yaml yml | application/yaml | text | strict
sql | application/sql | text compressed archive zip dump | strict
js mjs cjs | text/javascript | text | loose
log | text/plain | text compressed | loose
ini cfg conf config properties toml | text/plain | text | loose
sh bash zsh ksh csh | text/x-shellscript | text | loose
py pyi pyw | text/x-script.python | text | loose
pl pm | text/x-perl | text | loose
rb | text/x-ruby | text | loose
php phtml | text/x-php | text | loose
ps1 psm1 psd1 | text/x-powershell | text | loose
bat cmd | text/x-msdos-batch | text | loose
c h cc cpp cxx hh hpp hxx | text/x-c | text | loose
go | text/plain | text guile | loose
java kt kts scala groovy swift cs vb lua tcl r rs hs | text/plain | text | loose
jsx tsx vue svelte scss sass less | text/plain | text | loose
tex bib sty | text/x-tex | text | loose
diff patch | text/x-diff | text | loose
po pot | text/plain | text | loose
rst adoc asciidoc | text/plain | text | loose
eml | message/rfc822 | text | loose
mbox | application/mbox | text | loose
ics | text/calendar | text | loose
vcf | text/vcard | text | loose
`;

/** Extensions that say nothing, or too many things: `.ts` is a film and a program, `.key` a slide show and a key. */
const PROMISE_NOTHING: ReadonlySet<string> = new Set(
  `bin dat data bak backup old orig tmp temp part partial crdownload download new save sav swp swo cache lock lck
  img image raw dd dump dmp db mdb mod ts mts key pub msg com sys dot pages numbers prf cat idx inf pak res rsc obj
  o a d m p s t v x y w f e i l n map list lst out pid sock in am ac mo pyc rev sample example template dist
  default local bk 1st dmg vhd vmdk enc crypt locked crypto`.split(/\s+/),
);

const CLAIMS: ReadonlyMap<string, Claim> = new Map(
  TABLE.split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [extensions = '', mime = '', accepts = '', strict = ''] = line.split(' | ');
      const claim: Claim = {
        mime,
        accepts: new Set(FAMILIES.filter((name) => accepts.split(' ').includes(name))),
        strict: strict === 'strict',
      };
      return extensions.split(' ').map((extension): [string, Claim] => [extension, claim]);
    }),
);

/** Extension to MIME type by mime-db, IANA's own before those of servers. */
const BY_MIME_DB: ReadonlyMap<string, string> = new Map(
  Object.entries(mimeDb)
    .toSorted(([, a], [, b]) => Number(a.source === 'iana') - Number(b.source === 'iana'))
    .flatMap(([mime, { extensions = [] }]) =>
      extensions.map((extension): [string, string] => [extension, mime]),
    ),
);

/** Office's owner files, AppleDouble forks, editors' backups: their names only look like the documents'. */
const COMPANION = /^(?:~\$|\._|\.~lock\.|#)|~\d*~?$/;
const EXTENSION = /^[a-z0-9][a-z0-9_+-]{0,15}$/;

/** At the end of a name, Windows leaves out blanks and dots, and nobody sees what has no ink. */
const UNSEEN_END = /(?<![\s.\p{Default_Ignorable_Code_Point}])[\s.\p{Default_Ignorable_Code_Point}]+$/u;

/** What the name promises; null when it promises nothing. The last extension counts (`x.tar.gz` is gzip). */
export function claimOf(given: string): Claim | null {
  const name = given.replace(UNSEEN_END, '');
  if (COMPANION.test(name)) return null;
  const parts = name.toLowerCase().split('.');
  if (parts.length < 2) return null;
  let last = parts.pop() ?? '';
  // `libfoo.so.6.1` is a library; `syslog.1`, `x.7z.001`, `passwd.2024-01-01` promise nothing.
  if (/^\d+$/.test(last)) {
    while (parts.length > 1 && /^\d+$/.test(parts.at(-1) ?? '')) parts.pop();
    if (parts.length < 2 || parts.at(-1) !== 'so') return null;
    last = 'so';
    parts.pop();
  }
  // A name that is nothing but an extension (`.json`) is a hidden file's name.
  if (parts.join('') === '' || !EXTENSION.test(last) || PROMISE_NOTHING.has(last)) return null;
  const claim = CLAIMS.get(last);
  if (claim !== undefined) return claim;
  const mime = BY_MIME_DB.get(last);
  return mime === undefined || mime === 'application/octet-stream'
    ? null
    : { mime, accepts: null, strict: false };
}

/** Less says nothing of a type: a marker, a placeholder, a test's stub. */
const MIN_BYTES = 16;
/** A share of printable characters above which damaged text is likelier than something else. */
const MOSTLY_TEXT = 0.75;

/** In words, why claim and content truly contradict each other; null when they agree, and when in doubt. */
export function contradictionOf(
  claim: Claim,
  found: Pick<ContentType, 'by'> & Known,
  view: View,
): string | null {
  if (claim.accepts === null || found.by === 'empty') return null;
  if (view.head.length < MIN_BYTES || isPadding(view.head)) return null;
  // A file that git keeps elsewhere stands under its own name, in every checkout without its content.
  if (found.mime === 'text/x-git-lfs-pointer' || found.mime === 'application/applefile') return null;
  const promised = `the name promises ${claim.mime}, but the content`;
  if (found.by === 'unknown' || found.by === 'libmagic') {
    if (found.by === 'libmagic' && claim.accepts.has(family(found))) return null;
    if (!claim.strict || (claim.accepts.has('text') && printableShare(view.head) > MOSTLY_TEXT)) return null;
    return found.by === 'unknown'
      ? `${promised} has no known structure`
      : `${promised} is at most ${found.mime}`;
  }
  const is = family(found);
  if (is === 'other' || claim.accepts.has(is)) return null;
  return `${promised} is ${found.mime} (${found.description})`;
}

/** One value only: a hole, a file that was never written, or one that a crash emptied. */
function isPadding(head: Buffer): boolean {
  const first = head[0] ?? 0;
  return head[head.length - 1] === first && head.every((byte) => byte === first);
}

const SAMPLE_BYTES = 4096;

function printableShare(head: Buffer): number {
  const sample = head.subarray(0, SAMPLE_BYTES);
  let printable = 0;
  for (const byte of sample) if ((byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13)) printable++;
  return printable / sample.length;
}
