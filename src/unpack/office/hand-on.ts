import type { FormatSink, Member } from '../format.ts';
import { Damaged } from '../trouble.ts';

/** Every member stands for itself: one that is damaged becomes a gap, and the next is looked at. */
export async function handOn(sink: FormatSink, member: Member): Promise<void> {
  try {
    await sink.member(member);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    sink.gap('corrupt', error.message, { member: member.name, bytes: error.bytes });
  }
}
