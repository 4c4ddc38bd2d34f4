import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate for localhost that nobody trusts who is not told to. */
export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** Whoever is told to trust what stands in this file. */
  readonly path: string;
}

/** Needs openssl. */
export function certificateIn(folder: string): Certificate {
  const [key, path] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost';
  execFileSync(
    'openssl',
    [...args.split(' '), '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', path],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key), cert: readFileSync(path), path };
}
