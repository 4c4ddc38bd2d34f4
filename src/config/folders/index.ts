/** Where things lie, for commands that need no other setting. Apart, because it reads no policy. */
export { loadFolders, loadTokensPath, type Folders } from './load-folders.ts';
