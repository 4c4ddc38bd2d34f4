const HERE = import.meta.url;

/** Whether this is what `npm run build` makes, and no sources. */
export const IS_BUILT = !HERE.endsWith('.ts');

const ROOMS = IS_BUILT ? '/dist/' : '/src/';

/** src/, or dist/, where a room's modules lie in the parts of each program that needs them: nothing may go by its own place. */
export const PROGRAMS = new URL(HERE.slice(0, HERE.lastIndexOf(ROOMS) + ROOMS.length));

/** What starts a process or thread of ours: `pipeline/worker`. tools/bundle.ts lists them. */
export function programFile(name: string): URL {
  return new URL(`${name}.${IS_BUILT ? 'js' : 'ts'}`, PROGRAMS);
}
