import type { EffectiveConfig } from '../../config/index.ts';
import type { PipelineService } from './service.ts';

/** Has what decides read again, when somebody asks: what is asked for meanwhile, by one more reading after it. */
export class ReadAgain {
  readonly #settings: () => EffectiveConfig;
  #service: Pick<PipelineService, 'readAgain'> | null = null;
  #reading = false;
  #asked = false;

  constructor(settings: () => EffectiveConfig) {
    this.#settings = settings;
  }

  /** It works: what was asked for while it started is done now. */
  serve(service: Pick<PipelineService, 'readAgain'>): void {
    this.#service = service;
    if (this.#asked) this.ask();
  }

  ask(): void {
    this.#asked = true;
    if (!this.#reading && this.#service !== null) void this.#read(this.#service);
  }

  async #read(service: Pick<PipelineService, 'readAgain'>): Promise<void> {
    this.#reading = true;
    while (this.#asked) {
      this.#asked = false;
      await service.readAgain(this.#settings);
    }
    this.#reading = false;
  }
}
