/*
 * Benign files for the detection tables, by class: some are found on the machine, some are made with ordinary tools
 * out of what is found. Nothing of it is committed. `docs/detection.md` names the Debian packages that were installed.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  opendirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { seeded } from '../../test/kit/seeded.ts';

const LEAST_BYTES = 512;
const MOST_BYTES = 6 * 2 ** 20;
const ROOTS = ['/usr', '/opt', '/boot', '/var/lib', '/etc', '/lib/modules'];

/** Class, what its names end in, and how many are wanted. */
const FOUND: readonly (readonly [kind: string, ending: RegExp, count: number])[] = [
  ['txt', /\.(?:txt|TXT)$|\/(?:README|NEWS|AUTHORS|copyright)$/, 90],
  ['html', /\.html?$/, 80],
  ['source', /\.(?:c|h|hpp|py|js|java|go|pl|rb|sh)$/, 100],
  ['json', /\.json$/, 60],
  ['xml', /\.(?:xml|ui|svg)$/, 60],
  ['csv', /\.(?:csv|tsv)$/, 40],
  ['md', /\.(?:md|rst)$/, 40],
  ['pyc', /\.pyc$/, 60],
  ['elf-so', /\.so(?:\.[\d.]+)?$/, 80],
  ['elf-exe', /^\/usr\/(?:s?bin|libexec|lib\/[a-z0-9-]+)\/[a-z0-9_.-]+$/, 80],
  ['pe', /\.(?:exe|dll|efi)$/, 60],
  ['gz', /\.gz$/, 80],
  ['jar', /\.(?:jar|whl)$/, 60],
  ['png', /\.png$/, 100],
  ['jpg', /\.jpe?g$/, 100],
  ['gif', /\.gif$/, 40],
  ['webp', /\.webp$/, 15],
  ['bmp', /\.bmp$/, 30],
  ['ico', /\.ico$/, 25],
  ['pdf', /\.pdf$/, 40],
  ['ps', /\.(?:ps|eps)$/, 30],
  ['ogg', /\.og[ga]$/, 60],
  ['wav', /\.wav$/, 50],
  ['ttf', /\.tt[fc]$/, 60],
  ['otf', /\.otf$/, 40],
  ['woff', /\.woff$/, 25],
  ['woff2', /\.woff2$/, 60],
  ['type1', /\.(?:pfb|t1)$/, 30],
  ['mo', /\.mo$/, 40],
  ['ott', /\.(?:ott|otp|odt)$/, 40],
  ['kernel', /\/vmlinuz|\.ko(?:\.xz|\.zst)?$/, 20],
];

/** Takes samples of every class into `folder/<class>/`, unless they are there already. */
export function takeSamples(folder: string, seed: number): void {
  if (existsSync(join(folder, 'complete'))) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  find(folder, seeded(seed));
  make(folder, seeded(seed + 1));
  writeFileSync(join(folder, 'complete'), '');
}

function find(folder: string, random: () => number): void {
  const chosen = FOUND.map(() => [] as string[]);
  const seen = FOUND.map(() => 0);
  for (const root of ROOTS) {
    for (const path of files(root)) {
      for (const [index, [, ending, count]] of FOUND.entries()) {
        if (!ending.test(path)) continue;
        const many = (seen[index] = (seen[index] ?? 0) + 1);
        const place = many <= count ? many - 1 : Math.floor(random() * many);
        const kept = chosen[index];
        if (place < count && kept !== undefined) kept[place] = path;
        break;
      }
    }
  }
  for (const [index, paths] of chosen.entries()) {
    const kind = FOUND[index]?.[0] ?? '';
    mkdirSync(join(folder, kind), { recursive: true });
    for (const [at, path] of paths.entries()) {
      const name = basename(path);
      copyFileSync(path, join(folder, kind, `${at}-${name}`));
    }
  }
}

/** Regular files of a size that says something, in the order of their names. */
function* files(directory: string): Generator<string> {
  const names: [string, boolean][] = [];
  try {
    const entries = opendirSync(directory);
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (entry.isDirectory() || entry.isFile()) names.push([entry.name, entry.isDirectory()]);
    }
    entries.closeSync();
  } catch {
    return;
  }
  for (const [name, isDirectory] of names.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const path = join(directory, name);
    if (isDirectory) yield* files(path);
    else {
      const { size } = statSync(path);
      if (size >= LEAST_BYTES && size <= MOST_BYTES) yield path;
    }
  }
}

function run(command: string, args: readonly string[], cwd?: string): void {
  try {
    execFileSync(command, args, { cwd, stdio: 'ignore', timeout: 300_000 });
  } catch (error) {
    console.error(`${command} ${args.slice(0, 6).join(' ')}: ${String(error).slice(0, 200)}`);
  }
}

function make(folder: string, random: () => number): void {
  const list = (kind: string): string[] =>
    readdirSync(join(folder, kind)).map((name) => join(folder, kind, name));
  const into = (kind: string): string => {
    mkdirSync(join(folder, kind), { recursive: true });
    return join(folder, kind);
  };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const bundle = (count: number): string[] =>
    Array.from({ length: count }, () => pick([...list('txt'), ...list('source'), ...list('elf-so')]));

  makeArchives(into, bundle);
  makeDocuments(into, list, pick);
  makeMedia(into, list, pick);
  makeData(into, list, pick);
}

type Into = (kind: string) => string;

function makeArchives(into: Into, bundle: (count: number) => string[]): void {
  for (let at = 0; at < 40; at++) {
    const tar = join(into('tar'), `${at}.tar`);
    run('tar', ['-cf', tar, ...bundle(4)]);
    run('sh', ['-c', `xz -1 -c ${tar} >${join(into('xz'), `${at}.tar.xz`)}`]);
    run('sh', ['-c', `bzip2 -c ${tar} >${join(into('bz2'), `${at}.tar.bz2`)}`]);
    run('sh', ['-c', `zstd -q -6 -c ${tar} >${join(into('zst'), `${at}.tar.zst`)}`]);
    run('7zz', ['a', '-mx=3', join(into('7z-lzma'), `${at}.7z`), tar]);
    run('7zz', ['a', '-m0=PPMd', join(into('7z-ppmd'), `${at}.7z`), tar]);
    run('zip', ['-q', '-j', join(into('zip'), `${at}.zip`), ...bundle(3)]);
    if (at < 15) {
      run('zip', ['-q', '-j', '-P', 'correct horse', join(into('zip-locked'), `${at}.zip`), ...bundle(2)]);
      run('7zz', ['a', '-pcorrect', '-mhe=on', join(into('7z-locked'), `${at}.7z`), ...bundle(2)]);
      const gpg = ['--batch', '--passphrase', 'x', '--pinentry-mode', 'loopback', '-c', '-o'];
      run('gpg', [...gpg, join(into('gpg'), `${at}.tar.gpg`), tar]);
      const salted = join(into('openssl'), `${at}.tar.enc`);
      run('openssl', ['enc', '-aes-256-cbc', '-pbkdf2', '-k', 'x', '-in', tar, '-out', salted]);
      const store = join(into('keystore'), `${at}.p12`);
      run(
        'sh',
        [
          '-c',
          `openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=x && openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:x -out ${store}`,
        ],
        into('keystore'),
      );
      for (const pem of ['k.pem', 'c.pem']) rmSync(join(into('keystore'), pem), { force: true });
    }
  }
}

function makeDocuments(
  into: Into,
  list: (kind: string) => string[],
  pick: <T>(from: readonly T[]) => T,
): void {
  const texts = into('text-in');
  for (let at = 0; at < 45; at++) {
    const text = Array.from({ length: 3 }, () => readFileSync(pick(list('txt')), 'latin1').slice(0, 40_000));
    writeFileSync(join(texts, `d${at}.txt`), text.join('\n').replaceAll(/[^\n\x20-\x7e]/g, ' '));
    const rows = Array.from(
      { length: 400 },
      (_, row) =>
        `${row},${pick(text)
          .slice(row * 7, row * 7 + 30)
          .replaceAll(/[",\n]/g, ' ')},${row * 37}`,
    );
    writeFileSync(join(texts, `t${at}.csv`), rows.join('\n'));
  }
  const home = `-env:UserInstallation=file://${into('text-in')}/profile`;
  const all = (ending: string): string[] => list('text-in').filter((path) => path.endsWith(ending));
  for (const kind of ['docx', 'odt', 'doc', 'rtf', 'pdf']) {
    run('soffice', [
      home,
      '--headless',
      '--convert-to',
      kind,
      '--outdir',
      into(kind === 'pdf' ? 'pdf' : kind),
      ...all('.txt'),
    ]);
  }
  for (const kind of ['xlsx', 'xls', 'ods']) {
    run('soffice', [home, '--headless', '--convert-to', kind, '--outdir', into(kind), ...all('.csv')]);
  }
  rmSync(texts, { recursive: true, force: true });
  // Every other document with a picture, as documents have.
  for (const [at, path] of list('docx').entries()) {
    if (at % 2 === 0) continue;
    const media = join(into('docx'), 'word/media');
    mkdirSync(media, { recursive: true });
    copyFileSync(pick(list('jpg')), join(media, 'image1.jpeg'));
    run('zip', ['-q', path, 'word/media/image1.jpeg'], into('docx'));
    rmSync(join(into('docx'), 'word'), { recursive: true });
  }
}

function makeMedia(into: Into, list: (kind: string) => string[], pick: <T>(from: readonly T[]) => T): void {
  const quiet = ['-hide_banner', '-loglevel', 'error', '-y', '-threads', '1'];
  const pictures = [...list('jpg'), ...list('png')].filter((path) => statSync(path).size > 60_000);
  for (let at = 0; at < 30; at++) {
    const music = pick(list('ogg'));
    const zoom = `scale=800:600,zoompan=z='1+0.002*on':d=90:s=480x360:fps=25,noise=alls=${at % 12}:allf=t`;
    const film = [
      '-loop',
      '1',
      '-t',
      '4',
      '-i',
      pick(pictures),
      '-stream_loop',
      '9',
      '-i',
      music,
      '-t',
      '4',
      '-vf',
      zoom,
      '-pix_fmt',
      'yuv420p',
    ];
    run('ffmpeg', [
      ...quiet,
      ...film,
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-crf',
      String(18 + (at % 3) * 5),
      '-c:a',
      'aac',
      ...(at % 2 === 0 ? ['-movflags', 'faststart'] : []),
      join(into('mp4'), `${at}.mp4`),
    ]);
    if (at < 12) {
      run('ffmpeg', [
        ...quiet,
        ...film,
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-c:a',
        'libmp3lame',
        join(into('mkv'), `${at}.mkv`),
      ]);
      run('ffmpeg', [
        ...quiet,
        ...film,
        '-c:v',
        'libvpx',
        '-deadline',
        'realtime',
        '-c:a',
        'libopus',
        join(into('webm'), `${at}.webm`),
      ]);
      run('ffmpeg', [
        ...quiet,
        ...film,
        '-c:v',
        'mpeg4',
        '-c:a',
        'libmp3lame',
        join(into('avi'), `${at}.avi`),
      ]);
      run('ffmpeg', [
        ...quiet,
        ...film,
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-c:a',
        'aac',
        join(into('mov'), `${at}.mov`),
      ]);
    }
    run('ffmpeg', [
      ...quiet,
      '-i',
      music,
      '-t',
      '40',
      '-c:a',
      'libmp3lame',
      '-b:a',
      '160k',
      join(into('mp3'), `${at}.mp3`),
    ]);
    run('ffmpeg', [...quiet, '-i', music, '-t', '20', '-c:a', 'flac', join(into('flac'), `${at}.flac`)]);
    run('ffmpeg', [...quiet, '-i', music, '-t', '40', '-c:a', 'aac', join(into('m4a'), `${at}.m4a`)]);
    const picture = pick(pictures);
    run('ffmpeg', [
      ...quiet,
      '-i',
      picture,
      '-c:v',
      'libwebp',
      ...(at % 4 === 3 ? ['-lossless', '1'] : ['-quality', String(50 + at)]),
      join(into('webp'), `made${at}.webp`),
    ]);
    run('ffmpeg', [
      ...quiet,
      '-i',
      picture,
      '-c:v',
      'mjpeg',
      '-q:v',
      String(2 + (at % 8)),
      join(into('jpg'), `made${at}.jpg`),
    ]);
    run('ffmpeg', [
      ...quiet,
      '-i',
      picture,
      '-c:v',
      'tiff',
      '-compression_algo',
      ['raw', 'deflate', 'lzw', 'packbits'][at % 4] ?? 'raw',
      '-vf',
      'scale=700:-1',
      join(into('tiff'), `${at}.tiff`),
    ]);
  }
}

const MAIL =
  'From sender@example.org Sat Jan  3 01:05:34 2026\nFrom: a@example.org\nTo: b@example.org\nSubject: report\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="xx"\n\n--xx\nContent-Type: text/plain\n\n';

function makeData(into: Into, list: (kind: string) => string[], pick: <T>(from: readonly T[]) => T): void {
  for (let at = 0; at < 40; at++) {
    const words = Array.from({ length: 4 }, () => readFileSync(pick(list('txt')), 'latin1').slice(0, 60_000));
    const blob = readFileSync(pick(list('jpg')))
      .subarray(0, 200_000)
      .toString('hex');
    const rows = words
      .join('\n')
      .split('\n')
      .slice(0, 2500)
      .map((line, row) => `(${row}, '${line.replaceAll(/[^\x20-\x7e]|'/g, ' ')}', ${row * 31})`);
    const sql = `create table t(a integer primary key, b text, c integer); create index i on t(b); insert into t values ${rows.join(',')}; create table p(a integer, b blob); insert into p values (1, x'${blob}');`;
    const script = join(into('sqlite'), 'in.sql');
    writeFileSync(script, sql);
    run('sh', ['-c', `sqlite3 ${join(into('sqlite'), `${at}.sqlite`)} <${script}`]);
    rmSync(script);
    const attached = readFileSync(pick([...list('jpg'), ...list('gz')]))
      .subarray(0, 150_000)
      .toString('base64')
      .replaceAll(/.{76}/g, '$&\n');
    writeFileSync(
      join(into('mbox'), `${at}.mbox`),
      `${MAIL}${words[0] ?? ''}\n--xx\nContent-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n${attached}\n--xx--\n`,
    );
    writeFileSync(
      join(into('log'), `${at}.log`),
      rows.map((row, line) => `2026-01-${1 + (line % 28)}T10:00:${line % 60}Z INFO ${row}`).join('\n'),
    );
    writeFileSync(join(into('sql'), `${at}.sql`), `insert into t values ${rows.join(',\n')};\n`);
  }
}
