import type { Externals } from '../../analyze/yara/load-engine.ts';
import { HttpError, type Server } from '../../http/index.ts';
import { aboutInHeaders, aboutPath } from './about-request.ts';
import type { EnginePool } from './engine-pool.ts';
import { needRules, JSON_TYPE } from './scan-answers.ts';
import { openBelow, realRoots } from './scan-roots.ts';
import { scanShared } from './scan-shared.ts';
import { scanWhole } from './scan-whole.ts';
import { fieldsOf, sharedWindowRequest } from './window-request.ts';

export interface ScanFileOptions {
  readonly pool: EnginePool;
  readonly scanRoots: readonly string[];
}

/**
 * The public `/scan-file`: a path below the roots. All of the file; or, for an asker who names the file that it has open
 * itself, a part of it, and the proof that it is the same one.
 */
export async function addScanFile(app: Server, { pool, scanRoots }: ScanFileOptions): Promise<void> {
  await app.register(async (files) => {
    files.removeAllContentTypeParsers();
    files.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    files.post('/scan-file', async (request, reply) => {
      const fields = fieldsOf(request.body);
      const { path } = fields;
      if (typeof path !== 'string' || path === '' || path.includes('\0')) {
        throw new HttpError(400, 'path has to be the text of a path', 'bad_request');
      }
      const window = fields.nonce === undefined ? null : sharedWindowRequest(fields);
      const about: Externals = { ...aboutPath(path), ...aboutInHeaders(request.headers) };
      const { real, handle } = await openBelow(await realRoots(scanRoots), path);
      try {
        await needRules(pool);
        const file = { path: real, handle, about };
        const body = window === null ? scanWhole(pool, file) : scanShared(pool, file, window);
        return await reply.type(JSON_TYPE).send(await body);
      } finally {
        await handle.close();
      }
    });
  });
}
