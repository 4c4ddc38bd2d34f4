/**
 * Messages of one turn of the event loop, sent as one: what a message costs between processes is mostly the system calls
 * and the turns at both ends, and small files have two each.
 */
export class GatheredMessages<Message> {
  readonly #send: (messages: readonly Message[]) => void;
  #waiting: Message[] = [];

  constructor(send: (messages: readonly Message[]) => void) {
    this.#send = send;
  }

  add(message: Message): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#sendAll());
    this.#waiting.push(message);
  }

  #sendAll(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    this.#send(messages);
  }
}
