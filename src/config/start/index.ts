/** What a program needs before it reads a setting: that alone is loaded by `--version` and `--help`. */
export { processEnvironment, type Environment } from './process-environment.ts';
export { programVersion } from './version.ts';
