import { createHash } from 'node:crypto';

/** A rule, bytes in which it is found (in a file that its condition allows), and bytes that only look like it. */
interface MadeRule {
  readonly source: string;
  readonly specimen: Buffer;
  readonly nearMiss: Buffer;
}

/** `token` is unlike any other rule's: letters, at least ten of them. `random` gives numbers from 0 up to 1. */
type Shape = (name: string, token: string, random: () => number) => MadeRule;

const hex = (bytes: Buffer | string): string =>
  Buffer.from(bytes)
    .toString('hex')
    .toUpperCase()
    .replace(/(..)(?=.)/g, '$1 ');
const wide = (text: string): Buffer => Buffer.from(text, 'utf16le');
const made = (source: string, specimen: Buffer | string, nearMiss: Buffer | string): MadeRule => ({
  source,
  specimen: Buffer.from(specimen),
  nearMiss: Buffer.from(nearMiss),
});
const rule = (name: string, strings: string, condition: string): string =>
  `rule ${name} { strings: ${strings} condition: ${condition} }`;
const cut = (token: string): string => token.slice(0, -1);

/** What rules in the world are made of; the plain literal is the most common by far. */
const LITERAL: Shape = (name, token) =>
  made(
    `rule ${name} : family_${token.charCodeAt(0) % 7} {
  meta:
    description = "finds ${token}"
    author = "the generator"
    severity = ${token.charCodeAt(1) % 100}
    checked = true
  strings:
    $a = "${token}"
  condition:
    $a
}`,
    token,
    cut(token),
  );

const SHAPES: readonly Shape[] = [
  (name, token) => made(rule(name, `$a = "${token}" nocase`, '$a'), token.toUpperCase(), cut(token)),
  (name, token) => made(rule(name, `$a = "${token}" wide`, '$a'), wide(token), token),
  (name, token) =>
    made(rule(name, `$a = "${token}" wide ascii nocase`, '$a'), wide(token.toUpperCase()), cut(token)),
  (name, token) => made(rule(name, `$a = "${token}" fullword`, '$a'), ` ${token}.`, `x${token}y`),
  (name, token) =>
    made(
      rule(name, `$a = { ${hex(token.slice(0, 5))} ?? [2-6] ${hex(token.slice(5))} }`, '$a'),
      `${token.slice(0, 5)}-abc${token.slice(5)}`,
      `${token.slice(0, 5)}--${token.slice(5)}`,
    ),
  (name, token) =>
    made(
      rule(name, `$a = { ${hex(token.slice(0, 6))} ( 0A | 0D 0A | 2? ) ${hex(token.slice(6))} }`, '$a'),
      `${token.slice(0, 6)}\r\n${token.slice(6)}`,
      `${token.slice(0, 6)}\t${token.slice(6)}`,
    ),
  (name, token) =>
    made(rule(name, `$a = /${token}[0-9]{3,6}\\.(exe|dll|scr)/`, '$a'), `${token}2026.dll`, `${token}20.dll`),
  (name, token) =>
    made(
      rule(name, `$a = /\\b${token}\\s+=\\s*"[^"]{1,20}"/i`, '$a'),
      ` ${token.toUpperCase()} = "x y"`,
      ` ${token}="x"`,
    ),
  (name, token) =>
    made(rule(name, `$a = /${token}.{0,8}end/s`, '$a'), `${token}\n-\nend`, `${token}0123456789end`),
  (name, token) => made(rule(name, `$a = "${token}"`, '#a >= 3'), `${token} ${token},${token}`, token),
  (name, token) =>
    made(
      rule(
        name,
        `$a1 = "${token}A" $a2 = "${token}B" $a3 = "${token}C" $b = "${token}D"`,
        '2 of ($a*) and not $b',
      ),
      `${token}A ${token}C`,
      `${token}A ${token}C ${token}D`,
    ),
  (name, token) =>
    made(rule(name, `$a = "${token}1" $b = "${token}2"`, 'all of them'), `${token}2${token}1`, `${token}1`),
  (name, token) => made(rule(name, `$a = "${token}"`, '$a in (0..4096)'), token, cut(token)),
  (name, token) => made(rule(name, `$a = "${token}"`, '$a and filesize < 40KB'), token, cut(token)),
  (name, token) =>
    made(
      rule(name, `$a = "${token}" xor(1-255)`, '$a'),
      Buffer.from(Buffer.from(token).map((byte) => byte ^ 0x5a)),
      token,
    ),
  (name, token) =>
    made(
      rule(name, `$a = "${token}${token}" base64`, '$a'),
      Buffer.from(`..${token}${token}..`).toString('base64'),
      token,
    ),
  (name, token) =>
    made(
      rule(
        name,
        `$a = "${token}"`,
        `for any i in (1..#a) : (uint8(@a[i] + ${token.length}) == 0x21 and !a[i] == ${token.length})`,
      ),
      `${token}. ${token}!`,
      `${token}? `,
    ),
  (name, token) => made(rule(name, `$a = "${token}"`, 'uint32be(0) == 0x25504446 and $a'), token, cut(token)),
  (name, token) =>
    made(
      rule(name, `$a = "${token}"`, '(uint16(0) == 0x5A4D or uint32(0) == 0x464C457F) and $a'),
      token,
      cut(token),
    ),
  (name, token) =>
    made(rule(name, `$a = "${token}"`, 'math.entropy(0, filesize) > 6.0 and $a'), token, cut(token)),
  (name, token) =>
    made(
      rule(name, `$a = "${token}"`, `$a and hash.sha256(@a[1], ${token.length}) == "${sha256(token)}"`),
      token,
      cut(token),
    ),
  (name, token) => made(rule(name, `$a = "${token}"`, '$a and pe.number_of_sections > 0'), token, cut(token)),
  (name, token) => made(rule(name, `$a = "${token}"`, '$a and pe.is_pe'), token, cut(token)),
  (name, token) => made(rule(name, `$a = "${token}"`, '$a and elf.type == elf.ET_DYN'), token, cut(token)),
  (name, token) => made(rule(name, `$a = "${token}"`, '$a and extension == ".exe"'), token, cut(token)),
  (name, token) =>
    made(rule(name, `$a = "${token}"`, '$a and filename contains "report"'), token, cut(token)),
  (name, token) =>
    made(rule(name, `$a = "${token}"`, '$a and not filename matches /\\.txt$/i'), token, cut(token)),
  (name, token) =>
    made(
      `private rule ${name}_helper { strings: $h = "${token}" condition: $h }
rule ${name} { condition: ${name}_helper and filesize > 0 }`,
      token,
      cut(token),
    ),
];

/** One rule of the usual mix: about half are plain literals. Shapes that make two rules count as two. */
export function makeRule(name: string, token: string, random: () => number): MadeRule {
  const shape = random() < 0.5 ? LITERAL : SHAPES[Math.floor(random() * SHAPES.length)];
  return (shape ?? LITERAL)(name, token, random);
}

/** A rule of the plainest kind. */
export function literalRule(name: string, token: string): MadeRule {
  return LITERAL(name, token, () => 0);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
