import { createHash } from 'node:crypto';
import { inWords } from '../../domain/index.ts';
import type { OutwardEvent, OutwardReview } from '../event.ts';
import type { Delivery, Sink } from '../sink.ts';
import { Asking, Refused, Unavailable } from './ask.ts';
import { github, githubHeaders } from './github.ts';
import { gitlab, gitlabHeaders } from './gitlab.ts';
import { jira, jiraHeaders } from './jira.ts';
import { servicenow, servicenowHeaders } from './servicenow.ts';
import type { TrackerKind, TrackerSettings } from './settings.ts';
import { checkedTemplate, lastWord, ticketText, type GroupStanding } from './text.ts';
import type { Ticket, Tracker } from './tracker.ts';

type Make = (settings: TrackerSettings, asking: Asking) => Tracker;

/** Every kind of tracker there is, one line each. */
const TRACKERS: Readonly<
  Record<
    TrackerKind,
    { readonly make: Make; readonly headers: (from: TrackerSettings) => Record<string, string> }
  >
> = {
  github: { make: github, headers: githubHeaders },
  gitlab: { make: gitlab, headers: gitlabHeaders },
  jira: { make: jira, headers: jiraHeaders },
  servicenow: { make: servicenow, headers: servicenowHeaders },
};

export interface TicketSettings extends TrackerSettings {
  /** How a group's open reviews stand at this moment. */
  readonly standing: (group: string) => Promise<GroupStanding>;
}

const BATCH = 200;
/** Groups whose ticket is known without asking; beyond it they are looked up again. */
const MAX_KNOWN = 10_000;
/** After that, a ticket that is not found was closed by a person, and the next event makes another. */
const LAG_MS = 60_000;

type WithReview = OutwardEvent & { readonly review: OutwardReview };

/**
 * One ticket a group of reviews: made with its first, kept up to date with how many wait, closed with its last. Tickets are
 * found by a key in the tracker itself, so that a crash, or another program, makes no second one. Throws BL_CONFIG.
 */
export function tickets(settings: TicketSettings): Sink {
  return new Tickets(settings);
}

class Tickets implements Sink {
  readonly name = 'tickets';
  readonly batch = BATCH;
  /** A group's first review must not be lost in a digest. */
  readonly each = true;
  readonly #settings: TicketSettings;
  readonly #template: string;
  /** By key: the open ticket, what it said last, and when (monotonic). */
  readonly #known = new Map<
    string,
    { readonly ticket: Ticket; readonly said: string; readonly at: number }
  >();

  constructor(settings: TicketSettings) {
    this.#settings = settings;
    this.#template = checkedTemplate(settings.template);
  }

  wants({ type }: Pick<OutwardEvent, 'type'>): boolean {
    return ['hold.opened', 'hold.decided', 'hold.escalated', 'file.ended'].includes(type);
  }

  async deliver(batch: readonly OutwardEvent[], signal: AbortSignal): Promise<Delivery> {
    const { kind, within_ms } = this.#settings;
    const { make, headers } = TRACKERS[kind];
    const tracker = make(this.#settings, new Asking({ headers: headers(this.#settings), within_ms }, signal));
    // Of a group only the last event counts: its ticket says how it stands now.
    const last = new Map<string, WithReview>();
    for (const event of batch) if (hasReview(event)) last.set(event.review.group, event);
    const open = new Set(last.keys());
    try {
      // The one that stands for an event that was refused: can anything be told at all?
      if (last.size === 0) await tracker.find(keyOf('', ''));
      for (const [group, event] of last) {
        await this.#settle(tracker, event);
        open.delete(group);
      }
      return { outcome: 'done' };
    } catch (error) {
      const left = batch.findIndex(({ review }) => review !== null && open.has(review.group));
      const delivered = Math.max(0, left);
      if (error instanceof Refused) return { outcome: 'refused', delivered, why: error.message };
      const after = error instanceof Unavailable ? error.after_ms : 0;
      return { outcome: 'later', delivered, why: inWords(error), after_ms: after };
    }
  }

  async close(): Promise<void> {
    this.#known.clear();
  }

  async #settle(tracker: Tracker, event: WithReview): Promise<void> {
    const { review, instance } = event;
    const key = keyOf(instance, review.group);
    const standing = await this.#settings.standing(review.group);
    // A person may have closed it meanwhile: only the tracker knows.
    const ticket = (await tracker.find(key)) ?? this.#justMade(key);
    if (standing.reviews === 0) {
      if (ticket !== null) await tracker.close(ticket, lastWord(event, review, tracker.markup));
      this.#known.delete(key);
      return;
    }
    const text = ticketText(this.#template, event, review, standing, tracker.markup);
    const said = JSON.stringify(text);
    if (ticket === null) this.#remember(key, await tracker.create(key, text), said);
    else if (this.#known.get(key)?.said !== said) {
      await tracker.update(ticket, text);
      this.#remember(key, ticket, said);
    }
  }

  /** A search lags a little behind what was made a moment ago. */
  #justMade(key: string): Ticket | null {
    const known = this.#known.get(key);
    return known !== undefined && performance.now() - known.at < LAG_MS ? known.ticket : null;
  }

  #remember(key: string, ticket: Ticket, said: string): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, { ticket, said, at: performance.now() });
  }
}

function hasReview(event: OutwardEvent): event is WithReview {
  return event.review !== null;
}

/** At most 50 characters, which GitHub's labels may have; two stores that tell one tracker do not meet. */
function keyOf(instance: string, group: string): string {
  const digest = createHash('sha256').update(`${instance}\0${group}`).digest('hex');
  return `backuplens-${digest.slice(0, 32)}`;
}
