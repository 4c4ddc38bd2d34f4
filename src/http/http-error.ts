/** What goes with an answer other than 200, beside its words. */
interface More {
  readonly headers?: Readonly<Record<string, string>>;
  /** Everything that is wrong, where there may be several: JSON pointers into the request. */
  readonly errors?: readonly { readonly at: string; readonly detail: string }[];
}

/** An answer other than 200: thrown by a handler, sent in the shape that the server's errors have (error-shape.ts). */
export class HttpError extends Error {
  readonly statusCode: number;
  /** For programs. */
  readonly code: string | null;
  readonly more: More;

  constructor(statusCode: number, message: string, code: string | null = null, more: More = {}) {
    super(message);
    this.name = 'HttpError';
    this.statusCode = statusCode;
    this.code = code;
    this.more = more;
  }
}
