import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A whole number of at least 1. For commander: throws InvalidArgumentError. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || !/^\d+$/.test(text)) {
    throw new InvalidArgumentError('expected a whole number of at least 1');
  }
  return value;
}

export function positiveOrAuto(text: string): number | 'auto' {
  return text === 'auto' ? text : positive(text);
}

/** Bytes, as a number or with K, M, G or T (of 1,024): `500M`, `2GiB`. */
export function bytes(text: string): number {
  const parts = /^(?<value>\d+)(?<unit>[kmgt]?)(?:i?b)?$/i.exec(text)?.groups;
  const value = Number(parts?.['value']) * (UNITS[parts?.['unit']?.toLowerCase() ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('expected a number of bytes, such as 500000, 500M or 2GiB');
  }
  return value;
}

/** Why something is done: goes into a record. */
export function reason(text: string): string {
  if (text.trim() === '' || text.length > 500)
    throw new InvalidArgumentError('expected a reason, in up to 500 characters');
  return text.trim();
}

/** Collects an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** A list separated by commas, each one of `allowed`. */
export function listOf(allowed: readonly string[]): (text: string) => readonly string[] {
  return (text) => {
    const names = text.split(',').map((name) => name.trim());
    const wrong = names.find((name) => !allowed.includes(name));
    if (wrong !== undefined) {
      throw new InvalidArgumentError(`${JSON.stringify(wrong)} is none of ${allowed.join(', ')}`);
    }
    return names;
  };
}
