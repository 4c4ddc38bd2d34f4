/** A ticket as its tracker has it. */
export interface Ticket {
  /** What the tracker calls it: a number, a key, a sys_id. */
  readonly id: string;
}

/** What a ticket says; each text is in the tracker's own markup, with everything that others have chosen made harmless. */
export interface TicketText {
  readonly title: string;
  readonly body: string;
}

/** One kind of ticket system. Every method throws `Refused` or `Unavailable` (ask.ts). */
export interface Tracker {
  /** How its texts are written. */
  readonly markup: Markup;
  /** The open ticket with this key; null: there is none. */
  find(key: string): Promise<Ticket | null>;
  create(key: string, text: TicketText): Promise<Ticket>;
  update(ticket: Ticket, text: TicketText): Promise<void>;
  /** Closes it, with a last word. */
  close(ticket: Ticket, words: string): Promise<void>;
}

export interface Markup {
  /** Text that somebody else has chosen, as it is and with no effect, on one line. */
  quoted(text: string): string;
  /** Items of a list; they are in this markup already. */
  list(items: readonly string[]): string;
}
