/**
 * Formats that are encrypted by design, and what that makes of their content: `encrypted` needs a key or a password, `opaque`
 * is a vault that stays closed in a backup. They are named and are a gap; what is found under the name of something else is
 * accused. The only list of them.
 */
export const ENCRYPTED_BY_DESIGN = {
  encrypted: [
    'application/x-luks',
    'application/x-bitlocker',
    'application/x-apple-diskimage-encrypted',
    'application/pgp-encrypted',
    'application/age-encryption',
    'application/x-openssl-salted',
    'application/x-ansible-vault',
    'application/x-axcrypt',
    'application/x-aescrypt',
    'application/x-ecryptfs',
    'application/x-proxmox-backup-encrypted',
  ],
  opaque: [
    'application/x-keepass',
    'application/x-java-keystore',
    'application/x-pkcs12',
    'application/x-vboot-key',
    'application/x-borg-segment',
  ],
} as const;

const ALL: ReadonlySet<string> = new Set(Object.values(ENCRYPTED_BY_DESIGN).flat());

/** Whether a MIME type is that of a format which is encrypted by design. */
export function isEncryptedByDesign(mime: string): boolean {
  return ALL.has(mime);
}
