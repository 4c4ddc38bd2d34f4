import type { YaraErrorCode } from '../../contracts/index.ts';
import type { AskKind } from './engine-wire.ts';

/** `body` is the 200's, as the engine wrote it; `rules` says which were in force. */
export type ScanAnswer =
  | { readonly ok: true; readonly body: Buffer; readonly rules: string }
  | { readonly ok: false; readonly code: YaraErrorCode; readonly message: string };

/** A scan that waits for an engine, or is in one. */
export interface Question {
  readonly kind: AskKind;
  /** In pieces, as they came: putting them together would copy each once more. They belong to the question. */
  readonly payload: readonly Buffer[];
  /** All of it. */
  readonly bytes: number;
  readonly about: Buffer;
  /** Only for the engine that may need a large buffer. */
  readonly large: boolean;
  readonly answer: (answer: ScanAnswer) => void;
  /** An engine ended with it and others: it is asked again by itself. */
  alone: boolean;
  /** An engine has died with nothing but it. */
  died: boolean;
}

/** What whoever asks says of it. */
export type Asked = Omit<Question, 'answer' | 'alone' | 'died'>;

export function failed(code: YaraErrorCode, message: string): Extract<ScanAnswer, { readonly ok: false }> {
  return { ok: false, code, message };
}
