import { Damaged, Trouble } from '../trouble.ts';
import { treePage, type Cell, type TreePage } from './cells.ts';
import type { PageFile } from './page-file.ts';

/** SQLite itself goes no deeper. */
const MAX_DEPTH = 20;

/**
 * Every record of one table or index, page by page. `damaged` is told of what cannot be read; the rest goes on.
 * Memory: the page numbers of one page a level.
 */
export async function* cellsOf(
  root: number,
  file: PageFile,
  signal: AbortSignal,
  damaged: (detail: string) => void,
): AsyncGenerator<Cell, void, undefined> {
  const levels: number[][] = [[root]];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const number = level.shift();
    if (number === undefined) {
      levels.pop();
      continue;
    }
    signal.throwIfAborted();
    let page: TreePage;
    try {
      page = await pageOf(number, file);
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      damaged(error.message);
      continue;
    }
    if (page.damage !== null) damaged(`page ${number} holds ${page.damage}`);
    yield* page.cells;
    if (levels.length <= MAX_DEPTH) levels.push([...page.children]);
    else if (page.children.length > 0) damaged(`nested more than ${MAX_DEPTH} pages deep`);
  }
}

async function pageOf(number: number, file: PageFile): Promise<TreePage> {
  if (!file.take(number)) {
    throw new Damaged(
      number >= 1 && number <= file.pages
        ? `page ${number} is used twice`
        : `page ${number} is not in the file`,
    );
  }
  const bytes = await file.page(number);
  if (bytes === null) throw new Damaged(`page ${number} is not in the file`);
  return treePage(bytes, number, file);
}
