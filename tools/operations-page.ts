import { OPERATIONS, type Operation } from '../src/contracts/index.ts';

/** docs/api-operations.md: every request of the API, and who may make it. */
export function operationsPage(): string {
  const rows = Object.entries<Operation>(OPERATIONS).map(
    ([id, { method, path, summary, access, answers, errors = [] }]) => {
      const statuses = [...Object.keys(answers), ...errors].join(', ');
      const who = access === 'open' ? 'everybody' : access.anonymous ? `${access.role} ¹` : access.role;
      return `| \`${method} ${path}\` | ${summary} | ${who} | ${statuses} | \`${id}\` |`;
    },
  );
  return [
    '# Requests of the API',
    '',
    'Made from `src/contracts/api/operations.ts` by `npm run generate`, as is [`schema/openapi.json`](../schema/openapi.json), which the',
    'service answers at `/openapi.json`. [api.md](api.md) shows how they are used.',
    '',
    '| request | what it does | role | statuses ² | operation |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '¹ Without a token too, as long as none is set. Each role may do what those before it may: viewer, reviewer, admin.',
    '',
    '² Beside those that every request may be answered: 400, 401, 403, 405, 408, 413, 415, 417, 429.',
    '',
  ].join('\n');
}
