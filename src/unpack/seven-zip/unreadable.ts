import { Damaged } from '../trouble.ts';

/** 7-Zip itself broke down over the archive. */
export class Unreadable extends Damaged {}
