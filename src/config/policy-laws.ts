import { DEFAULT_POLICY } from '../domain/index.ts';
import { isMapping } from './policy-schema.ts';
import type { KeyPath, Problem, YamlFile } from './yaml-file.ts';

/**
 * What no single key can violate alone. Works on the file as written, so that it is said together with whatever
 * else is wrong; values that are wrong in themselves are passed over here.
 */
export function checkAcrossKeys(yaml: YamlFile): Problem[] {
  const root = yaml.value;
  const problem = (path: KeyPath, text: string): Problem => ({
    ...yaml.locate(path),
    key: path.join('.').replace(/\.(\d+)/g, '[$1]'),
    text,
  });
  return [
    ...thresholdsInOrder(root, problem),
    ...infectedIsNeverApproved(root, problem),
    ...failedIsNeverTolerated(root, problem),
    ...acceptedNamesAPlace(root, problem),
    ...yaraNamesAreNames(root, problem),
  ];
}

type Report = (path: KeyPath, text: string) => Problem;

function thresholdsInOrder(root: unknown, problem: Report): Problem[] {
  const approve = integer(root, 'thresholds', 'auto_approve') ?? DEFAULT_POLICY.thresholds.auto_approve;
  const review = integer(root, 'thresholds', 'manual_review') ?? DEFAULT_POLICY.thresholds.manual_review;
  const quarantine = integer(root, 'thresholds', 'quarantine');
  const problems: Problem[] = [];
  if (approve >= review) {
    const key = integer(root, 'thresholds', 'manual_review') === null ? 'auto_approve' : 'manual_review';
    const text = `thresholds are out of order: expected auto_approve (${approve}) below manual_review (${review})`;
    problems.push(problem(['thresholds', key], text));
  }
  // The predecessor's third threshold: the first score that is quarantined, or the last that is not.
  if (quarantine !== null && quarantine !== review && quarantine !== review + 1) {
    const text = `contradicts manual_review: ${review}, above which everything is quarantined; expected ${review} or ${review + 1}, got ${quarantine}`;
    problems.push(problem(['thresholds', 'quarantine'], text));
  }
  return problems;
}

function infectedIsNeverApproved(root: unknown, problem: Report): Problem[] {
  const approve = integer(root, 'thresholds', 'auto_approve') ?? DEFAULT_POLICY.thresholds.auto_approve;
  const written = integer(root, 'weights', 'clamav_infected');
  const infected = written ?? DEFAULT_POLICY.weights.clamav_infected;
  if (infected > approve) return [];
  const text = `an infected file would be approved: expected clamav_infected (${infected}) above auto_approve (${approve})`;
  return [problem(written === null ? ['thresholds', 'auto_approve'] : ['weights', 'clamav_infected'], text)];
}

function failedIsNeverTolerated(root: unknown, problem: Report): Problem[] {
  const rule = at(at(root, 'gaps'), 'engine_failed');
  const paths: KeyPath[] = [];
  if (rule === 'tolerate') paths.push(['gaps', 'engine_failed']);
  for (const part of ['root', 'nested']) {
    if (at(rule, part) === 'tolerate') paths.push(['gaps', 'engine_failed', part]);
  }
  return paths.map((path) =>
    problem(path, 'an engine that failed cannot be tolerated: expected review or quarantine'),
  );
}

/** Without a place, an entry would be a `tolerate` that nobody sees as one. */
function acceptedNamesAPlace(root: unknown, problem: Report): Problem[] {
  const accept = at(root, 'accept');
  if (!Array.isArray(accept)) return [];
  return accept.flatMap((entry: unknown, index) =>
    isMapping(entry) && entry['path'] === undefined && entry['format'] === undefined
      ? [problem(['accept', index], 'expected a path or a format; for every gap of a reason use gaps')]
      : [],
  );
}

/** The one name that the schema library leaves out of a record without a word. */
function yaraNamesAreNames(root: unknown, problem: Report): Problem[] {
  return at(at(at(root, 'yara'), 'weights'), '__proto__') === undefined
    ? []
    : [
        problem(
          ['yara', 'weights', '__proto__'],
          'this name cannot be given a weight; use its namespace or tag',
        ),
      ];
}

function integer(root: unknown, section: string, key: string): number | null {
  const value = at(at(root, section), key);
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
}

function at(value: unknown, key: string): unknown {
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
