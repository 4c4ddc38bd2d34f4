import type { View } from './view.ts';

/** ISO base media brands (https://mp4ra.org/registered-types/brands); all others are video/mp4. */
const BRANDS: Readonly<Record<string, string>> = {
  'qt  ': 'video/quicktime',
  'M4A ': 'audio/mp4',
  'M4B ': 'audio/mp4',
  'F4A ': 'audio/mp4',
  heic: 'image/heic',
  heix: 'image/heic',
  hevc: 'image/heic',
  mif1: 'image/heif',
  msf1: 'image/heif',
  avif: 'image/avif',
  avis: 'image/avif',
  '3gp4': 'video/3gpp',
  '3gp5': 'video/3gpp',
  '3gp6': 'video/3gpp',
};

/** What a RIFF file holds (Microsoft, Multimedia Programming Interface 1.0), by its form type. */
const FORMS: Readonly<Record<string, string>> = {
  WAVE: 'audio/x-wav',
  'AVI ': 'video/x-msvideo',
  WEBP: 'image/webp',
  RMID: 'audio/midi',
};

/** First bytes of an Ogg stream's first packet (RFC 5334, 4). */
const OGG_CODECS: readonly (readonly [string, string])[] = [
  ['\x01vorbis', 'audio/ogg'],
  ['OpusHead', 'audio/ogg'],
  ['Speex  ', 'audio/ogg'],
  ['\x7fFLAC', 'audio/ogg'],
  ['\x80theora', 'video/ogg'],
];

/** Where DocType may stand in an EBML header (RFC 8794, 11.2.4): headers are a few dozen bytes. */
const EBML_HEADER = 128;

/** The MIME type of a media container by the kind it declares in its first bytes; null if it is none. */
export function mediaType(view: View): string | null {
  if (view.has(4, 'ftyp') && view.be32(0) >= 8 && view.be32(0) <= 4096) {
    return BRANDS[view.latin1(8, 12)] ?? 'video/mp4';
  }
  if (view.has(0, 'RIFF') || view.has(0, 'RF64')) {
    return view.head.length < 12 ? null : (FORMS[view.latin1(8, 12)] ?? 'application/x-riff');
  }
  if (view.has(0, 'OggS\0')) {
    return OGG_CODECS.find(([bytes]) => view.has(28, bytes))?.[1] ?? 'application/ogg';
  }
  if (view.has(0, '\x1a\x45\xdf\xa3')) {
    const header = view.latin1(4, EBML_HEADER);
    if (header.includes('webm')) return 'video/webm';
    if (header.includes('matroska')) return 'video/x-matroska';
  }
  return null;
}
