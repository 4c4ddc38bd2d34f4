import { asciiJson } from '../../bytes/index.ts';
import { counted, size } from '../../report/index.ts';
import type { ReviewGroup } from '../../store/index.ts';
import { DONE, say, type CommandIo } from '../command-io.ts';
import { withReader } from '../store-session.ts';

const PAGE = 500;

/** What waits for the same reasons, the largest group first. */
export async function groups(io: CommandIo, json: boolean): Promise<number> {
  let count = 0;
  if (json) io.out('[');
  await withReader(
    await io.folders(),
    async (store) => {
      for (let after: ReviewGroup | undefined; ;) {
        const page = await store.reviews.groups({ limit: PAGE, after });
        for (const group of page) {
          if (json) io.out(`${count === 0 ? '' : ','}\n${asciiJson(group)}`);
          else io.out(`${line(io, group)}\n`);
          count++;
        }
        after = page.at(-1);
        if (page.length < PAGE) return;
      }
    },
    () => undefined,
  );
  if (json) io.out('\n]\n');
  else if (count === 0) say(io, 'nothing waits for a review');
  return DONE;
}

function line(io: CommandIo, { group, reviews, bytes, oldest, rules }: ReviewGroup): string {
  const what = `${counted(reviews, 'file').padStart(12)}  ${size(bytes).padStart(8)}`;
  return `${group}  ${what}  since ${oldest.slice(0, 19)}Z  ${rules.map((rule) => io.escape(rule)).join(', ')}`;
}
