import { setTimeout as delay } from 'node:timers/promises';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2000;

/** A scanner with too much to do is asked again and again, so we slow down: nothing is lost as long as somebody waits for it. */
export async function askWhileBusy<Answer>(
  busyMs: number,
  closed: AbortSignal,
  ask: () => Promise<{ readonly answer: Answer; readonly busy: boolean }>,
): Promise<Answer> {
  const until = performance.now() + busyMs;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, 2 * wait)) {
    const { answer, busy } = await ask();
    if (!busy || performance.now() + wait > until) return answer;
    await delay(wait, undefined, { signal: closed }).catch(() => {});
  }
}
