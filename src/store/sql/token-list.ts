import { z } from 'zod';
import type { JournalAction } from '../../domain/index.ts';
import type { TokenList, ToldRevocation, ToldToken } from '../token-list.ts';
import { write, type Context, type Trx } from './context.ts';
import { append } from './journal.ts';
import { put, setting } from './settings.ts';

const stored = z.object({
  /** Those that there are, with what a revocation has to say of them. */
  tokens: z.record(z.string(), z.string()),
  /** Those that are no more and of which the file still tells. */
  revoked: z.array(z.string()),
});
const BY_HAND = 'unknown: the file was changed by hand';

export class SqlTokenList implements TokenList {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async tell(tokens: readonly ToldToken[], revoked: readonly ToldRevocation[]): Promise<number> {
    return write(this.#context, async (trx) => {
      const kept = await setting(trx, 'tokens');
      const told = kept === null ? { tokens: {}, revoked: [] } : stored.parse(JSON.parse(kept));
      const before = new Map(Object.entries(told.tokens));
      let records = 0;
      const say = async (action: JournalAction, who: string, detail: string): Promise<void> => {
        await this.#say(trx, action, who, detail);
        records++;
      };
      for (const token of tokens) {
        if (before.has(token.id)) continue;
        const end = token.expires_at === null ? '' : `, until ${token.expires_at}`;
        await say('token_made', token.made_by ?? BY_HAND, `${nameOf(token)}${end}; made ${token.created_at}`);
      }
      for (const gone of revoked) {
        if (told.revoked.includes(gone.id)) continue;
        // One of which the journal had not heard was made and revoked while nobody had the store.
        await say('token_revoked', gone.revoked_by, `${nameOf(gone)}; revoked ${gone.revoked_at}`);
      }
      const there = new Set([...tokens, ...revoked].map(({ id }) => id));
      for (const [id, name] of before) {
        if (!there.has(id)) await say('token_revoked', BY_HAND, name);
      }
      const now = {
        tokens: Object.fromEntries(tokens.map((token) => [token.id, nameOf(token)])),
        revoked: revoked.map(({ id }) => id),
      };
      await put(trx, 'tokens', JSON.stringify(now));
      return records;
    });
  }

  async #say(trx: Trx, action: JournalAction, who: string, detail: string): Promise<void> {
    const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
    await append(trx, { action, time: this.#context.now().toISOString(), who, ...nothing, detail });
  }
}

function nameOf({ id, name, role }: Pick<ToldToken, 'id' | 'name' | 'role'>): string {
  return `token ${id} of ${name} (${role})`;
}
