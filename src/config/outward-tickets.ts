import { BackupLensError, inWords, isLoopback } from '../domain/index.ts';
import type { Given } from './environment.ts';
import { readSmallFile } from './read-small-file.ts';
import { secret, type Secret } from './secret.ts';
import { firstOf, type Setting } from './setting.ts';
import { readToken } from './token.ts';

type Kind = 'github' | 'gitlab' | 'jira' | 'servicenow';

/** Where tickets are kept. */
export interface TicketsConfig {
  readonly kind: Setting<Kind | null>;
  readonly url: Setting<Secret | null>;
  readonly token: Setting<Secret | null>;
  readonly tokenFile: Setting<string | null>;
  readonly user: Setting<string | null>;
  readonly project: Setting<string | null>;
  /** null: as the tracker has it. */
  readonly type: Setting<string | null>;
  readonly template: Setting<string | null>;
  readonly within: Setting<number>;
}

type Path = (setting: Setting<string> | null) => Setting<string | null>;

export function loadTickets(given: Given, path: Path): TicketsConfig {
  return {
    kind: firstOf<Kind | null>(null, given.TICKETS),
    url: secret(given.TICKETS_URL),
    token: secret(given.TICKETS_TOKEN),
    tokenFile: path(given.TICKETS_TOKEN_FILE),
    user: firstOf<string | null>(null, given.TICKETS_USER),
    project: firstOf<string | null>(null, given.TICKETS_PROJECT),
    type: firstOf<string | null>(null, given.TICKETS_TYPE),
    template: path(given.TICKETS_TEMPLATE),
    within: firstOf(20_000, given.TICKETS_WITHIN),
  };
}

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
export function ticketsSettings(config: TicketsConfig): TicketsSettings | null {
  const kind = config.kind.value;
  const given = config.url.value?.reveal() ?? null;
  if (kind === null && given === null) return null;
  if (kind === null)
    throw wrong('TICKETS_URL is set, and TICKETS is not', 'say whose API that is: TICKETS=github');
  if (given === null)
    throw wrong('TICKETS is set, and TICKETS_URL is not', 'docs/tickets.md has one for each tracker');
  const token = readToken('TICKETS_TOKEN', {
    token: config.token.value?.reveal() ?? null,
    file: config.tokenFile.value,
  });
  if (token === null)
    throw wrong('TICKETS is set without a token', 'name a file with it: TICKETS_TOKEN_FILE');
  if (kind === 'jira' && config.project.value === null)
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
    user: config.user.value,
    project: config.project.value,
    type: config.type.value ?? (kind === 'servicenow' ? 'incident' : 'Task'),
    template: config.template.value === null ? null : templateAt(config.template.value),
    within_ms: config.within.value,
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
