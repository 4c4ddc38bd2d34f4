import { counted, forTerminal, number, shorten, size } from '../../report/index.ts';
import { SUGGESTED_SHARE, type EntropyMap } from './analyze-file.ts';
import { BLOCK_BYTES } from './samples.ts';

const DEFAULT_COLUMNS = 80;
const MIN_BAR = 8;
const MAX_BAR = 40;
const MAX_SPARKS = 64;
const SPARKS = '▁▂▃▄▅▆▇█';

/** One file for people, in at most `columns` where its figures fit; ends with a line break. */
export function asText(map: EntropyMap, columns: number = DEFAULT_COLUMNS): string {
  const { statistics: known, samples, kind, above, threshold } = map;
  const [type, unit] =
    kind === 'text'
      ? ['Text', '(a sample a line)']
      : ['Binary', `(a sample every ${number(BLOCK_BYTES)} bytes)`];
  const head = [
    line('File', shorten(forTerminal(map.file), Math.max(MIN_BAR, columns - LABEL))),
    line('MIME type', forTerminal(map.mime)),
    ...explained(line('File type', type), unit, columns),
    line('Samples', `${number(samples)} in ${size(map.size)}`),
  ];
  if (known === null)
    return [
      ...head,
      '',
      `No samples: ${map.size === 0 ? 'the file is empty' : 'every line is empty'}`,
      '',
    ].join('\n');
  const share = Math.round(SUGGESTED_SHARE[kind] * 100);
  return [
    ...head,
    '',
    'Entropy (bits per byte, 0 to 8)',
    line('Min', known.min.toFixed(4)),
    line('Max', known.max.toFixed(4)),
    line('Median', known.median.toFixed(4)),
    line('Mean', known.mean.toFixed(4)),
    '',
    'Along the file (first byte to last)',
    `  ${sparkline(map, Math.min(MAX_SPARKS, Math.max(MIN_BAR, columns - 3)))}`,
    '',
    'Distribution',
    ...histogram(known.bins, samples, columns),
    '',
    ...explained(
      line('Suggested threshold', known.suggested.toFixed(4)),
      `(${share}th percentile: what lies above is unusual here)`,
      columns,
    ),
    ...explained(
      line('Pipeline threshold', String(threshold)),
      `(${number(above)} of ${counted(samples, 'sample')} above it: ${percent(above, samples)})`,
      columns,
    ),
    '',
  ].join('\n');
}

const LABEL = 13;

function line(name: string, value: string): string {
  return `${`${name}:`.padEnd(LABEL - 1)} ${value}`;
}

/** On one line where there is room, else in lines of their own. */
function explained(figure: string, words: string, columns: number): string[] {
  if (figure.length + 1 + words.length <= columns) return [`${figure} ${words}`];
  const lines = [figure];
  let rest = '  ';
  for (const word of words.split(' ')) {
    if (rest.trim() !== '' && rest.length + word.length > columns) {
      lines.push(rest.trimEnd());
      rest = '  ';
    }
    rest += `${word} `;
  }
  return [...lines, rest.trimEnd()];
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(2)}%`;
}

function histogram(
  bins: NonNullable<EntropyMap['statistics']>['bins'],
  samples: number,
  columns: number,
): string[] {
  const most = Math.max(...bins.map(({ count }) => count));
  const figures = bins.map(({ count }) => `${number(count)} (${percent(count, samples)})`);
  const room = columns - '  0.00-0.50 | '.length - Math.max(...figures.map(({ length }) => length)) - 1;
  const full = Math.max(MIN_BAR, Math.min(MAX_BAR, room));
  return bins.map(({ from, to, count }, bin) => {
    // What is there is seen, however little it is.
    const bar = '█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * full)));
    return `  ${from.toFixed(2)}-${to.toFixed(2)} | ${bar.padEnd(full)} ${figures[bin] ?? ''}`;
  });
}

/** One mark a piece of the file, a bit per byte each step; a blank where no sample lies. */
function sparkline({ course }: EntropyMap, most: number): string {
  const cells = course.cells();
  const marks = Math.min(most, cells.length);
  return Array.from({ length: marks }, (_, mark) => {
    const from = Math.floor((mark * cells.length) / marks);
    const to = Math.max(from + 1, Math.floor(((mark + 1) * cells.length) / marks));
    const known = cells.slice(from, to).filter((cell) => cell !== null);
    if (known.length === 0) return ' ';
    const mean = known.reduce((sum, cell) => sum + cell.mean, 0) / known.length;
    return SPARKS[Math.min(SPARKS.length - 1, Math.floor(mean))] ?? ' ';
  }).join('');
}
