/** Given to node with --import: writes the address of everything that a program has loaded to LOADED_LIST, when it ends. */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const list = process.env['LOADED_LIST'];
if (list === undefined) throw new Error('LOADED_LIST: the file to write to');
const urls: string[] = [];
registerHooks({
  load(url, context, next) {
    urls.push(url);
    return next(url, context);
  },
});
// Threads are given the same options: what they load is theirs.
if (isMainThread) process.on('exit', () => writeFileSync(list, urls.join('\n')));
