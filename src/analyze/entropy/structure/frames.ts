import type { Walk } from './walk.ts';

const MPEG1_L3_KBIT = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG2_L3_KBIT = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MPEG1_HZ = [44100, 48000, 32000];

/** Length of the layer III frame that these four bytes begin (ISO/IEC 11172-3, 2.4.1.3; 13818-3); 0: they begin none. */
function mp3Frame(head: Buffer): number {
  const second = head[1] ?? 0;
  const third = head[2] ?? 0;
  if (head[0] !== 0xff || (second & 0xe6) !== 0xe2) return 0;
  const version = (second >> 3) & 3;
  const hz = MPEG1_HZ[(third >> 2) & 3];
  const kbit = (version === 3 ? MPEG1_L3_KBIT : MPEG2_L3_KBIT)[third >> 4];
  if (version === 1 || hz === undefined || kbit === undefined || kbit === 0) return 0;
  const rate = version === 3 ? hz : version === 2 ? hz / 2 : hz / 4;
  return Math.floor(((version === 3 ? 144000 : 72000) * kbit) / rate) + ((third >> 1) & 1);
}

/** Frame after frame; tags in front (ID3v2) are passed, what stands behind is not asked about. */
export function* mp3(): Walk {
  let head = yield { take: 4 };
  for (let frames = 0; ; frames++) {
    if (head.ended) return frames > 0 ? 'holds' : 'broken';
    if (head.bytes.toString('latin1', 0, 3) === 'ID3') {
      const rest = yield { take: 6 };
      if (rest.ended) return 'broken';
      yield { pass: rest.bytes.subarray(2).reduce((size, byte) => size * 128 + (byte & 0x7f), 0) };
    } else {
      const length = mp3Frame(head.bytes);
      if (length < 4) return isTag(head.bytes) ? 'holds' : 'broken';
      yield { pass: length - 4 };
    }
    head = yield { take: 4 };
  }
}

/** Tags at the end (ID3v1, Lyrics3, APE), and padding. */
function isTag(bytes: Buffer): boolean {
  return /^(?:TAG|LYR|APET)/.test(bytes.toString('latin1')) || bytes.every((byte) => byte === 0);
}

/** GSM 06.10 as files keep it (RFC 3551, 4.5.8.1): 33 bytes a frame, of which the first half byte is always 0xd. */
const GSM_FRAME_BYTES = 33;

/** A recording without any header: every frame shows its mark. */
export function* gsm(): Walk {
  for (;;) {
    const mark = yield { take: 1 };
    if (mark.ended) return 'holds';
    if ((mark.bytes[0] ?? 0) >> 4 !== 0xd) return 'broken';
    const rest = yield { take: GSM_FRAME_BYTES - 1 };
    if (rest.ended) return 'broken';
  }
}
