import { asciiJson, nameFromBytes } from '../../bytes/index.ts';
import { MAX_BULK } from '../../contracts/index.ts';
import { selectReviews, type Selected } from '../../pipeline/reviews/index.ts';
import { counted, size } from '../../report/index.ts';
import type { ReviewFilter } from '../../store/index.ts';
import { COULD_NOT, DONE, say, tellRecovered, WRONG, type CommandIo } from '../command-io.ts';
import { withHands, type DecidedAll } from '../hands.ts';
import { operatingSystemUser } from '../os-user.ts';
import { withReader } from '../store-session.ts';

export interface BulkFlags {
  readonly group?: string;
  readonly kind?: string;
  readonly rule?: string;
  readonly under?: string;
  readonly digest?: string;
  readonly reason?: string;
  readonly remember?: boolean;
  readonly until?: string;
  readonly json?: boolean;
}

/** Of a preview, as many as a person reads; --json has all. */
const SHOWN = 20;

/** Without a digest it only shows what would be decided; with that of what was shown, exactly this is. */
export async function bulk(io: CommandIo, action: 'approve' | 'reject', flags: BulkFlags): Promise<number> {
  const { group, kind, rule, under, digest, reason = '', json = false } = flags;
  if ([group, kind, rule, under].every((one) => one === undefined)) {
    say(io, 'everything at once is not decided', 'say which: --group, --kind, --rule or --under');
    return COULD_NOT;
  }
  const filter = { group, kind, rule, under: under === undefined ? undefined : Buffer.from(under) };
  if (digest === undefined) return preview(io, action, filter, json);
  if (reason.trim() === '') {
    say(io, 'a reason is needed', 'say why with --reason');
    return COULD_NOT;
  }
  const { remember = false, until = null } = flags;
  if (until !== null && !remember) {
    say(io, 'an end is given for what is not to be remembered', 'give --until together with --remember');
    return COULD_NOT;
  }
  return withHands(
    {
      folders: await io.folders(),
      what: `backuplens review bulk ${action}`,
      onRecovered: tellRecovered(io),
    },
    async (_store, hands) => {
      const given = { digest, reason: reason.trim(), remember, until };
      return tell(io, action, await hands.decide(action, filter, given), json);
    },
  );
}

async function preview(
  io: CommandIo,
  action: 'approve' | 'reject',
  filter: ReviewFilter,
  json: boolean,
): Promise<number> {
  const selection = { action, filter, who: operatingSystemUser(), limit: MAX_BULK };
  return withReader(
    await io.folders(),
    async (store) => {
      const selected = await selectReviews(store, selection);
      if (json) io.out(`${asciiJson(publicPreview(action, selected))}\n`);
      else show(io, action, selected);
      return selected.items.length === 0 ? WRONG : DONE;
    },
    () => {
      say(io, 'nothing waits for a review');
      return WRONG;
    },
  );
}

function show(io: CommandIo, action: string, { items, excluded, digest, more }: Selected): void {
  const bytes = items.reduce((sum, item) => sum + (item.size ?? 0), 0);
  io.out(
    `${action}: ${counted(items.length, 'file')}, ${size(bytes)}${more ? ', the oldest: there are more' : ''}\n`,
  );
  for (const { id, path } of items.slice(0, SHOWN)) io.out(`  ${id}  ${io.escape(nameFromBytes(path))}\n`);
  if (items.length > SHOWN) io.out(`  and ${counted(items.length - SHOWN, 'other')}: --json has all\n`);
  for (const { id, detail } of excluded.slice(0, SHOWN)) io.out(`  not ${id}: ${io.escape(detail)}\n`);
  if (excluded.length > SHOWN) io.out(`  nor ${counted(excluded.length - SHOWN, 'other')}\n`);
  if (items.length === 0) return;
  io.out(`digest ${digest}\n`);
  say(io, 'nothing is decided yet', 'the same with --digest and --reason decides exactly this');
}

function publicPreview(action: string, { items, ...rest }: Selected): Record<string, unknown> {
  return {
    action,
    ...rest,
    count: items.length,
    items: items.map(({ path, ...item }) => ({
      ...item,
      path: nameFromBytes(path),
      path_base64: Buffer.from(path).toString('base64'),
    })),
  };
}

function tell(io: CommandIo, action: 'approve' | 'reject', done: DecidedAll | null, json: boolean): number {
  if (done === null) {
    say(io, 'this is no longer what was shown: nothing is decided', 'look at it again, without --digest');
    return WRONG;
  }
  const { decided, refused, left } = done;
  if (json) io.out(`${asciiJson(done)}\n`);
  else {
    const said = action === 'approve' ? 'approved' : 'rejected';
    const next = left === null ? '; the service carries it out' : '';
    io.out(`${counted(decided, 'file')} ${said}${next}\n`);
  }
  for (const { id, detail } of refused.slice(0, SHOWN)) say(io, `${id} is not decided: ${detail}`);
  if (refused.length > SHOWN) say(io, `nor are ${counted(refused.length - SHOWN, 'other')}`);
  if (left !== null && left > 0)
    say(
      io,
      `of ${counted(left, 'file')} what follows could not be carried out yet`,
      'see `backuplens status`',
    );
  return refused.length === 0 && (left ?? 0) === 0 ? DONE : WRONG;
}
