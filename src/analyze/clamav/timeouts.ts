/** How long clamd is waited for, all in milliseconds. */
export interface ClamdTimeouts {
  /** Until a connection stands. */
  readonly connect_ms: number;
  /** Without any progress in taking what we send; noticed after once to twice this time. */
  readonly stall_ms: number;
  /** From the last byte to the end of the reply: clamd's own MaxScanTime is 120 s. */
  readonly reply_ms: number;
  /** Added to `reply_ms` for every MiB of the artifact. */
  readonly reply_ms_per_mib: number;
  /** For the reason why clamd cut a stream: it is there at once, or never. */
  readonly cut_reply_ms: number;
  /** A stream that rests gets a byte this often: clamd gives up after ReadTimeout (120 s). */
  readonly drip_ms: number;
  /** An idle connection is closed before clamd's IdleTimeout (30 s) does it. */
  readonly idle_ms: number;
  /** After a refusal nobody tries again for so long. */
  readonly refusal_pause_ms: number;
  /**
   * For a sign of life after an artifact without an answer. clamd gives up what it scans after MaxScanTime (120 s, our `reply_ms`):
   * who was only busy with it answers soon after.
   */
  readonly life_ms: number;
  /** Without one nobody asks again for so long. */
  readonly hang_pause_ms: number;
}

export const DEFAULT_CLAMD_TIMEOUTS: ClamdTimeouts = {
  connect_ms: 5_000,
  stall_ms: 60_000,
  reply_ms: 120_000,
  reply_ms_per_mib: 1_000,
  cut_reply_ms: 5_000,
  drip_ms: 10_000,
  idle_ms: 10_000,
  refusal_pause_ms: 2_000,
  life_ms: 15_000,
  hang_pause_ms: 30_000,
};
