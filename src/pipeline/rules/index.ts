/** Rules examined before they are used, in a process of their own. Apart: it scans no backup. */
export { examineRules, type RulesExamination } from './rules-examination.ts';
