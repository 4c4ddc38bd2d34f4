import { ENTROPY_THRESHOLD, readEntropyMap, type EntropyStretch } from '../domain/index.ts';
import { markup, type Markup } from './markup.ts';

/** Units of the picture a bit per byte, and a stretch. */
const UNIT = 10;
const TOP = 8 * UNIT;

/**
 * The entropy along a file, from its beginning to its end: a band from the least to the most of each stretch, and a line for
 * the mean. Drawn with figures of ours only; null where the text is no map.
 */
export function entropyPicture(map: string): Markup | null {
  const stretches = readEntropyMap(map);
  if (stretches === null) return null;
  const width = stretches.length * UNIT;
  const mean = stretches.reduce((sum, one) => sum + one.mean, 0) / stretches.length;
  const limit = y(ENTROPY_THRESHOLD);
  const label = `Entropy from the beginning to the end: ${mean.toFixed(1)} bits per byte in the mean of ${stretches.length} stretches`;
  return markup`<figure>
    <svg viewBox="0 -5 ${width} ${TOP + 10}" preserveAspectRatio="none" role="img" aria-label="${label}">
      <path class="band" d="${band(stretches)}" />
      <path class="limit" d="M0 ${limit}H${width}" vector-effect="non-scaling-stroke" />
      <path class="mean" d="${line(stretches)}" vector-effect="non-scaling-stroke" />
    </svg>
    <figcaption>
      Entropy along the file, 0 to 8 bits per byte: least to most (band) and mean (line) of ${stretches.length}
      stretches; dashed: ${ENTROPY_THRESHOLD}
    </figcaption>
  </figure>`;
}

function y(bits: number): string {
  return (TOP - bits * UNIT).toFixed(1);
}

/** Along the most to the end, and back along the least. */
function band(stretches: readonly EntropyStretch[]): string {
  const there = stretches.map(({ most }, at) => `V${y(most)}H${(at + 1) * UNIT}`);
  const back = stretches.map(({ least }, at) => `V${y(least)}H${at * UNIT}`).toReversed();
  return `M0 ${TOP}${there.join('')}${back.join('')}Z`;
}

function line(stretches: readonly EntropyStretch[]): string {
  return stretches.map(({ mean }, at) => `${at === 0 ? 'M0 ' : 'V'}${y(mean)}H${(at + 1) * UNIT}`).join('');
}
