import { userInfo } from 'node:os';

/** Who the operating system says is at the keyboard, for the journal: `anna (1000)`. */
export function operatingSystemUser(): string {
  try {
    const { username, uid } = userInfo();
    return `${username} (${uid})`;
  } catch {
    // A user id without an account, as in containers: its number is all there is.
    return `(${process.getuid?.() ?? 'unknown'})`;
  }
}
