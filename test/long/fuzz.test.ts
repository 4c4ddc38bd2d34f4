import { FORMATS } from '../../src/unpack/index.ts';
import { fuzzFormats } from '../kit/fuzz/formats.ts';

// npm run fuzz: FUZZ_MINUTES (5) over all formats, with a new seed or that of FUZZ_SEED.

const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 5);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

console.log(`FUZZ_SEED=${SEED}`);
/** Two tests a format. */
fuzzFormats((MINUTES * 60_000) / FORMATS.length / 2, SEED);
