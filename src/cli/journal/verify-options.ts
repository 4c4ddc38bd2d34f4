/** What `journal verify` is given. */
export interface VerifyOptions {
  readonly head?: string;
  readonly checkpoints?: string;
  readonly key?: string;
  readonly json?: boolean;
}
