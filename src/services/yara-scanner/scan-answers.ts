import type { YaraErrorCode } from '../../contracts/index.ts';
import { HttpError } from '../../http/index.ts';
import type { FastifyRequest } from 'fastify';
import { aboutInHeaders } from './about-request.ts';
import { bodyPieces } from './body-pieces.ts';
import type { EnginePool } from './engine-pool.ts';
import { nothingToScanWith } from './nothing-to-scan-with.ts';
import type { ScanAnswer } from './scan-question.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Throws 503 when there is nothing to scan with. */
export async function needRules(pool: EnginePool): Promise<void> {
  await pool.ready();
  const nothing = nothingToScanWith(pool);
  if (nothing !== null) throw errorFor(nothing);
}

const STATUS: Readonly<Partial<Record<YaraErrorCode, number>>> = {
  busy: 503,
  no_rules: 503,
  changed: 409,
  unreadable: 404,
};

/** The 200's body, or what to throw. */
export function bodyOf(answer: ScanAnswer): Buffer {
  if (answer.ok) return answer.body;
  throw errorFor(answer);
}

function errorFor({ code, message }: Extract<ScanAnswer, { readonly ok: false }>): HttpError {
  return new HttpError(STATUS[code] ?? 500, message, code);
}

/** Scans a body in memory of at most `most` bytes. Throws what it was answered with. */
export async function scanBody(
  pool: EnginePool,
  { raw, headers }: FastifyRequest,
  most: number,
): Promise<Buffer> {
  const about = aboutInHeaders(headers);
  const { pieces, done } = await bodyPieces(raw, most);
  try {
    await needRules(pool);
    return bodyOf(await pool.scanBytes(pieces, about));
  } finally {
    done();
  }
}
