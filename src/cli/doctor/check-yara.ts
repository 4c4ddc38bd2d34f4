import type { HealthCheck } from '../../contracts/index.ts';
import { startYara, type EngineChoice } from '../../pipeline/index.ts';
import { counted } from '../../report/index.ts';
import { fail, ok, warn } from './check.ts';

const MAX_NAMED = 5;

/** YARA: whether it starts, and how many rules it has. */
export async function checkYara(choice: EngineChoice): Promise<readonly HealthCheck[]> {
  if (choice.yara === null) {
    const todo = 'leave --yara away, or say where a yara-scanner is (YARA_HOST)';
    return [warn('yara', 'YARA is switched off: every report has a gap for it', todo)];
  }
  const { state, child } = await startYara(choice);
  await child?.close();
  const { status, version, rules, rule_files, rejected, address, detail } = state;
  const facts = {
    status,
    version,
    address: choice.yara === 'embedded' ? null : address,
    rules,
    rule_files,
    rejected: rejected.map(({ file, line, message }) => `${file}:${line ?? '?'} ${message}`).slice(0, 100),
    folders: choice.rules,
  };
  if (status !== 'ok') {
    const remote = choice.yara === 'embedded' ? '' : ` at ${address ?? choice.yara.url}`;
    const todo =
      choice.yara === 'embedded'
        ? 'run `backuplens rules check` on the rule folders; with --yara off nothing is found by rules'
        : 'start it, say where it is (YARA_HOST, YARA_PORT), or leave that unset: then our own is used';
    return [fail('yara', `YARA${remote} does not work: ${detail ?? status}`, todo, facts)];
  }
  if (rules === 0) {
    return [
      fail('yara', 'YARA has no rules: it looks at nothing', 'put .yar files into YARA_RULES_DIR', facts),
    ];
  }
  const found = `${version}: ${counted(rules, 'rule')} from ${counted(rule_files, 'file')}`;
  if (rejected.length === 0) return [ok('yara', found, facts)];
  const named = rejected.slice(0, MAX_NAMED).map(({ file, line }) => `${file}:${line ?? '?'}`);
  const more = rejected.length > MAX_NAMED ? ', …' : '';
  return [
    warn(
      'yara',
      `${found}; ${counted(rejected.length, 'file')} rejected: ${named.join(', ')}${more}`,
      '`backuplens rules check` says why',
      facts,
    ),
  ];
}
