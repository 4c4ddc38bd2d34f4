import { z } from 'zod';
import { DISPOSITION_KINDS, type Intent } from '../../domain/index.ts';

const bytes = z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64'));
const text = z.string().nullable();

const stored = z.object({
  id: z.string(),
  kind: z.enum(DISPOSITION_KINDS),
  item: text,
  file: text,
  at: z.string(),
  who: z.string(),
  why: text,
  from: bytes,
  from_folder_ino: z.string(),
  dev: text,
  ino: text,
  size: z.int().nullable(),
  sha256: text,
  to_folder: bytes.nullable(),
  to_folder_ino: text,
  to_name: bytes.nullable(),
  ending: z.string(),
  keep: z.boolean(),
});

export function intentToJson(intent: Intent): string {
  return JSON.stringify({
    ...intent,
    from: base64(intent.from),
    to_folder: base64(intent.to_folder),
    to_name: base64(intent.to_name),
  });
}

/** Throws what zod throws on what is no intent of ours. */
export function intentFromJson(json: string): Intent {
  return stored.parse(JSON.parse(json));
}

function base64(value: Uint8Array | null): string | null {
  return value === null ? null : Buffer.from(value).toString('base64');
}
