/** What a restore script asks. Apart: it scans nothing. */
export { askGate, type GateSaid } from './ask-gate.ts';
