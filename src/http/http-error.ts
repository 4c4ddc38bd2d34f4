/** An answer other than 200: thrown by a handler, sent as `{"error": message, "code"?: code}`. */
export class HttpError extends Error {
  readonly statusCode: number;
  /** For programs. */
  readonly code: string | null;

  constructor(statusCode: number, message: string, code: string | null = null) {
    super(message);
    this.name = 'HttpError';
    this.statusCode = statusCode;
    this.code = code;
  }
}
