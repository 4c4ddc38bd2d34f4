export interface Bounds<Result> {
  /** Items under way or waiting for their turn. */
  readonly window: number;
  /** What a finished result weighs while it waits for its turn; together they stay near `weight`. */
  readonly weigh: (result: Result) => number;
  readonly weight: number;
}

/**
 * Works on several items at once and yields the results in the items' order. Nothing is pulled from the source while
 * the window is full or what waits is too heavy, so memory does not grow with the number of items. Leaving early
 * stops pulling.
 */
export async function* inOrder<Item, Result>(
  source: AsyncIterable<Item>,
  { window, weigh, weight }: Bounds<Result>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const queue: Promise<{ result: Result }>[] = [];
  let pull: Promise<IteratorResult<Item>> | null = null;
  let ended = false;
  let waiting = 0;
  try {
    for (;;) {
      if (!ended && queue.length < window && waiting <= weight) pull ??= iterator.next();
      const head = queue[0];
      if (head === undefined && pull === null) return;
      const first = await Promise.race([
        ...(pull === null ? [] : [pull]),
        ...(head === undefined ? [] : [head]),
      ]);
      if ('result' in first) {
        void queue.shift();
        waiting -= weigh(first.result);
        yield first.result;
        continue;
      }
      pull = null;
      if (first.done === true) ended = true;
      else {
        const finished = work(first.value).then((result) => {
          waiting += weigh(result);
          return { result };
        });
        finished.catch(() => undefined); // It is heard when its turn comes.
        queue.push(finished);
      }
    }
  } finally {
    await iterator.return?.();
  }
}
