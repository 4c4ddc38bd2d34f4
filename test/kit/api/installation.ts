import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addToken } from '../../../src/config/tokens/index.ts';
import type { Role } from '../../../src/contracts/index.ts';
import {
  infected,
  newInstallation,
  startService,
  type Installation,
  type Service,
} from '../pipeline-service.ts';
import { Api } from './client.ts';

/** A running service, with its API. */
export interface Served {
  readonly at: Installation;
  readonly service: Service;
  /** Without a token. */
  readonly api: Api;
  /** With that of DATA_DIR. */
  readonly admin: Api;
  /** A new named token. */
  token(name: string, role: Role, expires_at?: string): Promise<string>;
  /** What stands there is held for a review: resolves to it. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as the API has it
  held(name: string, content?: string): Promise<any>;
  end(): Promise<void>;
}

/** A policy under which what the rule knows is for a person, and not for quarantine. */
const REVIEWED = 'weights: {yara_match: 60}\n';

export async function serve(
  env: Readonly<Record<string, string>> = {},
  policy: string | null = REVIEWED,
): Promise<Served> {
  const at = newInstallation(env);
  if (policy !== null) {
    const file = join(at.root, 'scoring.yaml');
    writeFileSync(file, policy);
    at.env['SCORING_CONFIG'] = file;
  }
  const service = await startService(at.env);
  const api = new Api(service.address());
  const admin = api.as(readFileSync(join(at.data, 'api-token'), 'utf8').trim());
  return {
    at,
    service,
    api,
    admin,
    token: async (name, role, expires_at) => {
      const path = at.env['TOKENS_FILE'] ?? join(at.data, 'tokens.json');
      // One that has expired meanwhile was made before.
      const now = expires_at === undefined ? new Date() : new Date(Date.parse(expires_at) - 1);
      return (await addToken(path, { name, role, expires_at: expires_at ?? null, now })).token;
    },
    held: async (name, content) => {
      const path = at.put(name, content ?? infected(name));
      // oxlint-disable-next-line typescript/no-explicit-any
      let found: any;
      await service.until(async () => {
        const { items } = await admin.ok('listReviews', { query: { state: 'open', path } });
        [found] = items;
        return found !== undefined;
      }, `the review of ${name}`);
      return found;
    },
    end: async () => {
      await service.kill();
      at.remove();
    },
  };
}
