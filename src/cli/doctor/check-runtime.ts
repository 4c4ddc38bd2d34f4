import type { HealthCheck } from '../../contracts/index.ts';
import { Identifier } from '../../identify/index.ts';
import { ok } from './check.ts';

/** The program itself: its Node.js, and libmagic in WebAssembly, which every file goes through. */
export async function checkRuntime(): Promise<readonly HealthCheck[]> {
  const identifier = await Identifier.create();
  const { mime } = identifier.identify({ head: PNG, tail: Buffer.alloc(0), size: PNG.length, name: 'x' });
  const facts = { node: process.version, platform: `${process.platform} ${process.arch}`, identified: mime };
  return [
    ok(
      'runtime',
      `Node.js ${process.version} on ${process.platform} ${process.arch}; content is identified`,
      facts,
    ),
  ];
}

/** The signature of a PNG (W3C, PNG, 5.2). */
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
