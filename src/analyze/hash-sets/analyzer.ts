import { inWords } from '../../domain/index.ts';
import type { Analyzer, Examination, Judgement } from '../analyzer.ts';
import { HashTable, type Known } from './hash-table.ts';
import type { Label } from './record.ts';

/** Where a table is. Plain data: it crosses to the scan workers. */
export interface HashSetsEndpoint {
  /** What build-table.ts made. */
  readonly table: string;
  /** Of the lists that it was made from. */
  readonly sha256: string | null;
}

/**
 * Looks up the SHA-256 of every artifact. Known bad is a finding; known good skips nothing: everything is examined all the same,
 * and then some claims are answered by that knowledge (pipeline/known-good.ts).
 */
export function hashSetsAnalyzer({ table, sha256 }: HashSetsEndpoint): Analyzer {
  const opened = open(table);
  return {
    id: 'hash-sets',
    version: `1/${sha256 ?? 'none'}`,
    examine: () => examination(opened),
    close: async () => {
      if (typeof opened !== 'string') opened.close();
    },
  };
}

/** A table, or why there is none. */
function open(folder: string): HashTable | string {
  try {
    return new HashTable(folder);
  } catch (error) {
    return inWords(error);
  }
}

function examination(table: HashTable | string): Examination {
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
    },
    end: async () => ({
      claims: [],
      measurements: {},
      misses: [],
      inspected_bytes: bytes,
      windowed: false,
    }),
    judge: (_opening, sha256) => judge(table, sha256),
    abort: () => undefined,
  };
}

function judge(table: HashTable | string, sha256: string): Judgement {
  try {
    if (typeof table === 'string') return failed(table);
    return judgementOf(table.find(Buffer.from(sha256, 'hex')));
  } catch (error) {
    return failed(inWords(error));
  }
}

function failed(why: string): Judgement {
  const detail = `the hash could not be looked up: ${why}`;
  return { claims: [], misses: [{ reason: 'engine_failed', detail, bytes: null }] };
}

function judgementOf(known: Known | null): Judgement {
  if (known === null) return { claims: [], misses: [] };
  const { bad, good, label } = known;
  const { name, source, file } = label;
  if (!bad) return { claims: [], misses: [], known_good: inList('known good', label) };
  const also = good ? '; another list calls it good, which counts for nothing beside it' : '';
  const claim = {
    kind: 'known_bad_hash',
    rule: name === '' ? file : name,
    detail: `${inList('its SHA-256 is known bad', label)}${also}`,
    offset: null,
    evidence: { name, source, list: file, also_known_good: good },
  } as const;
  return { claims: [claim], misses: [] };
}

function inList(what: string, { name, source, file }: Label): string {
  const called = name === '' ? '' : ` as ${name}`;
  return `${what}${called} (${source === '' ? file : `${source}, in ${file}`})`;
}
