/** bytes -> ContentType; what the name claims, held against the content. */
export { HEAD_BYTES, TAIL_BYTES, Identifier, type Glimpse } from './identify.ts';
export { isSeenRaw, withoutReader, type NoReader } from './opaque.ts';
