import { MARKDOWN } from './markup.ts';
import type { Asking } from './ask.ts';
import { field, listOf, type TrackerSettings } from './settings.ts';
import type { Tracker } from './tracker.ts';

/** GitLab issues, API v4; the address is that of the project: https://HOST/api/v4/projects/ID. */
export function gitlab({ url }: TrackerSettings, asking: Asking): Tracker {
  const at = (path: string): URL => new URL(`${url}/issues${path}`);
  return {
    markup: MARKDOWN,
    find: async (key) => {
      const page = at('');
      page.search = new URLSearchParams({ state: 'opened', labels: key, per_page: '1' }).toString();
      const [found] = listOf(await asking.ask('GET', page));
      return found === undefined ? null : { id: field(found, 'iid') };
    },
    create: async (key, { title, body }) => ({
      id: field(
        await asking.ask('POST', at(''), { title, description: body, labels: `backuplens,${key}` }),
        'iid',
      ),
    }),
    update: async ({ id }, { title, body }) => {
      await asking.ask('PUT', at(`/${id}`), { title, description: body });
    },
    close: async ({ id }, words) => {
      await asking.ask('POST', at(`/${id}/notes`), { body: words });
      await asking.ask('PUT', at(`/${id}`), { state_event: 'close' });
    },
  };
}

export function gitlabHeaders({ token }: TrackerSettings): Record<string, string> {
  return { 'private-token': token, 'user-agent': 'backuplens' };
}
