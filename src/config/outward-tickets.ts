import { BackupLensError, inWords, isLoopback } from '../domain/index.ts';
import type { PlainSettings } from './plain-settings.ts';
import { readSmallFile } from './read-small-file.ts';
import { readToken } from './token.ts';

type Kind = 'github' | 'gitlab' | 'jira' | 'servicenow';

export interface TicketsSettings {
  readonly kind: Kind;
  readonly url: string;
  readonly token: string;
  readonly user: string | null;
  readonly project: string | null;
  readonly type: string;
  readonly template: string | null;
  readonly within_ms: number;
}

const MAX_TEMPLATE_BYTES = 64 * 1024;

/** null: none are kept. Throws BL_CONFIG, which shows no secret. */
export function ticketsSettings(config: PlainSettings): TicketsSettings | null {
  const kind = config.tickets.value;
  const given = config.ticketsUrl.value?.reveal() ?? null;
  if (kind === null && given === null) return null;
  if (kind === null)
    throw wrong('TICKETS_URL is set, and TICKETS is not', 'say whose API that is: TICKETS=github');
  if (given === null)
    throw wrong('TICKETS is set, and TICKETS_URL is not', 'docs/tickets.md has one for each tracker');
  const token = readToken('TICKETS_TOKEN', {
    token: config.ticketsToken.value?.reveal() ?? null,
    file: config.ticketsTokenFile.value,
  });
  if (token === null)
    throw wrong('TICKETS is set without a token', 'name a file with it: TICKETS_TOKEN_FILE');
  if (kind === 'jira' && config.ticketsProject.value === null)
    throw wrong('TICKETS=jira without a project', 'name its key: TICKETS_PROJECT=SEC');
  const url = new URL(given);
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw wrong(
      'TICKETS_URL holds more than an address',
      'tokens have their own variable, TICKETS_TOKEN_FILE',
    );
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw wrong('TICKETS_URL would carry the token unencrypted', 'use https://');
  return {
    kind,
    url: given.replace(/\/+$/, ''),
    token,
    user: config.ticketsUser.value,
    project: config.ticketsProject.value,
    type: config.ticketsType.value ?? (kind === 'servicenow' ? 'incident' : 'Task'),
    template: config.ticketsTemplate.value === null ? null : templateAt(config.ticketsTemplate.value),
    within_ms: config.ticketsWithin.value,
  };
}

function templateAt(file: string): string {
  try {
    return readSmallFile(file, MAX_TEMPLATE_BYTES).toString();
  } catch (cause) {
    const where = JSON.stringify(file.slice(0, 300));
    throw wrong(
      `TICKETS_TEMPLATE: ${where} cannot be read: ${inWords(cause)}`,
      'it is text of at most 64 KiB',
    );
  }
}

function wrong(message: string, hint: string): BackupLensError {
  return new BackupLensError('BL_CONFIG', message, { hint });
}
