import { ByteLedger } from '../byte-ledger.ts';
import type { Unpacker } from '../format.ts';
import { PdfDocument } from '../pdf/document.ts';
import { handOnLeftovers } from '../pdf/leftovers.ts';
import { Scanner } from '../pdf/scanner.ts';
import { Survey } from '../pdf/survey.ts';
import { Window } from '../window.ts';
import { Damaged } from '../trouble.ts';

// A renderer reads what its cross-reference table names; what matters here is everything that lies in the file.
// See docs/decisions/0007.
export const unpacker: Unpacker = {
  doc: {
    name: 'PDF',
    description:
      'Every stream of every object, also of hidden and replaced ones, with its filters undone: embedded files, scripts, object streams, pictures as they are; encrypted documents (RC4, AES) by password.',
    recognised: '`%PDF-` within the first bytes',
    limits: [
      '4 MiB an object outside its stream',
      '16 filters a stream',
      '16 times the file size plus 64 MiB where objects overlap',
    ],
    references: [
      'ISO 32000-1: https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf',
      'ISO 32000-2: https://pdfa.org/resource/iso-32000-2/',
    ],
    limitations: [
      'Encryption by certificates is a gap',
      'Names of embedded files that only a later object stream gives are not known; they are then called by their object',
      'Of strings, scripts and those that are objects of their own are decoded; others are seen as they stand',
      "TIFF's predictor is not undone: it changes the colours of a picture",
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const window = new Window(source);
    const scanner = new Scanner(window);
    const ledger = new ByteLedger(source.size);
    const survey = new Survey();
    await survey.read(scanner, ledger, context.signal);
    await new PdfDocument({ source, window, scanner, survey, ledger, sink, context }).handOn();
    await handOnLeftovers(ledger, source, sink, context.signal);
    if (survey.declaredSize > source.size)
      throw new Damaged(`cut off: ${survey.declaredSize} bytes declared`, {
        bytes: survey.declaredSize - source.size,
      });
    if ((await scanner.find('%%EOF', 0)) === null) throw new Damaged('no end mark: cut off');
  },
};
