import { expect, test } from 'vitest';
import { Libmagic } from './libmagic.ts';

const NUMPY = Buffer.from("\x93NUMPY\x01\x00v\x00{'descr': '<f8'}", 'latin1');

test('libmagic answers synchronously, the first time too', () => {
  const libmagic = new Libmagic();
  expect(libmagic.ask(NUMPY)).toBe('application/x-numpy-data');
  expect(libmagic.ask(NUMPY)).toBe('application/x-numpy-data');
  libmagic.close();
});

test('libmagic starts again after it was closed', () => {
  const libmagic = new Libmagic();
  expect(libmagic.ask(NUMPY)).toBe('application/x-numpy-data');
  libmagic.close();
  expect(libmagic.ask(NUMPY)).toBe('application/x-numpy-data');
  libmagic.close();
});

test('libmagic that cannot run is given up after three tries, without a throw', () => {
  const libmagic = new Libmagic({ thread: new URL('data:text/javascript,process.exit(1)'), startMs: 50 });
  for (let i = 0; i < 5; i++) expect(libmagic.ask(NUMPY)).toBeNull();
  expect(libmagic.usable).toBe(false);
});

test('libmagic that never answers costs its deadline and no more', () => {
  const libmagic = new Libmagic({ thread: new URL('data:text/javascript,for(;;);'), startMs: 50 });
  const started = performance.now();
  for (let i = 0; i < 100; i++) expect(libmagic.ask(NUMPY)).toBeNull();
  expect(performance.now() - started).toBeLessThan(5000);
});
