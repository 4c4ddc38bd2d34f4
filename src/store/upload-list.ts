/** A file that somebody brings in over the API. */
export interface Upload {
  readonly id: string;
  /** Where it lies in the watched folder: named by us. */
  readonly path: Uint8Array;
  /** What its owner calls it: data, and never a path. */
  readonly name: string;
  readonly who: string;
  readonly at: string;
}

/** An upload of which the last byte has not come. */
export interface ArrivingUpload extends Upload {
  /** Its own, with nothing else in it: goes when the upload breaks off. */
  readonly folder: Uint8Array;
}

export interface UploadList {
  /** Before the first byte is written: what breaks off is found by it. */
  begin(upload: Omit<ArrivingUpload, 'at'>): Promise<void>;
  /** It is at its path, in bytes; with the journal's record. null: we died before that was known. */
  arrived(id: string, content: { readonly size: number; readonly sha256: string | null }): Promise<void>;
  /** It broke off, and nothing is left of it. */
  brokeOff(id: string): Promise<void>;
  /** What broke off with the process. */
  arriving(): Promise<readonly ArrivingUpload[]>;
  /** What somebody has brought in since then, in bytes. */
  bytesOf(who: string, since: string): Promise<number>;
  /** Who brought in what was met at this path; null: nobody did. */
  at(path: Uint8Array): Promise<Upload | null>;
}
