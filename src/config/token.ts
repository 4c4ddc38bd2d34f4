import { BackupLensError, inWords } from '../domain/index.ts';
import { readSmallFile } from './read-small-file.ts';

const MAX_TOKEN_BYTES = 4096;
/** RFC 6750 allows fewer; nothing here could end a header. */
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * A token as it is set: itself, or the file that holds it, which stands above. Blanks around it are no part of it. Throws
 * BL_CONFIG, which never shows it.
 */
export function readToken(
  name: 'API_TOKEN' | 'YARA_TOKEN' | 'WEBHOOK_TOKEN' | 'TICKETS_TOKEN' | 'MAIL_PASSWORD',
  { token, file }: { readonly token: string | null; readonly file: string | null },
): string | null {
  if (file === null) return token === null ? null : checked(name, token);
  try {
    return checked(`${name}_FILE`, readSmallFile(file, MAX_TOKEN_BYTES).toString());
  } catch (cause) {
    if (cause instanceof BackupLensError) throw cause;
    const where = JSON.stringify(file.slice(0, 300));
    throw new BackupLensError('BL_CONFIG', `${name}_FILE: ${where} cannot be read: ${inWords(cause)}`, {
      hint: 'name a file with the token and nothing else',
      cause,
    });
  }
}

function checked(name: string, text: string): string {
  const token = text.trim();
  if (token.length <= MAX_TOKEN_BYTES && TOKEN.test(token)) return token;
  const what = token === '' ? 'is empty' : 'is no token: blanks, or other than ASCII, or too long';
  throw new BackupLensError('BL_CONFIG', `${name} ${what}`, { hint: 'make one with: openssl rand -hex 32' });
}
