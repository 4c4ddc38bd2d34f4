import type { HealthCheck } from '../../contracts/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { fail, type Examine } from './check.ts';

/** All of them side by side, in the order in which they stand. One that breaks or hangs fails, and no other with it. */
export async function examineAll(
  checks: Readonly<Record<string, Examine>>,
  deadlineMs: number,
): Promise<HealthCheck[]> {
  const found = await Promise.all(
    Object.entries(checks).map(async ([id, examine]) => within(id, examine, deadlineMs)),
  );
  return found.flat();
}

async function within(id: string, examine: Examine, deadlineMs: number): Promise<readonly HealthCheck[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly HealthCheck[]>();
  const timer = setTimeout(() => {
    const todo = 'something does not answer: look at what it looks at, and run it again';
    resolve([fail(id, `this check did not end within ${deadlineMs / 1000} s`, todo)]);
  }, deadlineMs);
  try {
    return await Promise.race([examine(), late]);
  } catch (error) {
    const todo = error instanceof BackupLensError ? error.hint : null;
    return [fail(id, inWords(error), todo ?? 'see docs/errors.md')];
  } finally {
    clearTimeout(timer);
  }
}
