import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';

/** Longer socket paths are cut short by the system without a word (sun_path, unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

/** What to scan with when YARA is concerned: our own child process, a service, or nothing by choice. */
export type YaraChoice =
  | { readonly mode: 'embedded' }
  | { readonly mode: 'service'; readonly url: string }
  | { readonly mode: 'off' };

export const CLAMD_EXPECTED = 'HOST:PORT, unix:PATH or off';
export const YARA_EXPECTED = 'an http:// or https:// URL without a password, embedded or off';

/** The addresses of `--clamd`, none for `off`; null when it is none of what is expected. */
export function parseClamd(text: string, cwd: string): readonly string[] | null {
  if (text === 'off') return [];
  if (text.startsWith('unix:')) {
    const socket = socketAddress(text.slice('unix:'.length), cwd);
    return socket === null ? null : [socket];
  }
  const parts = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2] ?? '';
  const port = Number(parts?.[3] ?? 0);
  return isHost(host) && port >= 1 && port <= 65_535 ? [tcpAddress(host, port)] : null;
}

/** `unix:/run/clamd.ctl`, absolute; null when no socket can have that path. */
export function socketAddress(path: string, cwd: string): string | null {
  if (path === '' || path.includes('\0')) return null;
  const absolute = isAbsolute(path) ? path : resolve(cwd, path);
  return Buffer.byteLength(absolute) <= MAX_SOCKET_PATH_BYTES ? `unix:${absolute}` : null;
}

/** `host:port`, `[::1]:port` */
export function tcpAddress(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What `--yara` asks for; null when it is none of what is expected. */
export function parseYara(text: string): YaraChoice | null {
  if (text === 'off' || text === 'embedded') return { mode: text };
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
  // A password in a URL ends in process lists, logs and reports.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null;
  return { mode: 'service', url: url.href.replace(/\/$/, '') };
}

/** A host name (RFC 1123, and the underscores of container networks) or an IP address without brackets. */
export function isHost(text: string): boolean {
  return (
    isIP(text) !== 0 || (text.length <= 253 && /^(?!-)[\w-]{1,63}(?:\.(?!-)[\w-]{1,63})*\.?$/.test(text))
  );
}
