// The threat model as lint rules. Each message says what to use instead; each comment says which damage it prevents.

const TEMP_MAKERS = new Set(['mkdtemp', 'mkdtempSync', 'mkdtempDisposable', 'tmpdir']);

/** Scratch space that nobody owns is left behind, and a name taken from an archive could choose its place. */
const noDirectTempdir = {
  create(context) {
    return {
      CallExpression(node) {
        const callee = node.callee.type === 'MemberExpression' ? node.callee.property : node.callee;
        if (callee.type === 'Identifier' && TEMP_MAKERS.has(callee.name)) {
          context.report({
            node,
            message: 'use Scratch (bytes/scratch.ts): it owns, bounds and removes temporary files',
          });
        }
      },
    };
  },
};

const WHOLE_READERS = new Set(['readFile', 'readFileSync', 'arrayBuffer', 'text', 'json', 'buffer', 'blob']);
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
        const callee = node.callee;
        const name =
          callee.type === 'Identifier'
            ? callee.name
            : callee.type === 'MemberExpression'
              ? callee.property.name
              : '';
        if (WHOLE_READERS.has(name) && (callee.type === 'Identifier' || name.startsWith('readFile'))) {
          context.report({ node, message });
        }
      },
    };
  },
};

export default {
  meta: { name: 'house' },
  rules: { 'no-direct-tempdir': noDirectTempdir, 'no-unbounded-read': noUnboundedRead },
};
