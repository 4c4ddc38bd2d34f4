import { Damaged } from '../trouble.ts';

const MORE = /^There are some data after the end of the payload data[^;]*$/;

/** What 7-Zip complains of when compressed data end before the stream does. What comes before the end is fine: that there is more is for the caller to deal with. */
export async function* upToTheEnd(
  content: AsyncGenerator<Buffer, void, undefined>,
  state: { more: boolean },
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* content;
  } catch (error) {
    if (!(error instanceof Damaged) || !MORE.test(error.message)) throw error;
    state.more = true;
  }
}
