/** Said of every format that hands on a mapped disk. */
export const HOLES_LEFT_OUT =
  'Zeros of holes beyond 64 MiB (or the size of the file, if larger) are left out of what the engines see, and of partitions on such a disk those beyond the first MiB: their hash is of the rest';
