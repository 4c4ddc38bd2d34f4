import type { GapReason } from '../../domain/index.ts';
import { Trouble } from '../trouble.ts';

/** One member that cannot be read, or not to its end: the others are not concerned. */
export class Unread extends Trouble {
  constructor(reason: GapReason, detail: string) {
    super(reason, detail);
    this.name = 'Unread';
  }
}
