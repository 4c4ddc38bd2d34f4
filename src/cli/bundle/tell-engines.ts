import { request } from 'undici';
import { askClamd, findClamd, parseClamdAddress } from '../../analyze/clamav/index.ts';
import { readToken, type EffectiveConfig } from '../../config/index.ts';
import { inWords, type ClamavState } from '../../domain/index.ts';

const ANSWER_MS = 5000;
/** Compiling a large public collection takes 20 seconds. */
const RELOAD_MS = 150_000;
const MAX_ANSWER = 64 * 1024;

/** clamd as it is now, by the canary that is set or another one; null: turned off. */
export async function clamavNow(
  config: EffectiveConfig,
  canary = config.clamdCanary.value,
): Promise<ClamavState | null> {
  const [first, ...more] = config.clamd.value.map((address) => parseClamdAddress(address));
  if (first === undefined) return null;
  return (await findClamd([first, ...more], { canary })).state;
}

/** Has clamd load what is new. Resolves to what came of it, in words. */
export async function reloadClamd(config: EffectiveConfig): Promise<string> {
  for (const text of config.clamd.value) {
    const said = await askClamd(parseClamdAddress(text), 'RELOAD', ANSWER_MS);
    if (said.failed !== null) continue;
    if (said.text === 'RELOADING') return `clamd at ${text} loads the databases`;
    return `clamd at ${text} does not take RELOAD (it says ${said.text}): restart it`;
  }
  return config.clamd.value.length === 0
    ? 'clamd is turned off here: tell it to RELOAD'
    : 'clamd does not answer: it loads the databases when it starts';
}

/** Has a yara-scanner read its rules again. Resolves to what came of it, in words; null: there is none but our own child. */
export async function reloadYara(config: EffectiveConfig, force: boolean): Promise<string | null> {
  const { yara, yaraToken, yaraTokenFile } = config;
  if (yara.value.mode !== 'service') return null;
  const { url } = yara.value;
  try {
    const token = readToken('YARA_TOKEN', {
      token: yaraToken.value?.reveal() ?? null,
      file: yaraTokenFile.value,
    });
    const { statusCode, body } = await request(`${url}/reload`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ force }),
      headersTimeout: RELOAD_MS,
      bodyTimeout: ANSWER_MS,
    });
    let said = '';
    for await (const part of body as AsyncIterable<Buffer>) {
      said += part.toString('utf8');
      if (said.length > MAX_ANSWER) break;
    }
    if (statusCode === 401) {
      return `yara-scanner at ${url} wants a token (YARA_TOKEN_FILE): it reads its rules when it starts`;
    }
    if (statusCode === 200) return `yara-scanner at ${url} has read its rules again`;
    return `yara-scanner at ${url} did not read its rules again (${statusCode}: ${said.slice(0, 200)})`;
  } catch (error) {
    return `yara-scanner at ${url} was not told (${inWords(error)}): it reads its rules when it starts`;
  }
}
