import type { GapReason } from '../../domain/index.ts';
import type { Miss, Outcome } from '../analyzer.ts';
import type { Verdict } from './verdict.ts';

/** Alerts that say what clamd did not look at. They are no infection. */
const LIMIT_ALERT = 'Heuristics.Limits.Exceeded';
const ENCRYPTED_ALERT = 'Heuristics.Encrypted';

/** What clamd's verdict on `bytes` bytes means. `who` is its address, for people. */
export function outcomeOf(verdict: Verdict, bytes: number, who: string): Outcome {
  switch (verdict.kind) {
    case 'clean':
      return { ...NOTHING, inspected_bytes: bytes };
    case 'found':
      return outcomeOfAlert(verdict.signature, bytes);
    case 'error':
      return verdict.size_limit
        ? missed(
            'budget_exceeded',
            `${bytes} bytes are more than clamd at ${who} takes (StreamMaxLength)`,
            bytes,
          )
        : missed('engine_failed', `clamd at ${who} reported: ${verdict.text}`);
    case 'late':
      return missed('timed_out', `clamd at ${who}: ${verdict.detail}`);
    case 'stale':
      return missed('engine_failed', `clamd at ${who} gave up waiting for more bytes`);
    case 'gone':
    case 'odd':
      break;
  }
  return missed('engine_failed', `clamd at ${who}: ${verdict.detail}`);
}

function outcomeOfAlert(signature: string, bytes: number): Outcome {
  if (signature.startsWith(LIMIT_ALERT)) {
    const limited = missed('budget_exceeded', `clamd did not look at all of it: ${signature}`);
    return { ...limited, measurements: { clamav_alert: signature } };
  }
  if (signature.startsWith(ENCRYPTED_ALERT)) {
    const locked = missed('encrypted', `clamd could not look inside: ${signature}`);
    return { ...locked, measurements: { clamav_alert: signature }, inspected_bytes: bytes };
  }
  return {
    ...NOTHING,
    claims: [
      {
        kind: 'clamav_infected',
        rule: signature,
        detail: `ClamAV found ${signature}`,
        offset: null,
        evidence: { signature },
      },
    ],
    inspected_bytes: bytes,
  };
}

/** Nothing was inspected, and why. `bytes` null: all of the artifact's. */
export function missed(reason: GapReason, detail: string, bytes: number | null = null): Outcome {
  const miss: Miss = { reason, detail, bytes };
  return { ...NOTHING, misses: [miss] };
}

const NOTHING: Outcome = { claims: [], measurements: {}, misses: [], inspected_bytes: 0, windowed: false };
