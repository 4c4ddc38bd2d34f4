/**
 * What of the shown output is not in the real one. Of JSON the names of its keys have to be there; of other lines everything but
 * figures, sizes, times and hashes. `…` stands for anything.
 */
export function notInOutput(shown: readonly string[], real: string): readonly string[] {
  const lines = new Set(real.split('\n').map(shapeOf));
  return shown.flatMap((line) => {
    const json = /^\s*\{?"\w+":|^\s*"\w+":/.test(line);
    if (json) return keysOf(line).filter((key) => !real.includes(`"${key}":`));
    const field = /^(\w+): .*…/.exec(line)?.[1] ?? /^(\w+): (?:\d+|\{.*)$/.exec(line)?.[1];
    if (field !== undefined) return new RegExp(`^${field}: `, 'm').test(real) ? [] : [line];
    if (line.trim() === '' || line.includes('…') || lines.has(shapeOf(line))) return [];
    return [line];
  });
}

function keysOf(line: string): readonly string[] {
  return [...line.matchAll(/"(\w+)":/g)].map(([, key]) => key ?? '');
}

function shapeOf(line: string): string {
  return line
    .replaceAll(/\d[\d.,]*/g, 'N')
    .replaceAll(/\bN (?:[KMGT]i)?B\b/g, 'SIZE')
    .replaceAll(/\bN (file|artifact|container|decision)s?\b/g, 'N $1s')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
