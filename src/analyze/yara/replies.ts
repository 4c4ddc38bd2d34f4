import type { GapReason } from '../../domain/index.ts';
import { parseError, parseReply, type ParsedReply } from './scan-reply.ts';
import type { Reply } from './scanner-client.ts';

/** What a scanner's words mean for an artifact. */

export type Found = Reply & Pick<Partial<ParsedReply>, 'file'>;

export function foundIn(text: string): Found {
  const found = parseReply(text);
  if (found === null)
    return { ok: false, reason: 'engine_failed', detail: 'the YARA scanner answered nonsense' };
  return { ok: true, ...found };
}

/** `status`: HTTP's; null where there is none. */
export function refused(status: number | null, text: string): Reply {
  const { message, code } = parseError(text);
  if (code === 'no_rules' || (code === null && status === 503 && /no rules/i.test(message))) {
    return { ok: false, reason: 'engine_unavailable', detail: 'no rules are loaded' };
  }
  if (code === 'timed_out' || code === 'changed' || code === 'unreadable') {
    return { ok: false, reason: code, detail: `YARA: ${message}` };
  }
  const hint = status === 401 ? ' (YARA_TOKEN_FILE)' : '';
  const answered = status === null ? '' : ` ${status}`;
  return {
    ok: false,
    reason: 'engine_failed',
    detail: `the YARA scanner answered${answered}: ${message}${hint}`,
  };
}

/** No answer came. */
export function failed(error: unknown, code: string, reason: GapReason): Reply {
  const what = code || (error instanceof Error ? error.message : 'unknown fault');
  const detail = isRefusal(code) ? `the YARA scanner is away: ${what}` : `the YARA scanner failed: ${what}`;
  return { ok: false, reason, detail: detail.slice(0, 300) };
}

/** Nobody was there: not a byte of the artifact was sent. */
export function isRefusal(code: string): boolean {
  return REFUSED.has(code);
}

const REFUSED = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
