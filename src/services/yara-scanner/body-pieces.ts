import type { IncomingMessage } from 'node:http';
import { HttpError } from '../../http/index.ts';

/** Of bodies that are arriving, or wait for an engine, in memory: many times what engines take at a time. */
const MAX_HELD_BYTES = 256 * 1024 * 1024;

let held = 0;

/**
 * A body in memory, in the pieces in which it came, which belong to the caller until `done` is called. The pieces are not put
 * together: that would copy each once more. Throws 413 past `most`, 503 when too much is held already, 400 when it
 * breaks off.
 */
export async function bodyPieces(raw: IncomingMessage, most: number): Promise<HeldBody> {
  // Node's parser holds a body to the length that it announces; one that does not is counted as the largest.
  const announced = Number(raw.headers['content-length'] ?? most);
  if (announced > most) throw tooLarge();
  if (held + announced > MAX_HELD_BYTES) throw new HttpError(503, 'too many bodies at a time', 'busy');
  held += announced;
  let over = false;
  const done = (): void => {
    if (!over) held -= announced;
    over = true;
  };
  try {
    return { pieces: await piecesOf(raw, most), done };
  } catch (error) {
    done();
    throw error;
  }
}

export interface HeldBody {
  readonly pieces: readonly Buffer[];
  readonly done: () => void;
}

/** Events: iterating costs as much as scanning a small file. */
function piecesOf(raw: IncomingMessage, most: number): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    raw.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length > most) reject(tooLarge());
      else pieces.push(piece);
    });
    let ended = false;
    raw.once('end', () => {
      ended = true;
      resolve(pieces);
    });
    raw.once('error', reject);
    // Only then: an error with its stack for every body is a tenth of what one costs.
    raw.once('close', () => {
      if (!ended) reject(new HttpError(400, 'the body broke off', 'bad_request'));
    });
  });
}

function tooLarge(): HttpError {
  return new HttpError(413, 'the body is too large', 'bad_request');
}
