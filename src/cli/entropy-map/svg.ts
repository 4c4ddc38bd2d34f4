import { forHtml, number, shorten, forTerminal, size } from '../../report/index.ts';
import type { EntropyMap } from './analyze-file.ts';

/** In the picture's own units. */
const WIDTH = 960;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 24;
const TOP = 64;
const BOTTOM = 56;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;
const MOST_BITS = 8;
const X_TICKS = 8;
const TITLE_COLUMNS = 90;

// Colours by what the reader's system shows; a viewer that knows no media queries shows the light ones, on white.
const STYLE = `
    svg { --ground: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #d8dee4; --line: #0b62c4; --band: #9cc3f0; --limit: #b42318 }
    @media (prefers-color-scheme: dark) {
      svg { --ground: #0d1117; --ink: #f0f6fc; --soft: #9aa4b0; --grid: #30363d; --line: #6cb2ff; --band: #1f4b80; --limit: #ff8f85 }
    }
    text { font: 13px system-ui, sans-serif; fill: #59636e; fill: var(--soft) }
    .title { font-size: 16px; font-weight: 600; fill: #1f2328; fill: var(--ink) }
    .ground { fill: #ffffff; fill: var(--ground) }
    .grid { stroke: #d8dee4; stroke: var(--grid); stroke-width: 1 }
    .band { fill: #9cc3f0; fill: var(--band); fill-opacity: 0.55 }
    .line { fill: none; stroke: #0b62c4; stroke: var(--line); stroke-width: 1.5; stroke-linejoin: round }
    .limit { stroke: #b42318; stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 6 4 }
    .over { fill: #b42318; fill: var(--limit) }`;

/** The file's entropy along its bytes as a picture: mean as a line, smallest to largest as a band, the threshold. */
export function asSvg(map: EntropyMap): string {
  const title = forHtml(shorten(forTerminal(map.file), TITLE_COLUMNS));
  const figures =
    map.statistics === null
      ? 'no samples'
      : `${number(map.samples)} samples · min ${map.statistics.min.toFixed(2)} · median ${map.statistics.median.toFixed(2)} · mean ${map.statistics.mean.toFixed(2)} · max ${map.statistics.max.toFixed(2)}`;
  const subtitle = forHtml(`${map.mime} · ${size(map.size)} · ${figures}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">
  <title>Entropy of ${title}</title>
  <desc>${subtitle} · ${number(map.above)} above ${map.threshold} bits per byte</desc>
  <style>${STYLE}
  </style>
  <rect class="ground" width="${WIDTH}" height="${HEIGHT}"/>
  <text class="title" x="${LEFT}" y="26">${title}</text>
  <text x="${LEFT}" y="46">${subtitle}</text>
${[...grid(map.size), ...curves(map), ...limit(map)].map((element) => `  ${element}`).join('\n')}
</svg>
`;
}

function y(bits: number): string {
  return (TOP + PLOT_HEIGHT * (1 - bits / MOST_BITS)).toFixed(1);
}

function grid(bytes: number): string[] {
  const rows = Array.from({ length: MOST_BITS + 1 }, (_, bits) => [
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(bits)}" y2="${y(bits)}"/>`,
    `<text x="${LEFT - 8}" y="${y(bits - 0.12)}" text-anchor="end">${bits}</text>`,
  ]);
  const ticks = Math.min(X_TICKS, Math.max(1, bytes));
  const columns = Array.from({ length: ticks + 1 }, (_, tick) => {
    const x = (LEFT + (PLOT_WIDTH * tick) / ticks).toFixed(1);
    const anchor = tick === ticks ? 'end' : tick === 0 ? 'start' : 'middle';
    return [
      `<line class="grid" x1="${x}" x2="${x}" y1="${TOP + PLOT_HEIGHT}" y2="${TOP + PLOT_HEIGHT + 5}"/>`,
      `<text x="${x}" y="${TOP + PLOT_HEIGHT + 20}" text-anchor="${anchor}">${size(Math.round((bytes * tick) / ticks))}</text>`,
    ];
  });
  return [
    ...rows.flat(),
    ...columns.flat(),
    `<text x="${LEFT + PLOT_WIDTH / 2}" y="${HEIGHT - 12}" text-anchor="middle">offset in the file</text>`,
    `<text transform="translate(18 ${TOP + PLOT_HEIGHT / 2}) rotate(-90)" text-anchor="middle">bits per byte</text>`,
  ];
}

/** A path for each run of pieces that hold samples; a piece is as wide as it is in the file. */
function curves({ course }: EntropyMap): string[] {
  const cells = course.cells();
  const x = (cell: number): string => (LEFT + (PLOT_WIDTH * cell) / cells.length).toFixed(1);
  const steps = cells.flatMap((cell, at) => (cell === null ? [] : [{ ...cell, from: x(at), to: x(at + 1) }]));
  const bands = steps.map(({ from, to, min, max }) => `M${from} ${y(max)}H${to}V${y(min)}H${from}Z`);
  let line = '';
  let end = '';
  for (const { from, to, mean } of steps) {
    line += `${from === end ? 'L' : 'M'}${from} ${y(mean)}H${to}`;
    end = to;
  }
  return steps.length === 0
    ? []
    : [`<path class="band" d="${bands.join('')}"/>`, `<path class="line" d="${line}"/>`];
}

function limit({ threshold, above, samples }: EntropyMap): string[] {
  const share = samples === 0 ? '' : `: ${((above / samples) * 100).toFixed(1)}% of samples above`;
  return [
    `<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(threshold)}" y2="${y(threshold)}"/>`,
    `<text class="over" x="${WIDTH - RIGHT}" y="46" text-anchor="end">threshold ${threshold}${share}</text>`,
  ];
}
