/** What the bytes are, how we know, and what the name claimed. */
export interface ContentType {
  /** By content, never by name: `application/zip`. `application/octet-stream` when nothing is known. */
  readonly mime: string;
  /** For people: `Zip archive`. ASCII, at most 200 characters, no control characters. */
  readonly description: string;
  /** How we know. */
  readonly by: 'empty' | 'signature' | 'structure' | 'text' | 'libmagic' | 'unknown';
  /** Id of the container format (see unpack/registry.ts), such as `zip` for a .docx; null: not a container. */
  readonly container: string | null;
  /** A container that the same bytes are, too, for whoever reads them otherwise (a PDF with a zip's directory at its end). */
  readonly second: string | null;
  /**
   * What high entropy means here. `compressed`: normal by nature (gz, jpg, docx). `plain`: text, databases,
   * executables, documents: not normal. `unknown`: nothing is known of the type, so it is not excused.
   */
  readonly density: 'compressed' | 'plain' | 'unknown';
  /** The MIME type that the name promises; null when the name promises nothing. */
  readonly claimed: string | null;
  /**
   * The MIME type that the name promised before something was appended to it (`report.docx.locked`), where the content
   * is nothing of that kind; null otherwise, and when the last ending promises something itself.
   */
  readonly renamed_from: string | null;
  /** In words, why claim and content truly contradict each other; null when they agree or nothing is claimed. */
  readonly contradiction: string | null;
}
