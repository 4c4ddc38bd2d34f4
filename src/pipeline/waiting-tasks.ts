import type { Task } from './worker-task.ts';

/** Files above this size have a worker's attention alone, in bytes. */
export const SMALL_BYTES = 1024 * 1024;

/** Files that wait for a worker, in the order in which they came: many share one, or each needs one for itself. */
export class WaitingTasks {
  readonly #small: Task[] = [];
  readonly #large: Task[] = [];
  /** Before all others, each by itself. */
  readonly #retries: Task[] = [];
  /** Of small and large ones. */
  bytes = 0;

  get count(): number {
    return this.#small.length + this.#large.length + this.#retries.length;
  }

  get small(): Task | undefined {
    return this.#small[0];
  }

  get large(): Task | undefined {
    return this.#large[0];
  }

  get retry(): Task | undefined {
    return this.#retries[0];
  }

  add(task: Task): void {
    (task.size > SMALL_BYTES || task.alone ? this.#large : this.#small).push(task);
    this.bytes += task.size;
  }

  again(task: Task): void {
    this.#retries.push(Object.assign(task, { alone: true }));
  }

  /** The first of a kind, which is there. */
  take(kind: 'small' | 'large' | 'retry'): void {
    const task = { small: this.#small, large: this.#large, retry: this.#retries }[kind].shift();
    if (kind !== 'retry') this.bytes -= task?.size ?? 0;
  }

  takeAll(): Task[] {
    this.bytes = 0;
    return [...this.#retries.splice(0), ...this.#large.splice(0), ...this.#small.splice(0)];
  }
}
