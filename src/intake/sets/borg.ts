import type { SetFormat } from './format.ts';
import { has, isCalled } from './names.ts';
import { begin, chosen, MAX_SMALL_BYTES, sample, samplesOf } from './samples.ts';

const NUMBER = /^\d+$/;
const SEGMENT = 'BORG_SEG';

/** A repository of borg ("Internals", data structures): `config` has its version and id, README says what it is, segments have a magic. */
export const borg: SetFormat = {
  kind: 'borg',
  own: /^(?:README|config|data|nonce|lock\..*|(?:hints|index|integrity)\.\d+|space-reserve.*)$/,

  isNamed: (listing) => has(listing, 'file', 'config', 'README') && has(listing, 'folder', 'data'),

  isWhole: async (folder) => {
    const config = await sample(folder, 'config', MAX_SMALL_BYTES);
    const text = config?.bytes.toString('latin1') ?? '';
    if (!text.startsWith('[repository]') || !/^id\s*=\s*[0-9a-f]{64}\s*$/m.test(text)) return false;
    const readme = await sample(folder, 'README', MAX_SMALL_BYTES);
    if (readme?.bytes.toString('latin1').startsWith('This is a Borg') !== true) return false;
    for (const name of await chosen(folder, 'data', NUMBER, 'folder')) {
      const segments = await samplesOf(folder, `data/${name}`, SEGMENT.length, NUMBER);
      if (!segments.every(({ bytes, is_fresh }) => is_fresh || bytes.toString('latin1') === SEGMENT))
        return false;
    }
    return true;
  },

  begins: async (there, entries) => {
    if (await there.begins('config', /^\[repository\]/)) return true;
    if (await there.begins('README', /^This is a Borg/)) return true;
    if (entries.some((entry) => isCalled(entry, 'file', /^(?:hints|index|integrity)\.\d+$/))) return true;
    if (await there.begins('nonce', /^[0-9a-f]{16}$/)) return true;
    return there.holds('data', await there.within('data'), NUMBER, (entry) =>
      isCalled(entry, 'file', NUMBER),
    );
  },

  shows: async (folder) => {
    const shown = await begin(folder, { config: '[repository]', README: 'This is a Borg' });
    for (const name of await chosen(folder, 'data', NUMBER, 'folder')) {
      const segments = await samplesOf(folder, `data/${name}`, SEGMENT.length, NUMBER);
      shown.push(...segments.map(({ bytes }) => bytes.toString('latin1') === SEGMENT));
    }
    return shown;
  },
};
