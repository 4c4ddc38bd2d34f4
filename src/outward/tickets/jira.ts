import { Refused, type Asking } from './ask.ts';
import { WIKI } from './markup.ts';
import { field, listOf, member, type TrackerSettings } from './settings.ts';
import type { Tracker } from './tracker.ts';

/** Jira, REST API 2, in the cloud and in a data centre; the address is that of the site: https://NAME.atlassian.net. */
export function jira({ url, project, type }: TrackerSettings, asking: Asking): Tracker {
  const at = (path: string): URL => new URL(`${url}/rest/api/2${path}`);
  const search = async (path: string, key: string): Promise<unknown> => {
    const page = at(path);
    // Key and project are ours; both are quoted all the same.
    const jql = `project = "${project}" AND labels = "${key}" AND statusCategory != Done ORDER BY created ASC`;
    page.search = new URLSearchParams({ jql, maxResults: '1', fields: 'status' }).toString();
    return asking.ask('GET', page, undefined, true);
  };
  return {
    markup: WIKI,
    find: async (key) => {
      // The cloud has only the first, a data centre only the second.
      const answer = (await search('/search/jql', key)) ?? (await search('/search', key));
      const [found] = listOf(member(answer, 'issues'));
      return found === undefined ? null : { id: field(found, 'key') };
    },
    create: async (key, { title, body }) => ({
      id: field(
        await asking.ask('POST', at('/issue'), {
          fields: {
            project: { key: project },
            issuetype: { name: type },
            summary: title,
            description: body,
            labels: ['backuplens', key],
          },
        }),
        'key',
      ),
    }),
    update: async ({ id }, { title, body }) => {
      await asking.ask('PUT', at(`/issue/${id}`), { fields: { summary: title, description: body } });
    },
    close: async ({ id }, words) => {
      const transitions = listOf(
        member(await asking.ask('GET', at(`/issue/${id}/transitions`)), 'transitions'),
      );
      const done = transitions.find(
        (one) => member(member(member(one, 'to'), 'statusCategory'), 'key') === 'done',
      );
      if (done === undefined) throw new Refused(`no transition of ${id} ends in a status of the kind "done"`);
      await asking.ask('POST', at(`/issue/${id}/comment`), { body: words });
      await asking.ask('POST', at(`/issue/${id}/transitions`), { transition: { id: field(done, 'id') } });
    },
  };
}

/** With an account (cloud: an e-mail address and an API token) Basic, else a personal access token. */
export function jiraHeaders({ user, token }: TrackerSettings): Record<string, string> {
  const authorization =
    user === null ? `Bearer ${token}` : `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
  return { authorization, 'user-agent': 'backuplens' };
}
