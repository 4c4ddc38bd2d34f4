import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rarBytes } from '../rar-bytes.ts';
import { tool } from '../tool.ts';
import { MARKER, NO_ENCRYPTION, writes, type Makers } from './maker.ts';
const SPEC = `Name: marker
Version: 1
Release: 1
Summary: a marker
License: none
BuildArch: noarch
%description
%install
mkdir -p %{buildroot}/opt
cp %{_sourcedir}/${MARKER} %{buildroot}/opt
%files
/opt/${MARKER}
`;

const NSIS = `OutFile setup.exe
SetCompress off
Section
SetOutPath $TEMP
File ${MARKER}
SectionEnd
`;

/** Archives and packages. */
export const ARCHIVES: Makers = {
  zip: {
    ...writes('zip', ['-q', 'a.zip', MARKER], 'a.zip'),
    encrypted: {
      tools: ['zip'],
      make: (folder, password) => {
        tool(folder, 'zip', ['-q', '-P', password, 'e.zip', MARKER]);
        return readFileSync(join(folder, 'e.zip'));
      },
    },
  },
  '7z': {
    ...writes('7zz', ['a', 'a.7z', MARKER], 'a.7z'),
    encrypted: {
      tools: ['7zz'],
      make: (folder, password) => {
        tool(folder, '7zz', ['a', `-p${password}`, 'e.7z', MARKER]);
        return readFileSync(join(folder, 'e.7z'));
      },
    },
  },
  rar: {
    tools: [],
    make: (folder) => rarBytes(MARKER, readFileSync(join(folder, MARKER))),
    encrypted: { untested: 'no maker of encrypted RAR in Debian main' },
  },
  cab: { ...writes('gcab', ['-c', 'a.cab', MARKER], 'a.cab'), encrypted: NO_ENCRYPTION },
  arj: {
    ...writes('arj', ['a', '-y', 'a.arj', MARKER], 'a.arj'),
    encrypted: { untested: 'its encryption is not made by any maker at hand' },
  },
  lzh: { ...writes('jlha', ['aq', 'a.lzh', MARKER], 'a.lzh'), encrypted: NO_ENCRYPTION },
  cpio: {
    tools: ['cpio'],
    make: (folder) => tool(folder, 'cpio', ['-o', '-H', 'newc', '--quiet'], Buffer.from(`${MARKER}\n`)),
    encrypted: NO_ENCRYPTION,
  },
  ar: { ...writes('ar', ['rc', 'a.a', MARKER], 'a.a'), encrypted: NO_ENCRYPTION },
  rpm: {
    tools: ['rpmbuild'],
    make(folder) {
      writeFileSync(join(folder, 'a.spec'), SPEC);
      const folders = ['_topdir', '_sourcedir', '_rpmdir'].flatMap((name) => ['-D', `${name} ${folder}`]);
      const payload = ['-D', '_binary_payload w6.gzdio', '-D', '_build_id_links none'];
      tool(folder, 'rpmbuild', ['-bb', '--quiet', ...folders, ...payload, 'a.spec']);
      return readFileSync(join(folder, 'noarch', 'marker-1-1.noarch.rpm'));
    },
    inner: ['gzip', 'cpio'],
    encrypted: NO_ENCRYPTION,
  },
  wim: { ...writes('7zz', ['a', '-twim', 'a.wim', MARKER], 'a.wim'), encrypted: NO_ENCRYPTION },
  xar: {
    ...writes('bsdtar', ['--format', 'xar', '-cf', 'a.xar', MARKER], 'a.xar'),
    encrypted: NO_ENCRYPTION,
  },
  chm: { untested: 'no maker: only Microsoft HTML Help Workshop writes them' },
  nsis: {
    tools: ['makensis'],
    make(folder) {
      writeFileSync(join(folder, 'a.nsi'), NSIS);
      tool(folder, 'makensis', ['-V1', 'a.nsi']);
      return readFileSync(join(folder, 'setup.exe'));
    },
    encrypted: NO_ENCRYPTION,
  },
};
