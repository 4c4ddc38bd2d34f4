import { MARKER, writes, type Makers } from './maker.ts';

/** Documents and mail. */
export const DOCUMENTS: Makers = {
  ole: { ...writes('gsf', ['createole', 'a.ole', MARKER], 'a.ole'), encrypted: { untested: 'to be made' } },
};
