/** JSON in printable ASCII: no name in it can do anything to a terminal, an editor or a naive parser. */
export function asciiJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent);
  return text.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
