/*
 * Every number that the judgement of noise rests on, with its source. "Computed": from the distribution that is named.
 * "Measured": on the tuning half of the corpus of `npm run bench:detection`; docs/detection.md has the tables.
 */

/** In bytes: a page of memory and of most file systems; what encrypts by parts does it by multiples of this. */
export const BLOCK_BYTES = 4096;
/** AES works on groups of 16 bytes (FIPS 197, 3.1); some samples encrypt every other one (FACTS of 16/16). */
export const GROUP_BYTES = 16;
/** In bytes: a last block shorter than this is counted and has no look of its own. Computed: structure of this length still shows. */
export const LEAST_BLOCK_BYTES = 256;

/**
 * Chi-square of n uniform bytes over 256 values has mean 255 and variance 510 (1 - 1/n). 4.2 standard deviations on
 * either side. Computed: a true cipher's block lies outside once in 16,000; tables of all values lie far below.
 */
export const UNIFORM = { low: 160, high: 350 } as const;
/**
 * Chi-square above which a block of 4 KiB is surely no cipher's. Computed: 15 standard deviations. Measured: text, code
 * and records have thousands, compressed data 255 to 600.
 */
export const STRUCTURED = 600;
/** In bytes, at either side of a border between noise and structure: both must show at once where it is sharp. */
export const EDGE_BYTES = 512;
/** Chi-square of `EDGE_BYTES` that are structured. Computed: 7 standard deviations above noise. */
export const EDGE_STRUCTURED = 420;

/** Chi-square of the bytes beside a stride of noise: below, they are compressed and no stride can be told. Computed: 24 standard deviations. */
export const BESIDE_STRIDE = 800;
/**
 * Standard deviations between that noise and what so many of the bytes beside it would be. Computed: chance once in 10^15, were bytes independent. Measured:
 * without it, small parts of PDF files that are text by half show 16 of 64 bytes.
 */
export const APART_DEVIATIONS = 8;
/** In bytes: less noise in a block shows no stride. Computed: structure of this length has a chi-square of hundreds more. */
export const LEAST_STRIDE_BYTES = 256;
/** Share of blocks that must show one and the same stride. Measured: attacks 1.0; what is in order, never twice. */
export const STRIDE_SHARE = 0.5;
/** From so many blocks on, it is the share of those that are neither noise nor blank; and it has to be so much of all of them. */
export const LEAST_STRIDE_BLOCKS = 2;
export const STRIDE_SHARE_OF_ALL = 0.2;

/** Share of blocks (blank ones left out) from which on content is noise throughout. Computed: a cipher's blocks fail once in 16,000. */
export const THROUGHOUT = 0.95;
/** In bytes, of content that is noise throughout, whose name promises nothing. Below lie keys, seeds and signatures. */
export const LEAST_NAMELESS_BYTES = 1024;
/** Share of noise in content that has lost the type that its name promises. */
export const SHARE_IN_LOST_TYPE = 0.15;
/** Share of noise and of what lies between noise and structure, in the same: compressed data that was encrypted in strides. */
export const MIXED_IN_LOST_TYPE = 0.7;
/**
 * In blocks, and as a share: one short run of noise that lies exactly on a page may be a table (CRC tables of libogg,
 * S-boxes of CAST). Measured: 4 of 115,000 files have one of at most 2 blocks, a fifth of the file.
 */
export const MOST_IN_TABLE = 8;
export const MOST_SHARE_OF_TABLE = 0.3;
/**
 * In blocks, and as a share: the same in a program. Source: OpenSSL, ecp_nistz256_table.c: multiples of a point, 37 blocks that
 * begin at the border of a page. Measured: 42 of 1,549 blocks of the libcrypto in Python wheels.
 */
export const MOST_IN_LONG_TABLE = 64;
export const MOST_SHARE_OF_LONG_TABLE = 0.05;
/** In blocks, of noise behind a header of no known kind. Computed: what is deflated has a chi-square of 370 and more at this size. */
export const LEAST_BEHIND_HEADER = 8;
/** The same for smaller files, of which only the first block is anything else; one less where the name promises a type. */
export const LEAST_SHORT = 5;
/** Chi-square of all that noise. Computed: 2 standard deviations; what is deflated has 310 and more at 16 KiB. */
export const UNIFORM_SHORT = 300;
/** Share of noise in a program or a database whose first block is in order (a packed program keeps its tables). */
export const SHARE_IN_PLAIN_TYPE = 0.9;
/** Share of noise behind a beginning that was kept. */
export const SHARE_TO_THE_END = 0.5;
/** Most borders that are not sharp beside each that is: what is compressed within a program does not keep to blocks. */
export const BLURRED_PER_SHARP = 0.25;
/** The same where one of the sharp runs is longer than any table. */
export const BLURRED_BESIDE_LONG = 1;

/** In characters of base64 or hexadecimal digits: fewer may be keys or sums. */
export const LEAST_ENCODED_CHARS = 2048;
/** Standard deviations on either side of the mean of chi-square over 64 or 16 symbols. As for `UNIFORM`. */
export const ENCODED_DEVIATIONS = 4.2;
