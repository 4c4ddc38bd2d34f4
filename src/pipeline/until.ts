/** The source's items until the signal is aborted, even while the source has nothing to give. */
export async function* until<Item>(
  signal: AbortSignal,
  source: AsyncIterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  // One listener that wakes whoever waits now: a race against one lasting promise would keep every item ever met.
  let wake: (() => void) | null = null;
  const onAbort = (): void => wake?.();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const next = await new Promise<IteratorResult<Item> | null>((resolve, reject) => {
        wake = () => resolve(null);
        iterator.next().then(resolve, reject);
      });
      if (next === null || next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a source that waits for input would only hear of it after the next item.
    void iterator.return?.();
  }
}
