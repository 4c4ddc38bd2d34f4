import { ABOUT, ANY_LANGUAGE, LANGUAGES, PARTS, type Part } from './phrases.ts';

/** What a text says of what ransom notes say. */
export interface Wording {
  readonly language: string;
  /** What was found for each part, at most two places, as evidence. */
  readonly parts: Readonly<Record<Part, readonly string[]>>;
  readonly words: number;
  /** It asks for money, or names a way of contact that hides who is behind it: what manuals and letters do not. */
  readonly demands: boolean;
  /** How many kinds of words it has that only those use who write about notes. */
  readonly about: number;
}

/** Nearly every text has none of these: they cost one pass, the phrases dozens. */
const WORTH_A_LOOK =
  /crypt|bitcoin|btc|onion|stolen|exfiltrat|locked|hacked|penetrat|backed up|verschl|gestohlen|gesperrt|chiffr|vole|cifrad|robad|bloquead|roubad|cifrat|rubat|critt|шифр|украд|похищ|взлом|заблок|加密|窃取|竊取|鎖定|锁定/;

const MAX_QUOTED = 80;

/** The language in which it says most. `text` comes from `plainText`. */
export function wordingOf(text: string): Wording {
  const words = text.split(' ').length;
  const nothing: Wording = { language: 'unknown', parts: none(), words, demands: false, about: 0 };
  if (!WORTH_A_LOOK.test(text)) return nothing;
  let best = nothing;
  const common = { money: quoted(text, ANY_LANGUAGE.money), contact: quoted(text, ANY_LANGUAGE.contact) };
  for (const [language, phrases] of Object.entries(LANGUAGES)) {
    const happened = quoted(text, phrases.happened);
    // Addresses and currencies count for every language that says something itself.
    const own = { ...none(), happened };
    for (const part of PARTS) if (part !== 'happened') own[part] = quoted(text, phrases[part]);
    const parts = { ...own };
    if (Object.values(own).some(({ length }) => length > 0)) {
      for (const part of ['money', 'contact'] as const) parts[part] = [...own[part], ...common[part]];
    }
    const demands = parts.money.length > 0 || common.contact.length > 0;
    if (weight(parts) > weight(best.parts)) best = { ...nothing, language, parts, demands };
  }
  return { ...best, about: ABOUT.filter((one) => one.test(text)).length };
}

function none(): Record<Part, string[]> {
  return { happened: [], remedy: [], money: [], contact: [], threat: [] };
}

/** What happened counts for two: without it, it is some other letter. */
function weight(parts: Wording['parts']): number {
  return PARTS.reduce((sum, part) => sum + (parts[part].length === 0 ? 0 : part === 'happened' ? 2 : 1), 0);
}

function quoted(text: string, expression: RegExp): string[] {
  const found = expression.exec(text)?.[0];
  return found === undefined ? [] : [found.length > MAX_QUOTED ? `${found.slice(0, MAX_QUOTED)}…` : found];
}
