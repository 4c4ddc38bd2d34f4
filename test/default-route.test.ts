// needs: iproute2
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { programPath } from './kit/program.ts';

/** Two interfaces, as a container has on an `internal` network and on one with a way out. */
const NETWORKS = `
ip link set lo up
ip link add inner type veth peer name far-inner && ip address add 10.98.1.2/24 dev inner && ip link set inner up
ip link add outer type veth peer name far-outer && ip address add 10.98.2.2/24 dev outer && ip link set outer up && ip link set far-outer up
`;
/** Asks each address until the first of them answers, then the others once. */
const ASK = `
const ask = async (host) => fetch(\`http://\${host}:8082/health\`).then((answer) => answer.status, () => 'closed');
const [first, ...others] = process.argv.slice(1);
const until = Date.now() + 20_000;
let answer = await ask(first);
while (answer === 'closed' && Date.now() < until) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  answer = await ask(first);
}
const answers = { [first]: answer };
for (const host of others) answers[host] = await ask(host);
console.log(JSON.stringify(answers));
`;

function inNamespace(script: string) {
  const args = ['--net', '--map-root-user', 'sh', '-euc', `${NETWORKS}\n${script}`];
  // Root needs no user namespace, and some containers allow none.
  if (process.getuid?.() === 0) args.splice(1, 1);
  const { PATH = '' } = process.env;
  return spawnSync('unshare', args, {
    env: {
      PATH: `${PATH}:/usr/sbin:/sbin`,
      NODE: process.execPath,
      UPDATER: programPath('services/clamav-updater/main'),
      ASK,
      HOST: 'default-route',
      ALLOW_ANONYMOUS: 'true',
      LOG_LEVEL: 'silent',
    },
    encoding: 'utf8',
    timeout: 60_000,
  });
}

test('HOST=default-route answers on loopback and where the way out is, and on no other network', () => {
  const run = inNamespace(`
    ip route add default via 10.98.2.1 dev outer
    "$NODE" "$UPDATER" & updater=$!
    "$NODE" --input-type=module -e "$ASK" -- 127.0.0.1 10.98.2.2 10.98.1.2
    kill $updater && wait $updater`);
  expect(run.stderr).toBe('');
  expect(JSON.parse(run.stdout)).toEqual({ '127.0.0.1': 200, '10.98.2.2': 200, '10.98.1.2': 'closed' });
});

test('without a default route it does not start, and says why', () => {
  const run = inNamespace('exec "$NODE" "$UPDATER"');
  expect(run.status).toBe(2);
  expect(run.stderr).toContain('HOST=default-route, and there is no default route');
});
