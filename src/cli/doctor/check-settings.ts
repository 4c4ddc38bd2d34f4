import { stat } from 'node:fs/promises';
import { assertTrusted, decidingFiles, type EffectiveConfig } from '../../config/index.ts';
import type { HealthCheck } from '../../contracts/index.ts';
import { BackupLensError, DEFAULT_POLICY, GAP_REASONS, inWords, isLoopback } from '../../domain/index.ts';
import { fail, ok, warn } from './check.ts';

/** Settings that decide what is approved, and who may ask. */
export async function checkSettings(config: EffectiveConfig): Promise<readonly HealthCheck[]> {
  return [...trust(config), ...policy(config), ...exposure(config), ...(await tokens(config)), ...user()];
}

/** Policy and rules must be nobody else's to change. */
function trust(config: EffectiveConfig): HealthCheck[] {
  try {
    const used = assertTrusted(decidingFiles(config), []);
    const facts = { files: used.map(({ path, sha256 }) => `${path} ${sha256 ?? ''}`.trim()) };
    return [ok('trust', 'policy, rules and names can be changed by nobody else', facts)];
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    return error.message
      .split('\n')
      .map((problem) => fail('trust', problem, error.hint ?? 'name one that only you can change'));
  }
}

/** What a policy of one's own lets pass that the delivered one does not. */
function policy({ policy: { policy: it }, scoringFile }: EffectiveConfig): HealthCheck[] {
  const looser = GAP_REASONS.flatMap((reason) =>
    (['root', 'nested'] as const)
      .filter(
        (part) => it.gaps[reason][part] === 'tolerate' && DEFAULT_POLICY.gaps[reason][part] !== 'tolerate',
      )
      .map((part) => `${reason}.${part}`),
  );
  const facts = { path: scoringFile.value, sha256: it.sha256, strict: it.strict, tolerated: looser };
  const now = Date.now();
  const ended = it.accept.filter(({ until }) => until !== null && Date.parse(until) < now);
  const endless = it.accept.filter(({ until }) => until === null);
  return [
    looser.length === 0
      ? ok('policy', `${scoringFile.value} tolerates no more than the delivered policy`, facts)
      : warn(
          'policy',
          `${scoringFile.value} approves what was not examined: ${looser.join(', ')}`,
          'review instead of tolerate, or accept single paths (`accept`)',
          facts,
        ),
    ...(it.release_provisional
      ? [
          warn(
            'policy-provisional',
            'what is approved while an engine is away is released at once',
            'take release_provisional out of the policy',
          ),
        ]
      : []),
    ...(it.max_uninspected_share > DEFAULT_POLICY.max_uninspected_share
      ? [
          warn(
            'policy-share',
            `up to ${Math.round(it.max_uninspected_share * 100)} % of a file may be unseen without review`,
            `max_uninspected_share: ${DEFAULT_POLICY.max_uninspected_share}`,
          ),
        ]
      : []),
    ...(ended.length > 0
      ? [
          warn(
            'policy-accept',
            `${ended.length} of the accepted gaps have ended`,
            'take them out of the policy, or judge them again',
          ),
        ]
      : []),
    ...(endless.length > 0
      ? [ok('policy-accept-endless', `${endless.length} accepted gaps have no end`)]
      : []),
  ];
}

function exposure({ host, apiToken, apiTokenFile, allowAnonymous }: EffectiveConfig): HealthCheck[] {
  const beyond = !isLoopback(host.value);
  const token = apiToken.value !== null || apiTokenFile.value !== null;
  const facts = { host: host.value, token, anonymous: allowAnonymous.value };
  if (!beyond) return [ok('access', `services listen on ${host.value} only`, facts)];
  if (token) return [ok('access', `services listen on ${host.value}, and want a token`, facts)];
  const what = `services listen on ${host.value}, and let anybody in`;
  const todo = 'set API_TOKEN_FILE (openssl rand -hex 32), or HOST=127.0.0.1';
  return [
    allowAnonymous.value
      ? warn('access', what, todo, facts)
      : fail('access', `${what}: they refuse to start`, todo, facts),
  ];
}

async function tokens({ apiToken, apiTokenFile, tokensFile }: EffectiveConfig): Promise<HealthCheck[]> {
  const checks: HealthCheck[] = [];
  if (apiToken.value !== null && apiTokenFile.value === null) {
    const what = 'API_TOKEN stands in the environment, where other processes of this user see it';
    checks.push(warn('token', what, 'write it to a file of mode 0600, and set API_TOKEN_FILE'));
  }
  for (const [name, path] of [
    ['API_TOKEN_FILE', apiTokenFile.value],
    // The usual one is made by the first `token create`.
    ['TOKENS_FILE', tokensFile.origin === 'default' ? null : tokensFile.value],
  ] as const) {
    if (path === null) continue;
    const id = name.toLowerCase().replaceAll('_', '-');
    try {
      const { mode } = await stat(path);
      const open = (mode & 0o077) !== 0;
      checks.push(
        open
          ? fail(id, `${name} ${path} can be read by others`, `chmod 600 ${path}`)
          : ok(id, `${name} ${path} is readable by its owner only`),
      );
    } catch (error) {
      checks.push(fail(id, `${name} ${path}: ${inWords(error)}`, `name a file that this user can read`));
    }
  }
  return checks;
}

function user(): HealthCheck[] {
  if (process.geteuid?.() !== 0) return [];
  const what = 'this runs as root: what takes a parser over has less between it and the machine';
  return [warn('user', what, 'run it as a user of its own that may read the backups')];
}
