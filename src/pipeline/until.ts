/** The source's items until the signal is aborted, even while the source has nothing to give. */
export async function* until<Item>(
  signal: AbortSignal,
  source: AsyncIterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  while (!signal.aborted) {
    const next = await Promise.race([iterator.next(), aborted]);
    if (next === null) break;
    if (next.done === true) return;
    yield next.value;
  }
  // Not awaited: a source that waits for input would only hear of it after the next item.
  void iterator.return?.();
}
