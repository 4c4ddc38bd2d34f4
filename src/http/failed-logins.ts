import { isIPv6 } from 'node:net';

/** Wrong tokens that one address may send within the window; after that it is told to wait. */
const MAX_FAILURES = 20;
const WINDOW_MS = 60_000;
/** Addresses that are remembered: 100 bytes each. */
const MAX_ADDRESSES = 10_000;

interface Failures {
  count: number;
  /** Monotonic, in ms. */
  readonly until: number;
}

/**
 * Counts failed logins by address. A token of 256 bits is not found by trying: this bounds the noise that trying makes. Who has
 * a right token comes in all the same; otherwise anybody on the same host, or behind the same proxy, could lock the others out.
 */
export class FailedLogins {
  #recent = new Map<string, Failures>();
  /** Those before: forgotten together when there are as many new ones. */
  #before = new Map<string, Failures>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** One more; the seconds that this address has to wait, 0: it may try again. */
  failed(address: string): number {
    const from = networkOf(address);
    const now = this.#now();
    let known = this.#recent.get(from) ?? this.#before.get(from);
    if (known === undefined || known.until <= now) {
      known = { count: 0, until: now + WINDOW_MS };
      if (this.#recent.size >= MAX_ADDRESSES / 2) {
        this.#before = this.#recent;
        this.#recent = new Map();
      }
      this.#recent.set(from, known);
    }
    known.count++;
    return known.count <= MAX_FAILURES ? 0 : Math.ceil((known.until - now) / 1000);
  }

  get addresses(): number {
    return this.#recent.size + this.#before.size;
  }
}

/** One household has 2^64 addresses of IPv6. */
function networkOf(address: string): string {
  return isIPv6(address) && !address.startsWith('::') ? address.split(':').slice(0, 4).join(':') : address;
}
