/** The world got in the way: the file is where it was, and why. */
export class NotMoved extends Error {
  /** It may be otherwise in a while (no room, no right): to be tried again, not to be decided again. */
  readonly isPassing: boolean;

  constructor(why: string, { isPassing = false }: { readonly isPassing?: boolean } = {}) {
    super(why);
    this.isPassing = isPassing;
  }
}
