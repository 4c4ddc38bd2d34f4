import { isEncryptedByDesign, type ContentType, type RansomwareName } from '../../../domain/index.ts';
import type { Claim, Opening } from '../../analyzer.ts';
import type { Profile } from '../profile/profile.ts';
import type { Structure } from '../structure/index.ts';
import {
  BLOCK_BYTES,
  BLURRED_BESIDE_LONG,
  BLURRED_PER_SHARP,
  LEAST_BLOCK_BYTES,
  LEAST_NAMELESS_BYTES,
  LEAST_BEHIND_HEADER,
  LEAST_SHORT,
  MIXED_IN_LOST_TYPE,
  MOST_IN_LONG_TABLE,
  MOST_IN_TABLE,
  MOST_SHARE_OF_LONG_TABLE,
  MOST_SHARE_OF_TABLE,
  SHARE_IN_LOST_TYPE,
  SHARE_IN_PLAIN_TYPE,
  SHARE_TO_THE_END,
  LEAST_STRIDE_BLOCKS,
  STRIDE_SHARE,
  STRIDE_SHARE_OF_ALL,
  THROUGHOUT,
  UNIFORM,
  UNIFORM_SHORT,
} from '../thresholds.ts';
import { isBareLzma } from './bare-lzma.ts';
import { encodedNoise } from './encoded.ts';
import { isDeflated } from './deflated.ts';
import { isWithoutTables, natureOf, type Nature } from './natures.ts';
import { isTableOfValues } from './table-of-values.ts';
import { noiseBetween } from './trimmings.ts';
import { xorKey } from './xor.ts';

/** All that is known of one artifact when it is judged. */
export interface Case {
  readonly type: ContentType;
  readonly profile: Profile;
  /** Of the type's own structure; null where nobody follows it. */
  readonly structure: Structure | null;
  readonly opening: Opening;
  /** Its own name, without folders. */
  readonly name: string;
  /** The ending of its name is one that ransomware gives. */
  readonly ending: RansomwareName | null;
  /** A stream, an object or what follows the end of a file: no file that somebody keeps. */
  readonly isPiece: boolean;
  readonly head: Buffer;
}

/** Why an artifact looks encrypted: a rule's name, and a sentence. */
interface Ground {
  readonly rule: string;
  readonly why: string;
  readonly offset?: number;
}

/** At most one claim: the strongest ground there is. */
export function judge(facts: Case): Claim | null {
  const ground = groundOf(facts);
  return ground === null ? null : claimOf(ground, facts);
}

function groundOf(facts: Case): Ground | null {
  const { type, opening, profile } = facts;
  if (profile.bytes === 0 || type.by === 'empty') return null;
  // libmagic believes two bytes.
  if (type.by !== 'libmagic' && isEncryptedByDesign(type.mime)) return underAnotherName(facts);
  // It needs a password that we do not have: that is a gap of its own.
  if (opening.locked) return null;
  // Its decoder ran to the end, with every sum right. A tar has none over what is in it.
  if (opening.whole) return type.container === 'tar' ? inBlocks(facts, 2) : null;
  if (opening.damaged) return damaged(facts) ?? stride(facts) ?? lostToEnding(facts);
  if (facts.structure?.is === 'holds') return lostToEnding(facts);
  return (
    brokenStructure(facts) ??
    (facts.isPiece ? null : byStatistics(facts, facts.structure?.is === 'bare' ? 'plain' : natureOf(type))) ??
    lostToEnding(facts)
  );
}

function byStatistics(facts: Case, nature: Nature): Ground | null {
  switch (nature) {
    case 'unknown':
      if (isDeflated(facts.head) || isProven(facts) || isCountedUp(facts)) return null;
      return inUnknown(facts);
    case 'plain':
      return inText(facts) ?? inPlain(facts) ?? stride(facts) ?? encoded(facts) ?? xorInText(facts);
    case 'program':
      return inPlain(facts) ?? stride(facts);
    case 'document':
      return inBlocks(facts, 1) ?? stride(facts);
    case 'packed':
      return (lostType(facts) ? throughout(facts) : null) ?? inBlocks(facts, 2) ?? stride(facts);
    default:
      return nature satisfies never;
  }
}

/**
 * A header of a program's own, and behind it an archive that was opened to its end. What encrypts a beginning encrypts a block
 * at least; a name that promises something else is no excuse for anything.
 */
function isProven({ opening, type }: Case): boolean {
  const from = opening.provenFrom;
  return from !== null && from < BLOCK_BYTES && !(type.claimed !== null || type.renamed_from !== null);
}

function isCountedUp({ head, profile }: Case): boolean {
  return head.length === profile.bytes && isTableOfValues(head);
}

function inUnknown(facts: Case): Ground | null {
  const noise =
    throughout(facts) ??
    atTheBeginning(facts) ??
    toTheEnd(facts) ??
    behindHeader(facts) ??
    inBlocks(facts, 1) ??
    inLostType(facts) ??
    stride(facts) ??
    betweenTrimmings(facts);
  if (noise === null) return xor(facts);
  return isBareLzma(facts.head) ? null : noise;
}

/** The name promises a type of which the content shows nothing. */
function lostType({ type }: Case): boolean {
  return type.contradiction !== null || type.renamed_from !== null;
}

/** A name that promises a type at all, whether or not it could be told from the content. */
function hasPromise(facts: Case): boolean {
  return lostType(facts) || facts.type.claimed !== null;
}

/** Its name promises a text; a text's beginning may be in order while the rest is not. */
function promisesText({ type }: Case): boolean {
  return type.claimed !== null && TEXT.test(type.claimed);
}

const TEXT = /^(?:text\/|application\/(?:json|xml|sql|yaml|javascript))/;

/** Blocks that are not blank. */
function solid({ profile }: Case): number {
  const { noise, structured, mixed } = profile.blocks;
  return noise + structured + mixed;
}

function share(facts: Case): number {
  return facts.profile.blocks.noise / Math.max(1, solid(facts));
}

function underAnotherName({ type }: Case): Ground | null {
  if (type.contradiction === null) return null;
  return { rule: 'encrypted-under-another-name', why: `${type.contradiction}: encrypted` };
}

function damaged(facts: Case): Ground | null {
  if (facts.profile.blocks.noise === 0) return null;
  if (facts.isPiece && !lostType(facts)) return null;
  return { rule: 'damaged-and-noise', why: `${facts.type.description} that no decoder reads to its end` };
}

function brokenStructure({ structure, profile, type }: Case): Ground | null {
  if (structure?.is !== 'broken' || (profile.blocks.noise === 0 && profile.stride === null)) return null;
  const why = `the structure of ${type.mime} breaks off`;
  return {
    rule: 'structure-broken',
    why,
    ...(structure.brokenAt === null ? {} : { offset: structure.brokenAt }),
  };
}

function throughout(facts: Case): Ground | null {
  const { profile } = facts;
  if (share(facts) < THROUGHOUT || profile.noiseChi > UNIFORM.high || profile.noiseChi < UNIFORM.low)
    return null;
  const named = lostType(facts) || promisesText(facts);
  if (!named && profile.bytes < LEAST_NAMELESS_BYTES) return null;
  return { rule: 'noise-throughout', why: 'uniform from the first byte to the last, without any structure' };
}

function atTheBeginning(facts: Case): Ground | null {
  const { runs, bytes } = facts.profile;
  if (runs.first === 0) return null;
  // All but the last block: something was appended.
  const nearlyAll = runs.first >= 2 && runs.first >= solid(facts) - 1;
  if (!runs.firstIsSharp && !nearlyAll && !(lostType(facts) || (hasPromise(facts) && bytes >= 8192)))
    return null;
  const why = 'its beginning, where a type would show, is uniform';
  return { rule: 'noise-at-the-beginning', why, offset: 0 };
}

/** Noise that begins and ends at the borders of blocks; `least` runs of it. */
function inBlocks(facts: Case, least: number): Ground | null {
  const { runs, blocks } = facts.profile;
  const { sharp, sharpEdges, blurredEdges } = runs;
  // A single short run may be a table: of a check sum, of a cipher's constants.
  const isTable = sharp < 2 && blocks.noise < MOST_IN_TABLE && share(facts) < MOST_SHARE_OF_TABLE;
  if (natureOf(facts.type) === 'program' && hasLongTable(facts)) return null;
  if (isTable && !lostType(facts) && !isWithoutTables(facts.type)) return null;
  // A table is never as long as that: then other noise beside it says less.
  const blurred = runs.longestSharp >= MOST_IN_TABLE ? BLURRED_BESIDE_LONG : BLURRED_PER_SHARP;
  if (sharp < least || sharpEdges < 2 * least || blurredEdges > sharpEdges * blurred) return null;
  return { rule: 'noise-in-blocks', why: `${sharp} runs of uniform blocks, cut exactly at blocks` };
}

/** Multiples of a curve's point, in a library that is many times as large. */
function hasLongTable(facts: Case): boolean {
  const { runs, blocks } = facts.profile;
  const isSmall = blocks.noise < MOST_IN_LONG_TABLE && share(facts) < MOST_SHARE_OF_LONG_TABLE;
  return runs.sharp < 2 && isSmall && !lostType(facts);
}

/** A header of no known kind, and noise from there on. */
function behindHeader(facts: Case): Ground | null {
  const { runs, noiseChi } = facts.profile;
  const isLong = runs.longest >= LEAST_BEHIND_HEADER;
  const least = Math.max(hasPromise(facts) ? LEAST_SHORT - 1 : LEAST_SHORT, solid(facts) - (isLong ? 2 : 1));
  if (runs.longest < least || noiseChi > (isLong ? UNIFORM.high : UNIFORM_SHORT)) return null;
  return { rule: 'noise-behind-header', why: 'uniform but for its first block, without any structure' };
}

/** A beginning that was kept, and noise from a block's border to the last byte. */
function toTheEnd(facts: Case): Ground | null {
  const { runs } = facts.profile;
  if (!runs.lastIsSharp || runs.blurredEdges > 0 || runs.last < solid(facts) * SHARE_TO_THE_END) return null;
  return { rule: 'noise-to-the-end', why: `uniform from the border of a block to the last byte` };
}

function inLostType(facts: Case): Ground | null {
  const { noise } = facts.profile.blocks;
  const mixed = (noise + facts.profile.blocks.mixed) / Math.max(1, solid(facts));
  const isLost = lostType(facts) && (share(facts) >= SHARE_IN_LOST_TYPE || mixed >= MIXED_IN_LOST_TYPE);
  if (!isLost && !(promisesText(facts) && noise > 0)) return null;
  return {
    rule: 'noise-in-lost-type',
    why: 'the type that its name promises is gone, and much of it is uniform',
  };
}

function inText(facts: Case): Ground | null {
  if (facts.type.by !== 'text' || facts.profile.blocks.noise === 0) return null;
  return { rule: 'noise-in-text', why: 'text with uniform blocks, which no text has' };
}

function inPlain(facts: Case): Ground | null {
  if (share(facts) >= SHARE_IN_PLAIN_TYPE && solid(facts) > 1) {
    return {
      rule: 'noise-in-plain-type',
      why: `nearly all of it is uniform, which ${facts.type.mime} is not`,
    };
  }
  return toTheEnd(facts) ?? inBlocks(facts, 1);
}

function stride(facts: Case): Ground | null {
  const seen = facts.profile.stride;
  if (seen === null || seen.blocks < solid(facts) * STRIDE_SHARE_OF_ALL) return null;
  // Of compressed parts, the other bytes are noise, too: there are only few blocks that can show anything.
  const of = seen.blocks < LEAST_STRIDE_BLOCKS ? solid(facts) : seen.of;
  if (seen.blocks < of * STRIDE_SHARE) return null;
  return { rule: 'noise-in-strides', why: `${seen.words} are uniform, the others are not` };
}

function encoded(facts: Case): Ground | null {
  const { profile, type, head } = facts;
  if (type.by !== 'text' || type.container !== null) return null;
  const found = encodedNoise(profile.counts, profile.bytes, head);
  if (found === null) return null;
  return { rule: 'encoded-noise', why: `nothing but ${found.as}, every one of them equally often` };
}

/** A small file with a few bytes before or behind the noise: a key, a marker, zeros. */
function betweenTrimmings(facts: Case): Ground | null {
  const { profile, head } = facts;
  if (head.length < profile.bytes) return null;
  const least = lostType(facts) || promisesText(facts) ? LEAST_BLOCK_BYTES : LEAST_NAMELESS_BYTES;
  if (!noiseBetween(head, least)) return null;
  return { rule: 'noise-between-trimmings', why: 'uniform but for a few bytes before or behind' };
}

function xor(facts: Case): Ground | null {
  const { head, profile } = facts;
  // Records of no known type are anything, with any key: without a promise, only what is surely a beginning counts.
  const key = xorKey(head, profile, lostType(facts) || promisesText(facts));
  if (key === null) return null;
  const hex = `0x${key.toString(16).padStart(2, '0')}`;
  return {
    rule: 'xor-one-byte',
    why: `every byte was combined with ${hex}: without it, there is a known content`,
  };
}

/** Letters became other characters of text. */
function xorInText(facts: Case): Ground | null {
  return facts.type.by === 'text' && facts.type.container === null ? xor(facts) : null;
}

/** What ransomware renamed and no longer is what its name said, however little else shows. */
function lostToEnding({ ending, type }: Case): Ground | null {
  if (ending === null || ending.weak) return null;
  if (type.renamed_from === null && !(type.by === 'unknown' || type.by === 'libmagic')) return null;
  return { rule: 'ransomware-ending', why: `renamed as ${ending.family} renames, and no known content` };
}

function claimOf({ rule, why, offset }: Ground, facts: Case): Claim {
  const { profile, type, ending, structure } = facts;
  const { noise, structured, mixed, blank } = profile.blocks;
  const of = noise + structured + mixed;
  const promised = type.renamed_from ?? (type.contradiction === null ? null : type.claimed);
  const more = [
    noise === 0 ? null : `${noise} of ${of} blocks of 4 KiB are uniform`,
    promised === null ? null : `the name promised ${promised}`,
    ending === null ? null : `the ending is known of ${ending.family}`,
  ].filter((words) => words !== null);
  return {
    kind: 'encryption_suspected',
    rule,
    detail: [why, ...more].join('; '),
    offset: offset ?? null,
    evidence: {
      mime: type.mime,
      promised,
      ending: ending?.pattern ?? null,
      appended: type.renamed_from === null ? null : endingOf(facts.name),
      structure: structure?.is ?? null,
      noise_blocks: noise,
      mixed_blocks: mixed,
      structured_blocks: structured,
      blank_blocks: blank,
      chi_square: round(profile.chi),
      chi_square_of_noise: round(profile.noiseChi),
      chi_square_expected: 255,
      sharp_edges: profile.runs.sharpEdges,
      longest_run_blocks: profile.runs.longest,
      stride: profile.stride?.words ?? null,
      map: profile.map,
    },
  };
}

/** In characters: longer ones are cut. */
const MOST_OF_ENDING = 64;

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf('.')).toLowerCase().slice(0, MOST_OF_ENDING);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
