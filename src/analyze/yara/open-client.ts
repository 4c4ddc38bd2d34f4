import { OwnScanner } from './own-scanner.ts';
import type { Endpoint, ScannerClient, Timeouts } from './scanner-client.ts';
import { ScannerElsewhere } from './scanner-elsewhere.ts';

const TIMEOUTS: Timeouts = {
  connectMs: 3000,
  answerMs: 180_000,
  busyMs: 120_000,
  awayMs: 2000,
  longestAwayMs: 30_000,
};

export function openClient(endpoint: Endpoint, timeouts: Partial<Timeouts> = {}): ScannerClient {
  const times = { ...TIMEOUTS, ...timeouts };
  return 'socket' in endpoint
    ? new OwnScanner(endpoint.socket, times)
    : new ScannerElsewhere(endpoint, times);
}
