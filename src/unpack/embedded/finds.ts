import type { Container, FormatSink } from '../format.ts';

/** Archives that are tried in one file: all that follows each goes past the engines once more. */
export const MAX_FINDS = 4;

/** What was found behind something else, and turned out to be none: what to do then. */
export class Finds {
  readonly #again: NonNullable<Container['again']> | null;
  readonly #sink: FormatSink;
  #count = 0;

  constructor({ again = null }: Pick<Container, 'again'>, sink: FormatSink) {
    this.#again = again;
    this.#sink = sink;
  }

  /** Examines the archive at `at`; resolves to the bytes behind its first one, if the search must go on there. */
  async take(
    at: number,
    content: AsyncIterable<Buffer>,
  ): Promise<AsyncGenerator<Buffer, void, undefined> | null> {
    const fate = await this.#sink.member({ name: `(archive at ${at})`, size: null, content, from: at });
    if (fate !== 'damaged') return null;
    if (this.#again !== null && ++this.#count < MAX_FINDS) return this.#again.stream(at + 1);
    if (this.#again === null) {
      const detail = `the archive at ${at} is damaged: what stands behind it streamed past, and was not searched for another`;
      this.#sink.gap('unsupported_format', detail);
    } else {
      const detail = `${MAX_FINDS} archives that were found in it are damaged, the last at ${at}: not searched for more`;
      this.#sink.gap('budget_exceeded', detail);
    }
    return null;
  }
}
