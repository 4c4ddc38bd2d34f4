/** One file through identify, unpack and the statistics, without engines: what the tables are made of. */
import { openAnalyzers, type Analyzer } from '../../src/analyze/index.ts';
import { MemorySource, Scratch } from '../../src/bytes/index.ts';
import type { Finding, RansomwareName } from '../../src/domain/index.ts';
import { Identifier } from '../../src/identify/index.ts';
import { examineTree } from '../../src/pipeline/examine.ts';
import { Ledger } from '../../src/pipeline/ledger.ts';
import { Budget, closeUnpackers, DEFAULT_LIMITS } from '../../src/unpack/index.ts';

export class Judge {
  readonly #identifier: Identifier;
  readonly #analyzers: readonly Analyzer[];
  readonly #scratch: Scratch;

  private constructor(identifier: Identifier, analyzers: readonly Analyzer[], scratch: Scratch) {
    this.#identifier = identifier;
    this.#analyzers = analyzers;
    this.#scratch = scratch;
  }

  static async open(names: readonly RansomwareName[]): Promise<Judge> {
    const scratch = await Scratch.create((await import('node:os')).tmpdir());
    const off = { away: 'engine_off', detail: 'not part of this' } as const;
    const analyzers = openAnalyzers({
      clamd: off,
      yara: off,
      workers: 1,
      entropy_threshold: 6.5,
      ransomware_names: names,
      scratch,
    }).filter(({ id }) => id !== 'clamav' && id !== 'yara');
    return new Judge(await Identifier.create(), analyzers, scratch);
  }

  /** Findings of the file and everything in it. */
  async findings(name: string, bytes: Buffer): Promise<readonly Finding[]> {
    const ledger = new Ledger(name);
    const source = new MemorySource(bytes);
    await examineTree(
      [name],
      { source, stream: source.stream() },
      {
        identifier: this.#identifier,
        analyzers: this.#analyzers,
        budget: new Budget(DEFAULT_LIMITS, bytes.length),
        scratch: this.#scratch,
        passwords: [],
        ledger,
        signal: new AbortController().signal,
        progress: () => undefined,
      },
    );
    return ledger.close({ id: 0, parent: null, trail: [name] }).findings;
  }

  async close(): Promise<void> {
    this.#identifier.close();
    await closeUnpackers();
    await this.#scratch[Symbol.asyncDispose]();
  }
}
