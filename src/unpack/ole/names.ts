const MSI_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._';
/** Windows Installer packs two of 64 characters into one of these code units, or one, or marks a table. */
const TWO = 0x3800;
const ONE = 0x4800;
const TABLE = 0x4840;

/**
 * A stream's name as Windows Installer shows it: `!` before a table's name. Any other name comes back as it is. The
 * packing is not in [MS-CFB]; it is described at https://stackoverflow.com/q/9734978 and done alike by Wine and 7-Zip.
 */
export function plainName(name: string): string {
  let plain = '';
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit < TWO || unit > TABLE) return name;
    if (unit === TABLE) plain += '!';
    else if (unit >= ONE) plain += MSI_CHARACTERS.charAt(unit - ONE);
    else {
      plain += MSI_CHARACTERS.charAt((unit - TWO) & 63) + MSI_CHARACTERS.charAt((unit - TWO) >> 6);
    }
  }
  return plain;
}
