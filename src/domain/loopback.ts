const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
/** RFC 6761, 6.3 and RFC 1122, 3.2.1.3: what only this machine answers to. */
const LOOPBACK = new RegExp(`^(?:localhost|127(?:\\.${OCTET}){3}|::1)$`);

/** `host` is a name or an address without brackets. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
