import { MARKDOWN } from './markup.ts';
import type { Asking } from './ask.ts';
import { field, listOf, type TrackerSettings } from './settings.ts';
import type { Tracker } from './tracker.ts';

/** GitHub issues, REST API 2022-11-28; the address is that of the repository: https://api.github.com/repos/OWNER/NAME. */
export function github({ url }: TrackerSettings, asking: Asking): Tracker {
  const at = (path: string): URL => new URL(`${url}/issues${path}`);
  return {
    markup: MARKDOWN,
    find: async (key) => {
      const page = at('');
      page.search = new URLSearchParams({ state: 'open', labels: key, per_page: '1' }).toString();
      const [found] = listOf(await asking.ask('GET', page));
      return found === undefined ? null : { id: field(found, 'number') };
    },
    create: async (key, { title, body }) => ({
      id: field(await asking.ask('POST', at(''), { title, body, labels: ['backuplens', key] }), 'number'),
    }),
    update: async ({ id }, { title, body }) => {
      await asking.ask('PATCH', at(`/${id}`), { title, body });
    },
    close: async ({ id }, words) => {
      await asking.ask('POST', at(`/${id}/comments`), { body: words });
      await asking.ask('PATCH', at(`/${id}`), { state: 'closed', state_reason: 'completed' });
    },
  };
}

/** What it is asked with. */
export function githubHeaders({ token }: TrackerSettings): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    'user-agent': 'backuplens',
  };
}
