import { fullName, type Filter } from './decode.ts';
import type { Survey } from './survey.ts';
import { isArray, nameText, PdfDict, type PdfValue } from './values.ts';

/** Filters one after another; honest streams have two at most. */
const MAX_FILTERS = 16;
/** Readings of one stream, where its dictionary has a key twice. */
const MAX_CHAINS = 4;

/** `null`: what the filters are cannot be told. */
export type Chain = readonly Filter[] | null;

/** The filters of a stream: one chain, or several where its dictionary names them more than once. */
export function chainsOf(dict: PdfDict, survey: Survey): Chain[] {
  const declared = dict.all('Filter');
  if (declared.length === 0) return [[]];
  const parameters = dict.get('DecodeParms', 'DP');
  const chains = new Map<string, Chain>();
  for (const value of declared) {
    const chain = chainOf(value, parameters, survey);
    chains.set(chain === null ? '' : `/${chain.map(({ name }) => name).join('/')}`, chain);
  }
  return [...chains.values()].slice(0, MAX_CHAINS);
}

function chainOf(value: PdfValue, parameters: PdfValue, survey: Survey): Chain {
  if (value === null) return [];
  const resolved = survey.resolve(value);
  const names = isArray(resolved) ? resolved : [resolved];
  if (names.length > MAX_FILTERS) return null;
  const all = survey.resolve(parameters);
  const filters: Filter[] = [];
  for (const [index, item] of names.entries()) {
    const name = nameText(survey.resolve(item));
    if (name === null) return null;
    const own = survey.resolve(isArray(all) ? (all[index] ?? null) : all);
    filters.push({ name: fullName(name), parameters: own instanceof PdfDict ? own : null });
  }
  return filters;
}
