import { startService, type Service } from '../service.ts';

export type Program = Service;

/** The yara-scanner program as a service, on a free port; it keeps no compiled rules unless it is told where. */
export function startProgram(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Program> {
  return startService('yara-scanner', { YARA_CACHE_DIR: 'off', ...env }, args);
}
