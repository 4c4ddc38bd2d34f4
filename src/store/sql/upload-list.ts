import type { ArrivingUpload, Upload, UploadList } from '../upload-list.ts';
import { only, read, write, type Context } from './context.ts';
import { append } from './journal.ts';
import type { Tables } from './tables.ts';

export class SqlUploadList implements UploadList {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async begin(upload: Omit<ArrivingUpload, 'at'>): Promise<void> {
    const at = this.#context.now().toISOString();
    await write(this.#context, (trx) =>
      trx
        .insertInto('uploads')
        .values({ ...upload, at, arrived: 0, size: 0 })
        .execute(),
    );
  }

  async arrived(id: string, { size, sha256 }: Parameters<UploadList['arrived']>[1]): Promise<void> {
    await write(this.#context, async (trx) => {
      const row = await trx.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();
      const { path, name, who } = only(row, `upload ${id}`);
      await trx.updateTable('uploads').set({ arrived: 1, size }).where('id', '=', id).execute();
      await append(trx, {
        action: 'uploaded',
        time: this.#context.now().toISOString(),
        who,
        file: null,
        item: id,
        path,
        sha256,
        decision: null,
        verdict: null,
        detail: `as ${JSON.stringify(name)}`,
      });
    });
  }

  async brokeOff(id: string): Promise<void> {
    await write(this.#context, (trx) =>
      trx.deleteFrom('uploads').where('id', '=', id).where('arrived', '=', 0).execute(),
    );
  }

  async arriving(): Promise<readonly ArrivingUpload[]> {
    const rows = await read(this.#context, (db) =>
      db.selectFrom('uploads').selectAll().where('arrived', '=', 0).orderBy('id').execute(),
    );
    return rows.map((row) => ({ ...uploadOf(row), folder: row.folder }));
  }

  async bytesOf(who: string, since: string): Promise<number> {
    const found = await read(this.#context, (db) =>
      db
        .selectFrom('uploads')
        .select((select) => select.fn.sum<number | null>('size').as('bytes'))
        .where('who', '=', who)
        .where('arrived', '=', 1)
        .where('at', '>=', since)
        .executeTakeFirst(),
    );
    return found?.bytes ?? 0;
  }

  async at(path: Uint8Array): Promise<Upload | null> {
    const row = await read(this.#context, (db) =>
      db.selectFrom('uploads').selectAll().where('path', '=', path).executeTakeFirst(),
    );
    return row === undefined ? null : uploadOf(row);
  }
}

function uploadOf({ id, path, name, who, at }: Tables['uploads']): Upload {
  return { id, path, name, who, at };
}
