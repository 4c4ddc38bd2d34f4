import type { UpdateReply } from '../../contracts/index.ts';
import { Metrics } from '../../observe/index.ts';
import type { Database } from './updater.ts';

/** What a clamav-updater tells Prometheus. */
export class UpdaterMetrics {
  readonly all = new Metrics();
  readonly #updates = this.all.counter({
    name: 'backuplens_database_updates_total',
    help: 'Updates of the signature database, by how they ended.',
    labels: ['result'],
  });
  readonly #last = this.all.gauge({
    name: 'backuplens_database_last_success_timestamp_seconds',
    help: 'When the last successful update ended.',
  });
  readonly #time = this.all.gauge({
    name: 'backuplens_database_timestamp_seconds',
    help: 'When the signatures that clamd uses were made; 0 when nobody knows.',
  });

  updated({ result, success, timestamp, database }: UpdateReply): void {
    this.#updates.inc({ result });
    if (success) this.#last.set(Date.parse(timestamp) / 1000);
    this.seen(database);
  }

  seen(database: Database): void {
    if (database?.time != null) this.#time.set(Date.parse(database.time) / 1000);
  }
}
