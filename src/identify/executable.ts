import { known, type Known } from './known.ts';
import type { View } from './view.ts';

/** e_type of the ELF header (System V ABI, chapter 4). */
const ELF_TYPES: Readonly<Record<number, string>> = {
  1: 'application/x-object',
  2: 'application/x-executable',
  3: 'application/x-sharedlib',
  4: 'application/x-coredump',
};

export function elfKind(view: View): Known {
  // AppImage specification, "Type 2 image format": a file system follows the program.
  if (view.has(8, 'AI\x01') || view.has(8, 'AI\x02')) return known('application/vnd.appimage');
  // Guile, module/system/vm/elf.scm: for no system and no machine, with sections of its own.
  if (view.byte(7) === 255 && view.u16(18) === 0) return known('application/x-guile-object');
  const type = view.byte(5) === 2 ? view.be16(16) : view.u16(16);
  return known(ELF_TYPES[type] ?? 'application/x-elf');
}

const NSIS = '\xef\xbe\xad\xdeNullsoftInst';
const MAX_SECTIONS = 96;

/** A Windows program, and what is appended to it: its last section ends where the overlay begins. */
export function peKind(view: View): Known {
  const pe = 'application/vnd.microsoft.portable-executable';
  if (view.head.includes(NSIS, 0, 'latin1')) {
    return known(pe, { description: 'Windows installer (NSIS)', container: 'nsis', density: 'compressed' });
  }
  const overlay = overlayOffset(view);
  if (view.has(overlay, "7z\xbc\xaf'\x1c")) return selfExtracting(pe, '7z');
  if (view.has(overlay, 'Rar!\x1a\x07')) return selfExtracting(pe, 'rar');
  if (view.has(overlay, 'MSCF\0\0\0\0')) return selfExtracting(pe, 'cab');
  return known(pe);
}

function selfExtracting(mime: string, container: string): Known {
  return known(mime, {
    description: `Self-extracting ${container} archive (Windows)`,
    container,
    density: 'compressed',
  });
}

function overlayOffset(view: View): number {
  const pe = view.u32(60);
  const sections = view.u16(pe + 6);
  const table = pe + 24 + view.u16(pe + 20);
  let end = 0;
  for (let i = 0; i < Math.min(sections, MAX_SECTIONS); i++) {
    const bytes = view.u32(table + i * 40 + 16);
    const start = view.u32(table + i * 40 + 20);
    if (bytes > 0 && start > 0) end = Math.max(end, start + bytes);
  }
  return end > 0 ? end : Number.MAX_SAFE_INTEGER;
}
