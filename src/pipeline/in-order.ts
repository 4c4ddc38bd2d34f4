/**
 * Works on up to `window` items at once and yields the results in the items' order. Nothing is pulled from the source
 * while the window is full, so memory does not grow with the number of items. Leaving early stops pulling.
 */
export async function* inOrder<Item, Result>(
  source: AsyncIterable<Item>,
  window: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const queue: Promise<{ result: Result }>[] = [];
  let pull: Promise<IteratorResult<Item>> | null = null;
  let ended = false;
  try {
    for (;;) {
      if (!ended && queue.length < window) pull ??= iterator.next();
      const head = queue[0];
      if (head === undefined && pull === null) return;
      const first = await Promise.race([
        ...(pull === null ? [] : [pull]),
        ...(head === undefined ? [] : [head]),
      ]);
      if ('result' in first) {
        void queue.shift();
        yield first.result;
        continue;
      }
      pull = null;
      if (first.done === true) ended = true;
      else queue.push(work(first.value).then((result) => ({ result })));
    }
  } finally {
    for (const waiting of queue) waiting.catch(() => undefined); // Nobody will hear them any more.
    await iterator.return?.();
  }
}
