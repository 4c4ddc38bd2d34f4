import { z } from 'zod';
import { JOURNAL_ACTIONS } from '../../domain/index.ts';
import type { Alarms, AlarmsUp } from '../alarms.ts';
import { read, write, type Context } from './context.ts';
import { append } from './journal.ts';
import { put, setting } from './settings.ts';

const action = z.enum(JOURNAL_ACTIONS).optional();
const stored = z.object({ clamav: action, yara: action, silence: action, gap_rate: action });

export class SqlAlarms implements Alarms {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async up(): Promise<AlarmsUp> {
    return parsed(await read(this.#context, (db) => setting(db, 'alarms')));
  }

  async tell(
    name: Parameters<Alarms['tell']>[0],
    { action: told, item, detail }: Parameters<Alarms['tell']>[1],
  ): Promise<void> {
    const { now, who } = this.#context;
    const nothing = { file: null, path: null, sha256: null, decision: null, verdict: null };
    await write(this.#context, async (trx) => {
      const up = { ...parsed(await setting(trx, 'alarms')), [name]: told };
      await put(trx, 'alarms', JSON.stringify(up));
      await append(trx, { action: told, time: now().toISOString(), who, item, ...nothing, detail });
    });
  }

  async canaryOk(at: string): Promise<void> {
    await write(this.#context, (trx) => put(trx, 'canary_ok', at));
  }
}

function parsed(text: string | null): AlarmsUp {
  return text === null ? {} : stored.parse(JSON.parse(text));
}
