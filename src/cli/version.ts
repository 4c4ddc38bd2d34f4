export { programVersion } from '../config/index.ts';
