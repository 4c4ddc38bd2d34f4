/** Loaded before a program (`node --import`): its wall clock is SHIFT_MS ahead; monotonic clocks are as they are. */
const shift = Number(process.env['SHIFT_MS'] ?? 0);
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...args: [] | [number | string]) {
    if (args.length === 0) super(RealDate.now() + shift);
    else super(args[0]);
  }
  static override now(): number {
    return RealDate.now() + shift;
  }
}

Object.assign(globalThis, { Date: ShiftedDate });
