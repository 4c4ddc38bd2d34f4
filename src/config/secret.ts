import { inspect } from 'node:util';
import { firstOf, type Setting } from './setting.ts';

const REDACTED = '[redacted]';

/** A text that no log, report, error or JSON shows by accident: only `reveal` gives it away. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/** A text that is set, as one that nothing shows. */
export function secret(setting: Setting<string> | null): Setting<Secret | null> {
  return firstOf<Secret | null>(
    null,
    setting === null ? null : { ...setting, value: new Secret(setting.value) },
  );
}
