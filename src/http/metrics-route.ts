import { METRICS_TYPE, type Metrics } from '../observe/index.ts';
import type { Server } from './server.ts';

/** `GET /metrics`, as Prometheus asks for it. */
export function addMetrics(app: Server, metrics: Metrics): void {
  app.get('/metrics', async (_request, reply) => reply.type(METRICS_TYPE).send(await metrics.exposition()));
}
