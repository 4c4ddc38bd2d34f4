import type { GapReason } from '../../domain/index.ts';
import type { Miss, Outcome } from '../analyzer.ts';
import type { Verdict } from './verdict.ts';

/** Alerts that say what clamd did not look at. They are no infection. */
const LIMIT_ALERT = 'Heuristics.Limits.Exceeded';
const ENCRYPTED_ALERT = 'Heuristics.Encrypted';
/**
 * What clamd guesses, or finds unwanted rather than malicious (clamd.conf(5): HeuristicAlerts, AlertOLE2Macros,
 * StructuredDataDetection, DetectPUA …): no signature of malware, and weighed apart.
 */
const GUESSES = ['Heuristics.', 'PUA.'];

export function isLimitAlert(signature: string): boolean {
  return signature.startsWith(LIMIT_ALERT);
}

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
            `it is more than clamd at ${who} takes in one stream (StreamMaxLength)`,
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
  if (isLimitAlert(signature)) {
    const limited = missed('budget_exceeded', `clamd did not look at all of it: ${signature}`);
    return { ...limited, measurements: { clamav_alert: signature } };
  }
  if (signature.startsWith(ENCRYPTED_ALERT)) {
    const locked = missed('encrypted', `clamd could not look inside: ${signature}`);
    return { ...locked, measurements: { clamav_alert: signature }, inspected_bytes: bytes };
  }
  const guess = GUESSES.some((prefix) => signature.startsWith(prefix));
  return {
    ...NOTHING,
    claims: [
      {
        kind: guess ? 'clamav_heuristic' : 'clamav_infected',
        rule: signature,
        detail: `ClamAV ${guess ? 'suspects' : 'found'} ${signature}`,
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

/** Of two parts of one artifact. */
export function joined(one: Outcome, other: Outcome): Outcome {
  return {
    claims: [...one.claims, ...other.claims],
    measurements: { ...one.measurements, ...other.measurements },
    misses: [...one.misses, ...other.misses],
    inspected_bytes: one.inspected_bytes + other.inspected_bytes,
    windowed: one.windowed || other.windowed,
  };
}

const NOTHING: Outcome = { claims: [], measurements: {}, misses: [], inspected_bytes: 0, windowed: false };
