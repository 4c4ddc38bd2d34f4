import { LineCounter, isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { whereNotUtf8, type Position } from './not-utf8.ts';

/** One thing that is wrong in a file, and where. Lines and columns count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** `weights.yara_match`, `accept[2].path`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong, and what was expected. */
  readonly text: string;
}

export type KeyPath = readonly (string | number)[];

/** A parsed file: plain data, and where in the text each key stands. */
export interface YamlFile {
  readonly value: unknown;
  /** Of the value at `path`; of the nearest thing around it that exists when it does not. */
  readonly locate: (path: KeyPath) => Position;
  /** Of the key itself, for what is said about the key and not its value. */
  readonly locateKey: (path: KeyPath) => Position;
}

/** The file as data, or everything that is wrong with it as YAML. */
export function parseYaml(bytes: Uint8Array): YamlFile | readonly Problem[] {
  const foreign = whereNotUtf8(bytes);
  if (foreign !== null) return [{ ...foreign, key: '', text: 'not UTF-8' }];
  const lines = new LineCounter();
  // Duplicate keys are found below: the parser compares every key with every other, which takes minutes.
  const document: Document = parseDocument(new TextDecoder().decode(bytes), {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
  });
  const problems = [...syntaxProblems(document, lines), ...unwelcome(document, lines)];
  if (problems.length > 0) return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return {
    value: document.toJS({ maxAliasCount: 0 }),
    locate: (path) => locate(document, lines, path),
    locateKey: (path) => locateKey(document, lines, path),
  };
}

/** How the parser, which calls itself for each level of nesting, says that there were too many. */
const STACK_SPENT = /call stack|stack overflow/i;

function syntaxProblems(document: Document, lines: LineCounter): Problem[] {
  const spent = document.errors.find((error) => STACK_SPENT.test(error.message));
  if (spent !== undefined) return [{ ...position(lines, spent.pos[0]), key: '', text: 'nested too deeply' }];
  return document.errors.map((error) => ({
    ...position(lines, error.pos[0]),
    key: '',
    text: `not valid YAML: ${error.message.replace(/\s+/g, ' ')}`,
  }));
}

/** Legal YAML that a policy has no use for, and that makes a small file mean a large or surprising one. */
function unwelcome(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  const report = (node: Node, text: string): void => {
    problems.push({ ...position(lines, node.range?.[0] ?? 0), key: '', text });
  };
  const decorated = (node: Scalar | YAMLMap | YAMLSeq): void => {
    if (node.anchor !== undefined) report(node, `anchors (&${node.anchor}) are not accepted`);
    if (node.tag !== undefined) report(node, `tags (${node.tag}) are not accepted`);
  };
  if (document.directives?.yaml.explicit === true) {
    problems.push({ line: 1, column: 1, key: '', text: 'directives (%YAML) are not accepted' });
  }
  visit(document, {
    Alias: (_key, node) => report(node, `aliases (*${node.source}) are not accepted: write the value out`),
    Scalar: (_key, node) => decorated(node),
    Seq: (_key, node) => decorated(node),
    Map: (_key, map, ancestors) => {
      decorated(map);
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const where = position(lines, key.range?.[0] ?? 0);
        if (seen.has(name)) {
          const path = [...ancestors.filter(isPair).map((pair) => String(pair.key)), name].join('.');
          problems.push({ ...where, key: path, text: 'stands here for the second time' });
        }
        seen.add(name);
      }
    },
  });
  return problems;
}

function locate(document: Document, lines: LineCounter, path: KeyPath): Position {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return position(lines, node.range?.[0] ?? 0);
  }
  return position(lines, document.contents?.range?.[0] ?? 0);
}

function locateKey(document: Document, lines: LineCounter, path: KeyPath): Position {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const name = path.at(-1);
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(name));
    if (isScalar(pair?.key)) return position(lines, pair.key.range?.[0] ?? 0);
  }
  return locate(document, lines, path);
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value);
}

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
