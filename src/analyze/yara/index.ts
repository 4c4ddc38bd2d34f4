/** The analyzer that asks a yara-scanner. The engines themselves have another door: load-engine.ts. */
export { yaraAnalyzer, type YaraOptions } from './analyzer.ts';
export { engineStamp } from './engine-build.ts';
export { lintRules } from './lint-rules.ts';
export { probeYara, probeYaraSocket, yaraAway, type YaraService } from './probe.ts';
export type { Endpoint } from './scanner-client.ts';
