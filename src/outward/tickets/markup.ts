import { visible } from '../visible.ts';
import type { Markup } from './tracker.ts';

/** In UTF-16 units, of one text that others have chosen. */
const MOST = 600;

/**
 * GitHub and GitLab. In a code span nothing is a link, a picture, a mention, a reference (`#1`, `!1`), an emoji or HTML, and
 * a line that begins with one is no quick action (`/close`). The fence is longer than any run of backticks in it.
 */
export const MARKDOWN: Markup = {
  quoted: (text) => {
    const shown = visible(text, MOST);
    const runs = shown.match(/`+/g) ?? [];
    const fence = '`'.repeat(1 + Math.max(0, ...runs.map((run) => run.length)));
    return `${fence} ${shown === '' ? '(empty)' : shown} ${fence}`;
  },
  list: (items) => items.map((item) => `- ${item}`).join('\n'),
};

/**
 * Jira's wiki markup: what begins something is written as an entity, which it shows as the sign itself; at the beginning of a
 * line stands a word of ours.
 */
export const WIKI: Markup = {
  quoted: (text) =>
    visible(text, MOST).replace(/[^\p{L}\p{N} ]/gu, (sign) => `&#${sign.codePointAt(0) ?? 0};`) || '(empty)',
  list: (items) => items.map((item) => `* ${item}`).join('\n'),
};

/** ServiceNow's fields are plain text, but that `[code]` in journal fields is HTML. */
export const PLAIN: Markup = {
  quoted: (text) => visible(text, MOST).replace(/\[(?=\s*\/?\s*code)/gi, '\\x5b') || '(empty)',
  list: (items) => items.map((item) => `- ${item}`).join('\n'),
};
