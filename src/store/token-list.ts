/** A named token, as the journal has to know it. */
export interface ToldToken {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  /** null: nobody wrote it down. */
  readonly made_by: string | null;
}

export interface ToldRevocation {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly revoked_at: string;
  readonly revoked_by: string;
}

/** What the journal has been told of named tokens, which are in a file of their own. */
export interface TokenList {
  /**
   * Writes down what was made and revoked since the last time, and whose file was changed by hand. Resolves to how many records
   * that were.
   */
  tell(tokens: readonly ToldToken[], revoked: readonly ToldRevocation[]): Promise<number>;
}
