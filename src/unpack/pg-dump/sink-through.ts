import type { FormatSink } from '../format.ts';

/** The same sink, but for what happens to members on their way. */
export function sinkThrough(sink: FormatSink, member: FormatSink['member']): FormatSink {
  return {
    member,
    gap: (reason, detail, options) => sink.gap(reason, detail, options),
    unsafe: (rule, detail, options) => sink.unsafe(rule, detail, options),
    measure: (what, value) => sink.measure(what, value),
    link: (kind, from, target) => sink.link(kind, from, target),
    device: (device) => sink.device(device),
  };
}
