import type { Asking } from './ask.ts';
import { PLAIN } from './markup.ts';
import { field, listOf, member, type TrackerSettings } from './settings.ts';
import type { Tracker } from './tracker.ts';

/** As ServiceNow delivers it: 6 is "Resolved". */
const RESOLVED = '6';
const CLOSE_CODE = 'Solution provided';

/** ServiceNow incidents, Table API; the address is that of the instance: https://NAME.service-now.com. */
export function servicenow({ url, type }: TrackerSettings, asking: Asking): Tracker {
  const table = type.toLowerCase();
  const at = (path: string): URL => new URL(`${url}/api/now/table/${table}${path}`);
  return {
    markup: PLAIN,
    find: async (key) => {
      const page = at('');
      page.search = new URLSearchParams({
        sysparm_query: `correlation_id=${key}^active=true^stateNOT IN${RESOLVED},7,8`,
        sysparm_fields: 'sys_id',
        sysparm_limit: '1',
      }).toString();
      const [found] = listOf(member(await asking.ask('GET', page), 'result'));
      return found === undefined ? null : { id: field(found, 'sys_id') };
    },
    create: async (key, { title, body }) => ({
      id: field(
        member(
          await asking.ask('POST', at(''), {
            short_description: title,
            description: body,
            correlation_id: key,
            correlation_display: 'BackupLens',
          }),
          'result',
        ),
        'sys_id',
      ),
    }),
    update: async ({ id }, { title, body }) => {
      await asking.ask('PATCH', at(`/${id}`), { short_description: title, description: body });
    },
    close: async ({ id }, words) => {
      await asking.ask('PATCH', at(`/${id}`), {
        state: RESOLVED,
        close_code: CLOSE_CODE,
        close_notes: words,
      });
    },
  };
}

export function servicenowHeaders({ user, token }: TrackerSettings): Record<string, string> {
  const authorization =
    user === null ? `Bearer ${token}` : `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
  return { authorization, 'user-agent': 'backuplens' };
}
