/** Runs `close` once, at SIGTERM or SIGINT or when told; the process then ends within the deadline, finished or not. */
export function onceTold(close: () => Promise<void>, deadlineMs: number): () => void {
  let told = false;
  const end = (): void => {
    if (told) return;
    told = true;
    setTimeout(() => process.exit(1), deadlineMs).unref();
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  return end;
}
