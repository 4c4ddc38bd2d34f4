import { asciiJson } from '../../bytes/index.ts';
import { addToken, readTokens, removeTokens } from '../../config/tokens/index.ts';
import type { NamedToken, Role } from '../../contracts/index.ts';
import { DONE, say, WRONG, type CommandIo } from '../command-io.ts';
import { operatingSystemUser } from '../os-user.ts';

export interface CreateOptions {
  readonly role: Role;
  readonly expires?: string;
  readonly json?: boolean;
}

export async function create(
  io: CommandIo,
  tokensFile: string,
  name: string,
  options: CreateOptions,
): Promise<number> {
  const asked = { name, role: options.role, expires_at: options.expires ?? null, now: new Date() };
  const { token, entry } = await addToken(tokensFile, { ...asked, made_by: operatingSystemUser() });
  io.out(options.json === true ? `${asciiJson({ ...shown(entry), token })}\n` : `${token}\n`);
  return DONE;
}

export async function list(io: CommandIo, tokensFile: string, json: boolean): Promise<number> {
  const tokens = await readTokens(tokensFile);
  if (json) io.out(`${asciiJson(tokens.map(shown))}\n`);
  else for (const one of tokens) io.out(`${line(one)}\n`);
  if (tokens.length === 0 && !json) say(io, 'there is no named token');
  return DONE;
}

export async function revoke(
  io: CommandIo,
  tokensFile: string,
  which: string,
  json: boolean,
): Promise<number> {
  const gone = await removeTokens(tokensFile, which, { who: operatingSystemUser(), now: new Date() });
  if (json) io.out(`${asciiJson(gone.map(shown))}\n`);
  else for (const { id, name } of gone) io.out(`${id} ${name} revoked\n`);
  if (gone.length > 0) return DONE;
  say(io, `there is no token ${which}`, '`list` shows what there is');
  return WRONG;
}

function shown(token: NamedToken): Omit<NamedToken, 'sha256'> {
  const { sha256: _, ...rest } = token;
  return rest;
}

function line({ id, name, role: as, created_at: since, expires_at: until }: NamedToken): string {
  const end = until === null ? '' : `  until ${until.slice(0, 19)}Z`;
  return `${id}  ${as.padEnd(8)}  ${name}  since ${since.slice(0, 19)}Z${end}`;
}
