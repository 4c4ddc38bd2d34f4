import { fuzzFormats } from './kit/fuzz/formats.ts';

// A look at every format, with a fixed seed. `npm run fuzz` takes more time, and other seeds.

const MS_EACH = 200;
const SEED = 20_260_301;

fuzzFormats(MS_EACH, SEED);
