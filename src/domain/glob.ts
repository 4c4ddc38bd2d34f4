/**
 * True when the whole of `path` fits `pattern`: `*` is any run of characters but `/`, `?` one character but `/`,
 * `**` any run at all, and `**` followed by `/` at the start of a name any number of whole folders, none included.
 * Everything else stands for itself, capitals too. All positions of the pattern advance together, so the time is
 * the product of both lengths at worst, whatever a hostile name holds.
 */
export function matches(pattern: string, path: string): boolean {
  const steps = compile(pattern);
  let active = new Uint8Array(steps.length + 1);
  enter(steps, active, 0);
  for (const char of path) {
    const next = new Uint8Array(steps.length + 1);
    let alive = false;
    for (const [at, step] of steps.entries()) {
      if (active[at] !== 1) continue;
      alive = advance(steps, next, at, step, char) || alive;
    }
    if (!alive) return false;
    active = next;
  }
  return active[steps.length] === 1;
}

type Step =
  | { readonly is: 'char'; readonly char: string }
  | { readonly is: 'one' }
  | { readonly is: 'run' }
  | { readonly is: 'any' }
  /** The start of `**` + `/`: nothing at all, or a folder. */
  | { readonly is: 'folders' }
  /** Within such a folder's name. */
  | { readonly is: 'folder' };

function compile(pattern: string): readonly Step[] {
  const steps: Step[] = [];
  const chars = Array.from(pattern);
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '?') steps.push({ is: 'one' });
    else if (char !== '*') steps.push({ is: 'char', char });
    else if (chars[at + 1] !== '*') steps.push({ is: 'run' });
    else {
      const startsName = at === 0 || chars[at - 1] === '/';
      while (chars[at + 1] === '*') at++;
      if (startsName && chars[at + 1] === '/') {
        steps.push({ is: 'folders' }, { is: 'folder' });
        at++;
      } else steps.push({ is: 'any' });
    }
  }
  return steps;
}

/** Marks `at`, and every later step that can be reached from it without a character. */
function enter(steps: readonly Step[], active: Uint8Array, at: number): void {
  for (let next = at; active[next] !== 1;) {
    active[next] = 1;
    const step = steps[next];
    if (step === undefined) return;
    if (step.is === 'folders') {
      active[next + 1] = 1;
      next += 2;
    } else if (step.is === 'run' || step.is === 'any') next += 1;
    else return;
  }
}

/** Marks in `next` where `char` leads from step `at`; false when it leads nowhere. */
function advance(steps: readonly Step[], next: Uint8Array, at: number, step: Step, char: string): boolean {
  // 'folders' takes no character itself: the 'folder' step beside it, active whenever it is, does.
  if (step.is === 'folders') return false;
  if (step.is === 'folder') {
    next[at] = 1;
    if (char === '/') enter(steps, next, at + 1);
    return true;
  }
  const takes = step.is === 'char' ? char === step.char : step.is === 'any' || char !== '/';
  if (takes) enter(steps, next, step.is === 'char' || step.is === 'one' ? at + 1 : at);
  return takes;
}
