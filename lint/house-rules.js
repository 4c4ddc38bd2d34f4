// The threat model as lint rules. Each message says what to use instead; each comment says which damage it prevents.
// `lint/rules-selftest.ts` plants a breach of each.

const calledName = ({ callee }) => {
  if (callee.type === 'Identifier') return callee.name;
  return callee.type === 'MemberExpression' && !callee.computed ? callee.property.name : '';
};
const calledOn = ({ callee }) =>
  callee.type === 'MemberExpression' && callee.object.type === 'Identifier' ? callee.object.name : '';

const TEMP_MAKERS = new Set([
  'mkdtemp',
  'mkdtempSync',
  'mkdtempDisposable',
  'mkdtempDisposableSync',
  'tmpdir',
]);

/** Scratch space that nobody owns is left behind, and a name taken from an archive could choose its place. */
const noDirectTempdir = {
  create(context) {
    return {
      CallExpression(node) {
        if (!TEMP_MAKERS.has(calledName(node))) return;
        context.report({
          node,
          message: 'use Scratch (bytes/scratch.ts): it owns, bounds and removes temporary files',
        });
      },
    };
  },
};

const WHOLE_FILE = new Set(['readFile', 'readFileSync']);
const WHOLE_BODY = new Set(['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text']);
const STREAM_CONSUMERS = new Set(['node:stream/consumers', 'stream/consumers']);

/** A file of 200 GB, or an endless reply, must not be read into memory: every read has a ceiling. */
const noUnboundedRead = {
  create(context) {
    const message = 'read with a ceiling: readAtMost (bytes/read-at-most.ts) or a bounded loop';
    return {
      ImportDeclaration(node) {
        if (STREAM_CONSUMERS.has(node.source.value)) context.report({ node, message });
      },
      CallExpression(node) {
        const name = calledName(node);
        const object = calledOn(node);
        // A fetch response's methods take nothing; zod's `z.json()` is no read.
        const body = WHOLE_BODY.has(name) && node.arguments.length === 0 && object !== 'z';
        const collected = object === 'Array' && name === 'fromAsync';
        if (WHOLE_FILE.has(name) || (body && node.callee.type === 'MemberExpression') || collected) {
          context.report({ node, message });
        }
      },
    };
  },
};

const SHELLS = new Set(['exec', 'execSync']);
const STARTERS = new Set(['spawn', 'spawnSync', 'execFile', 'execFileSync', 'fork']);

const isShell = (property) =>
  property.type === 'Property' &&
  property.key.name === 'shell' &&
  !(property.value.type === 'Literal' && property.value.value === false);

/** A shell reads a file's name as a program. */
const noShell = {
  create(context) {
    const message = 'start programs by path with a list of arguments, without a shell';
    return {
      ImportSpecifier(node) {
        if (/^(node:)?child_process$/.test(node.parent.source.value) && SHELLS.has(node.imported.name)) {
          context.report({ node, message });
        }
      },
      CallExpression(node) {
        if (!STARTERS.has(calledName(node))) return;
        const options = node.arguments.filter(({ type }) => type === 'ObjectExpression');
        if (options.some(({ properties }) => properties.some(isShell))) context.report({ node, message });
      },
    };
  },
};

const LEVELS = new Set(['error', 'warn', 'info', 'debug']);
const isLog = (node) =>
  (node.type === 'Identifier' && /^log$|Log$/.test(node.name)) ||
  (node.type === 'MemberExpression' && /^(log|.*Log)$/.test(node.property.name ?? ''));

/** A message that is put together lets a name forge a line, and nobody can count such lines. */
const constantMessage = {
  create(context) {
    return {
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== 'MemberExpression' || !LEVELS.has(callee.property.name) || !isLog(callee.object))
          return;
        const [message] = node.arguments;
        if (message?.type === 'Literal' && typeof message.value === 'string') return;
        context.report({
          node,
          message:
            'log a constant phrase; what changes goes into the facts, names of others under `untrusted`',
        });
      },
    };
  },
};

export default {
  meta: { name: 'house' },
  rules: {
    'no-direct-tempdir': noDirectTempdir,
    'no-unbounded-read': noUnboundedRead,
    'no-shell': noShell,
    'constant-message': constantMessage,
  },
};
