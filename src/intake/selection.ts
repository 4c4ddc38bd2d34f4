import picomatch from 'picomatch';

/** Which paths below the given ones are wanted. */
export interface Selection {
  /** There are no patterns: every path is wanted. */
  readonly everything: boolean;
  /** False for a folder means that nothing below it is looked at. `relative` is below the given path. */
  wanted(relative: string, kind: 'file' | 'folder'): boolean;
}

/**
 * `--include` and `--exclude` patterns: `*`, `**`, `?`, `[…]`, `{a,b}`. One without a slash is matched against the
 * name alone. With includes, only files that match one are wanted; an exclude always wins.
 */
export function selection(include: readonly string[], exclude: readonly string[]): Selection {
  const included = include.length === 0 ? () => true : anyOf(include);
  const excluded = exclude.length === 0 ? () => false : anyOf(exclude);
  return {
    everything: include.length + exclude.length === 0,
    wanted: (relative, kind) => !excluded(relative) && (kind === 'folder' || included(relative)),
  };
}

/** Whether a path fits one of the patterns; one without a slash is matched against the name alone. */
export function anyOf(patterns: readonly string[]): (path: string) => boolean {
  const matchers = patterns.map((pattern) =>
    picomatch(pattern.replace(/\/+$/, ''), {
      dot: true,
      basename: !pattern.replace(/\/+$/, '').includes('/'),
    }),
  );
  return (path) => matchers.some((matches) => matches(path));
}
