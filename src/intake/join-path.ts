const SLASH = Buffer.from('/');

/** `folder/name`, in bytes. */
export function join(folder: Buffer, name: Buffer): Buffer {
  return folder.at(-1) === SLASH[0] ? Buffer.concat([folder, name]) : Buffer.concat([folder, SLASH, name]);
}

/** The same as text; what lies in the current folder is called by its name alone. */
export function joinText(folder: string, name: string): string {
  if (folder === '.' || folder === './') return name;
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
