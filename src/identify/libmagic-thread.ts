import { workerData } from 'node:worker_threads';
import wasmagic from 'wasmagic';
import { ANSWERED, ASKED, FAILED, LENGTH, STATE, sharedQuestion } from './libmagic-protocol.ts';

/*
 * The thread that holds libmagic. Texts, tar, ELF, OLE, JSON and CSV are told by our own rules before libmagic is
 * asked: those parsers of its stay switched off. It asks for nothing and ends when its owner terminates it.
 */
if (!(workerData instanceof SharedArrayBuffer)) throw new TypeError('started without shared memory');
const { words, bytes } = sharedQuestion(workerData);
const { WASMagic, WASMagicFlags: Flag } = wasmagic;

const magic = await WASMagic.create({
  flags:
    Flag.MIME_TYPE |
    Flag.NO_CHECK_COMPRESS |
    Flag.NO_CHECK_TAR |
    Flag.NO_CHECK_ELF |
    Flag.NO_CHECK_TEXT |
    Flag.NO_CHECK_CDF |
    Flag.NO_CHECK_CSV |
    Flag.NO_CHECK_TOKENS |
    Flag.NO_CHECK_ENCODING |
    Flag.NO_CHECK_JSON |
    Flag.NO_CHECK_SIMH,
  // The pinned libmagic talks of nothing that matters to a scan; its answers come through `detect`.
  stdio: () => undefined,
});

for (;;) {
  while (Atomics.load(words, STATE) !== ASKED) Atomics.wait(words, STATE, Atomics.load(words, STATE), 60_000);
  let state = ANSWERED;
  try {
    const answer = Buffer.from(magic.detect(bytes.slice(0, Atomics.load(words, LENGTH))), 'latin1').subarray(
      0,
      256,
    );
    bytes.set(answer);
    Atomics.store(words, LENGTH, answer.length);
  } catch {
    // A trap in libmagic leaves its memory in doubt: the asker ends this thread.
    state = FAILED;
  }
  Atomics.store(words, STATE, state);
  Atomics.notify(words, STATE);
}
