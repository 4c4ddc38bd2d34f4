/** After a start: whoever restarts it every day would otherwise never have an update. */
const FIRST_MS = 60_000;

/** Has `update` done a minute from now and then every so often, whatever becomes of it, until what it returns is called. */
export function schedule(everyMs: number, update: () => Promise<void>): () => void {
  const run = (): void => void update();
  let every: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    run();
    every = setInterval(run, everyMs);
  }, FIRST_MS);
  return () => {
    clearTimeout(first);
    clearInterval(every);
  };
}
