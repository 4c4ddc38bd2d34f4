/** A message taken apart by the grammar of RFC 5424, section 6. */
export interface ParsedMessage {
  readonly priority: number;
  readonly timestamp: string;
  readonly host: string;
  readonly app: string;
  readonly process: string;
  readonly id: string;
  readonly data: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly message: string;
}

const NAME = String.raw`[\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]{1,32}`;
const PARAM = String.raw`(${NAME})="((?:[^"\\\]]|\\["\\\]])*)"`;
const ELEMENT = String.raw`\[(${NAME})((?: ${PARAM.replaceAll('(', '(?:').replaceAll('(?:?:', '(?:')})*)\]`;
const HEADER = new RegExp(
  String.raw`^<(0|[1-9]\d{0,2})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) ([\x21-\x7e]{1,32}) `,
);

/** Throws for what the grammar does not allow. */
export function parseMessage(message: Buffer): ParsedMessage {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(message);
  const header = HEADER.exec(text);
  if (header === null) throw new Error(`no header: ${JSON.stringify(text.slice(0, 200))}`);
  const [all, priority, timestamp = '', host = '', app = '', process = '', id = ''] = header;
  if (Number(priority) > 191) throw new Error(`no priority: ${priority}`);
  let rest = text.slice(all.length);
  const data: Record<string, Record<string, string>> = {};
  const element = new RegExp(`^${ELEMENT}`);
  if (rest.startsWith('-')) rest = rest.slice(1);
  else {
    for (let found = element.exec(rest); found !== null; found = element.exec(rest)) {
      const [whole, name = '', params = ''] = found;
      data[name] = Object.fromEntries(
        [...params.matchAll(new RegExp(PARAM, 'g'))].map(([, key = '', value = '']) => [
          key,
          value.replaceAll(/\\(["\\\]])/g, '$1'),
        ]),
      );
      rest = rest.slice(whole.length);
    }
    if (Object.keys(data).length === 0) throw new Error('no structured data');
  }
  if (rest !== '' && !rest.startsWith(' '))
    throw new Error(`after the structured data: ${rest.slice(0, 50)}`);
  return { priority: Number(priority), timestamp, host, app, process, id, data, message: rest.slice(1) };
}

/** Messages out of a stream with the length before each (RFC 6587, 3.4.1). Throws where it is not one. */
export function framesOf(stream: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < stream.length;) {
    const blank = stream.indexOf(' ', at);
    const length = stream.toString('latin1', at, blank);
    if (!/^[1-9]\d*$/.test(length)) throw new Error(`no length: ${length.slice(0, 20)}`);
    const end = blank + 1 + Number(length);
    if (end > stream.length) break;
    frames.push(stream.subarray(blank + 1, end));
    at = end;
  }
  return frames;
}
