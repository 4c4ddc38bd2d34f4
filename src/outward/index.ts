/** What is told outside: events, how each format writes them, and the receivers. */
export { ABOUT_NOTHING } from './about-nothing.ts';
export {
  type EventType,
  type OutwardEvent,
  type OutwardFinding,
  type OutwardGap,
  type OutwardReview,
  type Severity,
} from './event.ts';
export { bounded, Names, type Privacy } from './privacy.ts';
export { openSinks, type OutwardSinks } from './registry.ts';
export type { Delivery, Sink } from './sink.ts';
export { tellingOf, type Telling } from './telling.ts';
export { testEvent } from './test-event.ts';
