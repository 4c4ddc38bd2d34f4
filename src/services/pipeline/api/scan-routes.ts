import multipart from '@fastify/multipart';
import { nameFromBytes } from '../../../bytes/index.ts';
import { engines as enginesSchema, OPERATIONS } from '../../../contracts/index.ts';
import {
  addOperation,
  FORM_BYTES,
  formFile,
  formLimits,
  HttpError,
  noFile,
  tooLarge,
  type Server,
} from '../../../http/index.ts';
import type { Store, WatchedFile } from '../../../store/index.ts';
import { page } from './page.ts';
import type { Served } from './served.ts';
import { shownPath, shownScan, shownUpload } from './shown.ts';

/** Scans, and files that are to be scanned. */
export async function addScans(app: Server, served: Served): Promise<void> {
  const { store } = served;
  addOperation(app, OPERATIONS.listScans, async ({ query }) => {
    const { path, limit: _, cursor: __, ...filter } = query;
    const under = path === undefined ? undefined : Buffer.from(path);
    const body = await page(
      query,
      async ({ limit, last: before }) => store.scans.list({ filter: { ...filter, under }, limit, before }),
      shownScan,
    );
    return body;
  });
  addOperation(app, OPERATIONS.getScan, async ({ params: { id } }) => {
    const file = await store.files.get(id);
    const scan = await store.scans.get(file?.scan ?? id);
    if (scan !== null) return await finished(store, scan);
    if (file !== null) return await pending(store, file);
    throw new HttpError(404, 'there is no such scan');
  });
  // Apart: nothing else takes a form.
  await app.register(async (form) => {
    form.removeAllContentTypeParsers();
    await form.register(multipart, { limits: formLimits(served.maxUploadBytes) });
    addUpload(form, served);
  });
}

function addUpload(app: Server, { store, uploads, maxUploadBytes }: Served): void {
  addOperation(app, OPERATIONS.uploadScan, async ({ request, who }) => {
    if (!request.isMultipart()) throw noFile();
    // Node lets what is still on its way run into nothing: a connection that is cut would hide the answer.
    if (Number(request.headers['content-length'] ?? 0) > maxUploadBytes + FORM_BYTES) throw tooLarge();
    const { filename, stream } = await formFile(request, maxUploadBytes);
    const { file, size, sha256 } = await uploads.take(who.name, filename, stream);
    return { ...(await pending(store, file)), size, sha256 };
  });
}

async function pending(store: Store, { id, path, state, accepted_at }: WatchedFile) {
  const status = state === 'waiting' || state === 'scanning' ? state : ('ended' as const);
  const upload = shownUpload(await store.uploads.at(path));
  return { id, file: id, status, ...shownPath(path), accepted_at, upload };
}

async function finished(store: Store, scan: NonNullable<Awaited<ReturnType<Store['scans']['get']>>>) {
  const { result, engines, ...summary } = scan;
  const file = await store.files.get(scan.file);
  const known = enginesSchema.safeParse(engines);
  return {
    ...shownScan(summary),
    state: file?.state ?? 'forgotten',
    location: file === null || file.location === null ? null : nameFromBytes(file.location),
    upload: shownUpload(await store.uploads.at(scan.path)),
    engines: known.success ? known.data : null,
    result,
  };
}
