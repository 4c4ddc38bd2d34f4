import type { YaraReload } from '../../contracts/index.ts';
import { HttpError, type Server } from '../../http/index.ts';
import type { Log } from '../../observe/index.ts';
import type { Reloader } from './reload.ts';
import type { ScannerMetrics } from './scanner-metrics.ts';

/**
 * `POST /reload`, with no body, or with `{"force": true}` (also `?force=true`) for rules that have become far fewer.
 * 500 when the rules that were loaded stay in force.
 */
export async function addReload(
  app: Server,
  {
    reloader,
    log,
    metrics,
  }: { readonly reloader: Reloader; readonly log: Log; readonly metrics: ScannerMetrics },
): Promise<void> {
  await app.register(async (reloads) => {
    reloads.removeAllContentTypeParsers();
    reloads.addContentTypeParser(
      ['application/json', 'application/x-www-form-urlencoded'],
      { parseAs: 'buffer' },
      (_request, body, done) => done(null, body),
    );
    reloads.post('/reload', async (request, reply) => {
      const force = isForced(request.query) || isForced(bodyOf(request.body));
      const reloaded = await reloader.reload(force);
      metrics.reloaded(reloaded.ok);
      if (!reloaded.ok) {
        log.error('the rules are not reloaded', { force, untrusted: { why: reloaded.message } });
        return reply.code(500).send({ success: false, message: reloaded.message } satisfies YaraReload);
      }
      const { report, rejected, from, cacheTrouble } = reloaded.rules;
      const { rules, ruleFiles } = report;
      log.info('the rules are reloaded', {
        force,
        changed: reloaded.changed,
        from,
        rules,
        rule_files: ruleFiles,
        rejected: rejected.length,
        ...(cacheTrouble === null ? {} : { untrusted: { cache: cacheTrouble } }),
      });
      const message = reloaded.changed ? 'the rules are in force' : 'the rules have not changed';
      return reply.send({
        success: true,
        message,
        rule_count: rules,
        rule_files: ruleFiles,
        rejected: [...rejected],
      } satisfies YaraReload);
    });
  });
}

/** curl sends an empty form by default. */
function bodyOf(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) return null;
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new HttpError(400, 'the body has to be JSON, or empty', 'bad_request');
  }
}

function isForced(given: unknown): boolean {
  if (typeof given !== 'object' || given === null || !('force' in given)) return false;
  return given.force === true || given.force === 'true' || given.force === '1';
}
