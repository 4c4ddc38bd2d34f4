import { nameFromBytes } from '../../../bytes/index.ts';
import { OPERATIONS } from '../../../contracts/index.ts';
import { deleteFromQuarantine, restoreFromQuarantine } from '../../../dispose/index.ts';
import type { StoredItem } from '../../../domain/index.ts';
import { addOperation, HttpError, type Server } from '../../../http/index.ts';
import { page } from './page.ts';
import { nameOf } from './review-routes.ts';
import type { Served } from './served.ts';
import { shownPath, shownUpload } from './shown.ts';

/** What is in quarantine, the way back, and the end. */
export function addQuarantine(app: Server, { store, restoreRoots, managed }: Served): void {
  addOperation(app, OPERATIONS.listQuarantine, async ({ query }) => {
    const { limit: _, cursor: __, path, kind: found, ...filter } = query;
    const under = path === undefined ? undefined : Buffer.from(path);
    const body = await page(
      query,
      async ({ limit, last: after }) =>
        store.items.list({ ...filter, under, found, kind: 'quarantine', limit, after }),
      shownItem,
    );
    return body;
  });
  addOperation(app, OPERATIONS.getQuarantined, async ({ params: { id } }) => {
    const item = await quarantined(id);
    const { mode, uid, gid, mtime_ns, nlink } = item.facts;
    const file = item.file === null ? null : await store.files.get(item.file);
    const scan = file === null || file.scan === null ? null : await store.scans.get(file.scan);
    const body = {
      ...shownItem(item),
      mode,
      uid,
      gid,
      mtime: new Date(Number(BigInt(mtime_ns) / 1_000_000n)).toISOString(),
      other_names: Math.max(0, nlink - 1),
      upload: shownUpload(await store.uploads.at(item.origin)),
      result: scan?.result ?? null,
    };
    return body;
  });
  addOperation(app, OPERATIONS.restoreQuarantined, async ({ params: { id }, body, who, request }) => {
    const { to, keep, with_privileges: withPrivileges, reason = null } = body;
    const restored = await restoreFromQuarantine({
      ledger: store.ledger,
      item: id,
      roots: restoreRoots,
      managed,
      who: nameOf(who, request.headers),
      why: reason,
      keep,
      withPrivileges,
      ...(to === undefined ? {} : { to }),
    });
    if (restored.status === 'missing') throw noItem();
    if (restored.status === 'damaged') {
      throw new HttpError(409, `it is damaged, and was not restored: ${restored.reason}`, 'damaged');
    }
    const { location, sha256, size } = restored;
    return { id, location: nameFromBytes(location), sha256, size, kept: keep };
  });
  addOperation(app, OPERATIONS.deleteQuarantined, async ({ params: { id }, body, who, request }) => {
    const { reason = 'over the API, without a reason' } = body;
    const asked = { ledger: store.ledger, item: id, who: nameOf(who, request.headers), reason };
    if (!(await deleteFromQuarantine(asked))) throw noItem();
    return { id, deleted: true as const };
  });

  async function quarantined(id: string): Promise<StoredItem> {
    const item = await store.ledger.item(id);
    if (item === null || item.kind !== 'quarantine') throw noItem();
    return item;
  }
}

function shownItem({ id, file, origin, location, facts }: StoredItem) {
  const { size, sha256, taken_at, decision, verdict, score, reasons, rules } = facts;
  return {
    id,
    file,
    ...shownPath(origin),
    location: nameFromBytes(location),
    size,
    sha256,
    taken_at,
    decision,
    verdict,
    score,
    reasons: [...reasons],
    rules: [...rules],
  };
}

function noItem(): HttpError {
  return new HttpError(404, 'there is no such item in quarantine');
}
