import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nameFromBytes } from '../../../src/bytes/index.ts';
import type { Intent } from '../../../src/domain/index.ts';
import {
  FILE_STATES,
  LANES,
  RETENTION,
  type ScanRecord,
  type Store,
  type WatchedFile,
  type Work,
} from '../../../src/store/index.ts';
import { NASTY_NAMES } from '../nasty-names.ts';
import { finding } from '../sample-report.ts';
import { approved, factsOf, forQuarantine, forReview, hashOf, intentOf, scanOf, sighting } from './makers.ts';
import { newClocks, pass, type Clocks } from './open.ts';

/** A kind of store under test: how one is made, left without notice, and opened again. */
export interface StoreUnderTest {
  open(clocks: Clocks): Promise<Store>;
  /** As a process that died leaves it: nothing is handed back. The store is not used after it. */
  crash(store: Store): Promise<void>;
  /** Ends the test's store for good. */
  remove(): Promise<void>;
}

const DAY_MS = 86_400_000;
const LEASE = 60_000;

const plain = ({ from, to_folder: folder, to_name: called, ...rest }: Intent) => ({
  ...rest,
  bytes: [from, folder, called].map((bytes) => Buffer.from(bytes ?? '').toString('hex')),
});

const based = (scan: ScanRecord): ScanRecord => ({ ...scan, basis: { from: 'these findings' } });

/** What every store has to do, whatever is behind it. */
export function storeConformance(name: string, make: () => StoreUnderTest): void {
  describe(`${name} as a store`, () => {
    let under: StoreUnderTest;
    let store: Store;
    let clocks: Clocks;
    beforeEach(async () => {
      under = make();
      clocks = newClocks();
      store = await under.open(clocks);
    });
    afterEach(async () => {
      await store.close().catch(() => undefined);
      await under.remove();
    });

    const accept = async (path: string | Buffer, more = {}): Promise<WatchedFile> => {
      const { accepted } = await store.files.accept([sighting(path, more)]);
      const [file] = accepted;
      if (file === undefined) throw new Error('not accepted');
      return file;
    };
    const take = async (limit = 1, lane: 'fresh' | 'large' | 'rescan' = 'fresh'): Promise<readonly Work[]> =>
      store.files.take({ lane, limit, leaseMs: LEASE });
    const decide = async (path: string, scan = forQuarantine()): Promise<WatchedFile> => {
      const file = await accept(path);
      const [work] = await take();
      await store.files.record(work?.lease ?? '', scan);
      return (await store.files.get(file.id)) ?? file;
    };
    const bring = async (count: number, digit: string): Promise<boolean> =>
      store.judgements.takeRules({ count, sha256: hashOf(digit) });
    const actions = async (): Promise<string[]> =>
      (await store.journal.read({ after: 0, limit: 1000 })).map(({ action }) => action);
    const quarantined = async (path: string, more: Partial<Intent> = {}, rules = ['yara_match:R']) => {
      const file = await decide(path);
      const intent = intentOf('quarantine', { file: file.id, ...more });
      await store.ledger.intend(intent);
      await store.ledger.claimed(intent.id);
      const facts = factsOf(intent.id, { rules, taken_at: clocks.now.toISOString() });
      const location = Buffer.from(`/quarantine/${intent.id}.blq`);
      await store.ledger.done(intent.id, { location, facts, detail: null });
      await store.ledger.close(intent.id);
      return { file, intent };
    };

    const settled = async (path: string, scan = approved()): Promise<WatchedFile> => {
      const file = await decide(path, based(scan));
      if (file.decision === 'auto_approve') await store.files.leave(file.id, null);
      else await store.reviews.holdInPlace(file.id, null);
      return (await store.files.get(file.id)) ?? file;
    };
    const due = async (now: string, latest = '2027-01-01T00:00:00.000Z') =>
      store.releases.due({ now, latest, limit: 10 });
    const held = async (path: string, more = {}): Promise<{ file: WatchedFile; id: string }> => {
      const file = await decide(path, forReview({ reasons: ['score 70'], ...more }));
      return { file, id: (await store.reviews.holdInPlace(file.id, null)).id };
    };

    describe('its queue', () => {
      test('a file is accepted once, whatever name it has, and comes back byte by byte', async () => {
        const names = [
          ...NASTY_NAMES.map(({ name: text }) => Buffer.from(text).subarray(0, 4000)),
          Buffer.from([0x63, 0x61, 0x66, 0xe9]),
          Buffer.from([0x63, 0x61, 0x66, 0xe8]),
          Buffer.from([0xff, 0xfe, 0x00]),
        ];
        const unique = [...new Map(names.map((bytes) => [bytes.toString('latin1'), bytes])).values()];
        const met = unique.map((bytes) => sighting(bytes));
        const first = await store.files.accept(met);
        expect(first.accepted.map(({ path }) => Buffer.from(path).toString('hex'))).toEqual(
          unique.map((bytes) => bytes.toString('hex')),
        );
        expect(await store.files.accept(met)).toEqual({ accepted: [], known: unique.length, superseded: 0 });
        for (const bytes of unique) {
          expect(Buffer.from((await store.files.at(bytes))?.path ?? '').equals(bytes)).toBe(true);
        }
        expect((await take(1000)).length).toBe(unique.length);
      });

      test('numbers of 64 bits survive', async () => {
        const identity = {
          dev: 18_446_744_073_709_551_615n,
          ino: 18_446_744_073_709_551_614n,
          size: 9_223_372_036_854_775_807n,
          mtime_ns: -62_135_596_800_000_000_000n,
          ctime_ns: 1_700_000_000_123_456_789n,
        };
        await accept('/in/huge', { identity });
        expect((await store.files.at(Buffer.from('/in/huge')))?.identity).toEqual(identity);
      });

      test.each(['dev', 'ino', 'size', 'mtime_ns', 'ctime_ns'] as const)(
        'another %s is another file: the old one ends, the new one waits',
        async (what) => {
          const met = sighting('/in/a');
          const old = (await store.files.accept([met])).accepted[0];
          const identity = { ...met.identity, [what]: met.identity[what] + 1n };
          const next = await store.files.accept([{ ...met, identity }]);
          expect(next).toMatchObject({ known: 0, superseded: 1 });
          expect((await store.files.get(old?.id ?? ''))?.state).toBe('superseded');
          expect((await store.files.at(met.path))?.id).toBe(next.accepted[0]?.id);
          expect(await actions()).toContain('superseded');
        },
      );

      test('what is taken is nobody else’s until its lease ends, on the clock that never jumps', async () => {
        await accept('/in/a');
        const [work] = await take();
        clocks.now = new Date(clocks.now.getTime() + 400 * DAY_MS);
        expect(await take()).toEqual([]);
        expect(await store.files.takeAlone(LEASE)).toBe(null);
        clocks.monotonicMs += LEASE - 1;
        expect(await store.files.renew([work?.lease ?? ''], LEASE)).toEqual([]);
        clocks.monotonicMs += LEASE - 1;
        expect(await take()).toEqual([]);
        clocks.monotonicMs += 2;
        expect(await store.files.renew([work?.lease ?? ''], LEASE)).toEqual([work?.lease]);
        await expect(store.files.record(work?.lease ?? '', approved())).rejects.toMatchObject({
          code: 'BL_STORE',
        });
        expect((await store.files.takeAlone(LEASE))?.id).toBe(work?.id);
      });

      test('a file is suspected after a crash, and only running it alone counts as an attempt', async () => {
        for (const path of ['/in/a', '/in/b', '/in/c']) await accept(path);
        expect((await take(2)).map(({ attempts }) => attempts)).toEqual([0, 0]);
        await under.crash(store);
        store = await under.open(clocks);
        expect((await store.counts()).suspect).toBe(2);
        expect((await take(10)).length).toBe(1);
        const alone = await store.files.takeAlone(LEASE);
        expect(alone).toMatchObject({ suspect: true, attempts: 1, state: 'scanning' });
        await under.crash(store);
        store = await under.open(clocks);
        expect((await store.files.get(alone?.id ?? ''))?.attempts).toBe(1);
      });

      test('what is handed back is as if it had not been taken; what took its worker with it is run alone', async () => {
        await accept('/in/a');
        const [first] = await take();
        await store.files.handBack(first?.lease ?? '');
        const [second] = await take();
        expect(second).toMatchObject({ suspect: false, attempts: 0 });
        await store.files.suspect(second?.lease ?? '');
        expect(await take()).toEqual([]);
        const alone = await store.files.takeAlone(LEASE);
        await store.files.record(alone?.lease ?? '', approved());
        expect(await store.files.get(alone?.id ?? '')).toMatchObject({ suspect: false, state: 'decided' });
      });

      test('a file of a new folder does not wait behind all files of another', async () => {
        const many = Array.from({ length: 100 }, (_, at) =>
          sighting(`/in/big/${at}`, { share: Buffer.from('big') }),
        );
        await store.files.accept(many);
        await take(3);
        await accept('/in/small/one', { share: Buffer.from('small') });
        const next = await take(2);
        expect(next.map(({ path }) => nameFromBytes(path))).toContain('/in/small/one');
        expect((await take(200)).length).toBe(96);
      });

      test('lanes do not mix', async () => {
        await accept('/in/a', { lane: 'large' });
        expect(await take(5, 'fresh')).toEqual([]);
        expect((await take(5, 'large')).length).toBe(1);
      });

      test('a file that vanishes or is overwritten while it is scanned does not come back by its scan', async () => {
        const file = await accept('/in/a');
        const [work] = await take();
        await store.files.lose(file.id, 'gone');
        expect(await store.files.record(work?.lease ?? '', approved())).toMatchObject({ state: 'gone' });
        expect(await store.files.get(file.id)).toMatchObject({ state: 'gone', decision: 'auto_approve' });
        expect((await accept('/in/a')).id).not.toBe(file.id);
      });

      test('what is not dealt with in a folder that turns out to be a set is gathered; what was moved out of it is counted', async () => {
        const decided = await decide('/in/tree/decided');
        const stays = await decide('/in/tree/stays', approved());
        await store.files.leave(stays.id, null);
        await quarantined('/in/tree/bad');
        const [waits, beside] = [await accept('/in/tree/waits'), await accept('/in/tree.txt')];
        const [busy] = await take(1);
        expect(await store.files.gather(Buffer.from('/in/tree'), clocks.now.toISOString())).toEqual({
          gathered: 2,
          apart: 1,
        });
        const state = async ({ id }: WatchedFile): Promise<string | undefined> =>
          (await store.files.get(id))?.state;
        expect([await state(waits), await state(decided), await state(stays), await state(beside)]).toEqual([
          'superseded',
          'superseded',
          'in_place',
          'waiting',
        ]);
        // Its scan was under way.
        expect(busy?.id).toBe(waits.id);
        expect(await store.files.record(busy?.lease ?? '', approved())).toMatchObject({
          state: 'superseded',
        });
        const later = new Date(clocks.now.getTime() + 1000).toISOString();
        expect(await store.files.gather(Buffer.from('/in/tree'), later)).toEqual({ gathered: 0, apart: 0 });
      });
    });

    describe('its decisions', () => {
      test('a scan is kept with its whole report, and found by decision, kind, rule, path, hash and time', async () => {
        const findings = [finding(['a'], { kind: 'yara_match', rule: 'R%_', weight: 120 })];
        const file = await decide('/in/x/a', forQuarantine({ findings }));
        await decide('/in/y/b', approved({ sha256: hashOf('c') }));
        const [scan, ...others] = await store.scans.list({ filter: { decision: 'quarantine' }, limit: 10 });
        expect(others).toEqual([]);
        expect(scan).toMatchObject({ id: file.scan, file: file.id, score: 200, provisional: false });
        const whole = await store.scans.get(scan?.id ?? '');
        expect(whole?.result).toEqual(forQuarantine({ findings }).result);
        expect(whole?.engines).toEqual({ clamav: { status: 'ok' } });
        const count = async (filter: object) => (await store.scans.list({ filter, limit: 10 })).length;
        expect(await count({ kind: 'yara_match' })).toBe(1);
        expect(await count({ rule: 'R%_' })).toBe(1);
        expect(await count({ rule: 'R%' })).toBe(0);
        expect(await count({ under: Buffer.from('/in/x/') })).toBe(1);
        expect(await count({ under: Buffer.from('/in/') })).toBe(2);
        expect(await count({ under: Buffer.from([0xff]) })).toBe(0);
        expect(await count({ sha256: hashOf('c') })).toBe(1);
        expect(await count({ since: '2026-11-28T11:59:30.000Z' })).toBe(2);
        expect(await count({ until: '2026-11-28T11:59:30.000Z' })).toBe(0);
        const [newest] = await store.scans.list({ limit: 1 });
        expect((await store.scans.list({ limit: 9, before: newest?.id ?? '' })).length).toBe(1);
      });

      test('a report of more than 16 MB is cut, and counts what it lost', async () => {
        const findings = Array.from({ length: 1000 }, (_, at) =>
          finding(['a'], { rule: `R${at}`, detail: 'x'.repeat(40_000) }),
        );
        const file = await decide('/in/a', forQuarantine({ findings }));
        const kept = (await store.scans.get(file.scan ?? ''))?.result;
        expect(JSON.stringify(kept).length).toBeLessThanOrEqual(16 * 1024 * 1024);
        expect((kept?.findings.length ?? 0) + (kept?.omitted?.findings ?? 0)).toBe(1000);
      });

      test('an approval waits for its disposition; left in place, it stands', async () => {
        const file = await decide('/in/a', approved());
        expect(file.state).toBe('decided');
        expect((await store.files.decided(10)).map(({ id }) => id)).toEqual([file.id]);
        await store.files.leave(file.id, null);
        expect((await store.files.get(file.id))?.state).toBe('in_place');
        expect(await store.files.decided(10)).toEqual([]);
        expect(await actions()).toEqual(['store_made', 'decided', 'left_in_place']);
        await expect(store.files.leave(file.id, null)).rejects.toMatchObject({ code: 'BL_STORE' });
      });

      test('what is not an approval cannot be left in place', async () => {
        const file = await decide('/in/a', forReview());
        await expect(store.files.leave(file.id, null)).rejects.toMatchObject({ code: 'BL_STORE' });
      });

      test('a provisional approval stays, is scanned again in its own lane, and keeps since when', async () => {
        const file = await decide('/in/a', approved({ provisional: true }));
        expect(file).toMatchObject({ state: 'provisional', provisional_since: clocks.now.toISOString() });
        const since = file.provisional_since;
        expect((await store.files.provisional({ limit: 9 })).length).toBe(1);
        pass(clocks, 3_600_000);
        expect(await store.files.rescanProvisional(10)).toBe(1);
        expect(await take(1, 'fresh')).toEqual([]);
        const [work] = await take(1, 'rescan');
        await store.files.record(work?.lease ?? '', approved({ provisional: true }));
        expect((await store.files.get(file.id))?.provisional_since).toBe(since);
        expect((await store.counts()).oldest_provisional).toBe(since);
        await store.reviews.holdInPlace(file.id, 'provisional for more than a day');
        expect(await store.files.get(file.id)).toMatchObject({ state: 'held', provisional_since: null });
      });

      test('a disposition that cannot be carried out now is pending, and tried again', async () => {
        const file = await decide('/in/a', approved());
        const identity = { ...file.identity, ctime_ns: 99n };
        await store.files.pend(file.id, 'no space', identity);
        expect(await store.files.get(file.id)).toMatchObject({
          state: 'disposition_pending',
          detail: 'no space',
          identity,
        });
        expect(await store.files.decided(10)).toEqual([]);
        expect((await store.gate.at(Buffer.from('/in/a'), hashOf('a'))).approved).toBe(false);
        expect(await store.files.retryPending()).toBe(1);
        expect((await store.files.decided(10)).length).toBe(1);
      });

      test('what cannot be carried out for the same reason is told of once, and waits longer each time, and no longer than an hour', async () => {
        const file = await decide('/in/a');
        const pend = async (why: string) => store.files.pend(file.id, why);
        let waited = 0;
        for (let tries = 0; tries < 12; tries++) {
          await pend('its bytes are others');
          for (; (await store.files.retryPending({ due: true })) === 0; waited++) pass(clocks, 60_000);
        }
        expect(waited).toBeGreaterThan(60);
        expect(waited).toBeLessThanOrEqual(12 * 60);
        expect((await actions()).filter((action) => action === 'disposition_pending')).toHaveLength(1);
        await pend('no room');
        expect((await actions()).filter((action) => action === 'disposition_pending')).toHaveLength(2);
        // Who asks for it need not wait; nor does anything for a clock that was put back.
        expect(await store.files.retryPending()).toBe(1);
        await pend('no room');
        clocks.now = new Date(clocks.now.getTime() - 10 * DAY_MS);
        expect(await store.files.retryPending({ due: true })).toBe(1);
      });

      test('scan --apply accepts and records in one, and again for the same file', async () => {
        const met = sighting('/in/a');
        const first = await store.files.recordAt(met, approved());
        const again = await store.files.recordAt(met, forQuarantine());
        expect(again).toMatchObject({ id: first.id, state: 'decided', decision: 'quarantine' });
        expect((await store.scans.list({ limit: 10 })).length).toBe(2);
      });
    });

    describe('its dispositions', () => {
      test('an intent comes back as it was, whatever its paths are, until it is closed', async () => {
        const file = await decide('/in/a');
        const intent = intentOf('quarantine', {
          file: file.id,
          to_name: Buffer.from([0xff, 0x0a]),
          why: 'x',
        });
        await store.ledger.intend(intent);
        for (const state of ['intended', 'claimed', 'done'] as const) {
          const location = Buffer.from('/quarantine/x.blq');
          if (state === 'claimed') await store.ledger.claimed(intent.id);
          if (state === 'done') {
            await store.ledger.done(intent.id, { location, facts: factsOf(intent.id), detail: null });
          }
          await under.crash(store);
          store = await under.open(clocks);
          const open = await store.ledger.unfinished();
          expect(open.map((one) => [one.state, plain(one.intent)])).toEqual([[state, plain(intent)]]);
        }
        await store.ledger.close(intent.id);
        expect(await store.ledger.unfinished()).toEqual([]);
      });

      test('one file or item has one disposition at a time', async () => {
        const file = await decide('/in/a');
        const first = intentOf('quarantine', { file: file.id });
        await store.ledger.intend(first);
        const second = intentOf('hold', { file: file.id });
        await expect(store.ledger.intend(second)).rejects.toMatchObject({
          code: 'BL_DISPOSITION',
          message: `what was begun with ${first.id} has not come to its end`,
        });
        await store.ledger.withdraw(first.id, null);
        await store.ledger.intend(second);
      });

      test('done is the file’s state, the item and the journal’s record in one', async () => {
        const { file, intent } = await quarantined('/in/a');
        const location = Buffer.from(`/quarantine/${intent.id}.blq`);
        expect(await store.files.get(file.id)).toMatchObject({ state: 'quarantined' });
        expect(await store.files.at(Buffer.from('/in/a'))).toBe(null);
        const item = await store.ledger.item(intent.id);
        expect(item?.facts).toEqual(factsOf(intent.id, { rules: ['yara_match:R'] }));
        expect(Buffer.from(item?.location ?? '').equals(location)).toBe(true);
        expect(Buffer.from(item?.origin ?? '').toString('latin1')).toBe('/in/caf\xe9');
        const record = (await store.journal.read({ after: 0, limit: 99 })).at(-1);
        expect(record).toMatchObject({
          action: 'quarantined',
          who: 'a test',
          file: file.id,
          item: intent.id,
        });
      });

      test('a withdrawn disposition leaves the file decided; after a crash the journal says that it was put back', async () => {
        const file = await decide('/in/a');
        const intent = intentOf('quarantine', { file: file.id });
        await store.ledger.intend(intent);
        await store.ledger.withdraw(intent.id, { location: Buffer.from('/in/a'), detail: 'after a crash' });
        expect((await store.files.get(file.id))?.state).toBe('decided');
        expect((await actions()).at(-1)).toBe('put_back');
        expect(await store.ledger.item(intent.id)).toBe(null);
      });

      test('what is restored is not taken away again by the next sweep, once, at that place, with those bytes', async () => {
        const { intent } = await quarantined('/in/a');
        const back = Buffer.from('/in/back');
        const restore = intentOf('restore', { item: intent.id, file: null });
        await store.ledger.intend(restore);
        await store.ledger.done(restore.id, { location: back, facts: null, detail: null });
        await store.ledger.close(restore.id);
        expect(await store.ledger.item(intent.id)).toBe(null);
        const elsewhere = await decide('/in/other', forQuarantine());
        expect(elsewhere.state).toBe('decided');
        const changed = await decide('/in/back', forQuarantine({ sha256: hashOf('f') }));
        expect(changed.state).toBe('decided');
        await store.files.lose(changed.id, 'gone');
        const waived = await decide('/in/back', forQuarantine());
        expect(waived).toMatchObject({ state: 'in_place', decision: 'quarantine' });
        expect((await store.gate.at(back, hashOf('a'))).approved).toBe(false);
        await store.files.lose(waived.id, 'superseded');
        expect((await decide('/in/back', forQuarantine())).state).toBe('decided');
      });

      test('a kept restoration leaves the item, a deletion removes it', async () => {
        const { file, intent } = await quarantined('/in/a');
        const copy = intentOf('restore', { item: intent.id, file: file.id, keep: true });
        await store.ledger.intend(copy);
        await store.ledger.done(copy.id, { location: Buffer.from('/tmp/x'), facts: null, detail: 'a copy' });
        await store.ledger.close(copy.id);
        expect(await store.ledger.item(intent.id)).not.toBe(null);
        expect((await store.files.get(file.id))?.state).toBe('quarantined');
        const deletion = intentOf('delete', { item: intent.id, file: file.id, why: 'no use' });
        await store.ledger.intend(deletion);
        await store.ledger.done(deletion.id, { location: null, facts: null, detail: null });
        await store.ledger.close(deletion.id);
        expect(await store.ledger.item(intent.id)).toBe(null);
        expect((await store.files.get(file.id))?.state).toBe('deleted');
        const record = (await store.journal.read({ after: 0, limit: 99 })).at(-1);
        expect(record).toMatchObject({ action: 'deleted', detail: 'no use' });
      });

      test('items are listed by kind, rule and time, found by a part of their id, and counted for the breaker', async () => {
        const one = await quarantined('/in/a', {}, ['yara_match:Bad_Rule', 'clamav_infected:X']);
        const since = clocks.now.toISOString();
        pass(clocks, 60_000);
        const two = await quarantined('/in/b', {}, ['yara_match:Bad_Rule']);
        const ids = async (options: object) =>
          (await store.items.list({ kind: 'quarantine', limit: 10, ...options })).map(({ id }) => id);
        const both = [one.intent.id, two.intent.id].toSorted();
        expect(await ids({})).toEqual(both);
        expect(await ids({ limit: 1 })).toEqual(both.slice(0, 1));
        expect(await ids({ after: both[0] })).toEqual(both.slice(1));
        expect(await ids({ rule: 'Bad_Rule' })).toEqual(both);
        expect(await ids({ rule: 'X' })).toEqual([one.intent.id]);
        expect(await ids({ rule: 'Bad%' })).toEqual([]);
        expect(await ids({ since: clocks.now.toISOString() })).toEqual([two.intent.id]);
        expect(await ids({ kind: 'hold' })).toEqual([]);
        expect(await store.items.quarantinedBy('yara_match:Bad_Rule', since)).toBe(2);
        expect(await store.items.quarantinedBy('yara_match:Bad_Rule', clocks.now.toISOString())).toBe(1);
        expect(await store.items.find(one.intent.id.slice(-12, -4))).toEqual([one.intent.id]);
        expect(await store.items.find('%')).toEqual([]);
        expect(await store.items.find('____')).toEqual([]);
      });

      test('an item that is found on disk is entered once, with a file and what waits for an answer', async () => {
        const id = '20260101T000000000Z-0123456789ab';
        const found = {
          id,
          kind: 'hold',
          origin: Buffer.from('/in/a'),
          location: Buffer.from(`/review/${id}`),
        } as const;
        expect(await store.items.adopt({ ...found, facts: factsOf(id) })).toBe(true);
        expect(await store.items.adopt({ ...found, facts: factsOf(id) })).toBe(false);
        const [review] = await store.reviews.list({ state: 'open', limit: 10 });
        expect(review).toMatchObject({ id, sha256: hashOf('a') });
        expect((await store.files.get(review?.file ?? ''))?.state).toBe('held');
        expect((await actions()).at(-1)).toBe('store_rebuilt');
      });
    });

    describe('its reviews', () => {
      const answer = {
        who: 'anna',
        reason: 'looked at it',
        sha256: hashOf('a'),
        remember: false,
        until: null,
      };
      test('a held file waits for an answer, with its grounds and its hash', async () => {
        const { file, id } = await held('/in/a', { findings: [finding(['a'], { rule: 'R', weight: 40 })] });
        expect(await store.reviews.get(id)).toMatchObject({
          file: file.id,
          state: 'open',
          sha256: hashOf('a'),
          reasons: ['score 70'],
          answer: null,
          location: null,
          rules: ['yara_match:R'],
        });
        expect((await store.files.get(file.id))?.state).toBe('held');
        expect((await store.counts()).open_reviews).toBe(1);
        expect(await store.reviews.find(id.slice(-12))).toEqual([id]);
      });

      test('equal grounds are one group, whatever their order', async () => {
        const a = finding(['a'], { rule: 'A', weight: 40 });
        const b = finding(['a'], { rule: 'B', weight: 40 });
        const one = await held('/in/a', { findings: [a, b] });
        const two = await held('/in/b', { findings: [b, a, a] });
        const three = await held('/in/c', { findings: [a] });
        const groups = [];
        for (const { id } of [one, two, three]) groups.push((await store.reviews.get(id))?.group);
        expect(groups[0]).toBe(groups[1]);
        expect(groups[0]).not.toBe(groups[2]);
        expect((await store.reviews.list({ group: groups[0] ?? '', limit: 9 })).length).toBe(2);
      });

      test('they are found by kind, rule, path and time, and counted by their grounds, the largest first', async () => {
        const a = finding(['a'], { rule: 'A', weight: 40 });
        const b = finding(['a'], { rule: 'B', weight: 40, kind: 'ransom_note' });
        const one = await held('/in/a/1', { findings: [a] });
        pass(clocks, 1);
        const two = await held('/in/a/2', { findings: [a] });
        pass(clocks, 1000);
        const three = await held('/in/b', { findings: [a, b] });
        const ids = async (filter: object) =>
          (await store.reviews.list({ ...filter, limit: 9 })).map(({ id }) => id);
        expect(await ids({ kind: 'ransom_note' })).toEqual([three.id]);
        expect(await ids({ rule: 'A' })).toEqual([one.id, two.id, three.id]);
        expect(await ids({ rule: 'A', after: two.id })).toEqual([three.id]);
        expect(await ids({ kind: 'ransom_note', rule: 'A' })).toEqual([]);
        expect(await ids({ under: Buffer.from('/in/a/') })).toEqual([one.id, two.id]);
        const { opened_at: last } = (await store.reviews.get(three.id)) ?? { opened_at: '' };
        expect(await ids({ since: last })).toEqual([three.id]);
        expect(await ids({ until: last })).toEqual([one.id, two.id]);
        expect(await store.reviews.groups({ limit: 1 })).toMatchObject([{ reviews: 2, bytes: 24 }]);
        expect(await store.reviews.countGroups()).toBe(2);
      });

      test('groups come page by page, the largest first, each once', async () => {
        // Of five groups three are equally large.
        let met = 0;
        for (const rule of ['A', 'B', 'B', 'C', 'C', 'D', 'D', 'E', 'E', 'E'])
          await held(`/in/${met++}`, { findings: [finding(['a'], { rule, weight: 40 })] });
        const all = await store.reviews.groups({ limit: 9 });
        expect(all.map(({ reviews }) => reviews)).toEqual([3, 2, 2, 2, 1]);
        const paged = [];
        for (let after; paged.length < 9; after = paged.at(-1)) {
          const [next] = await store.reviews.groups({ limit: 1, after });
          if (next === undefined) break;
          paged.push(next);
        }
        expect(paged).toEqual(all);
      });

      test('many are answered in one step, or none of them', async () => {
        const [one, two] = [await held('/in/a'), await held('/in/b')];
        const said = { who: 'w', reason: 'r', remember: false, until: null };
        const wrong = [
          { id: one.id, sha256: hashOf('a') },
          { id: two.id, sha256: hashOf('f') },
        ];
        await expect(store.reviews.answerAll(wrong, 'quarantine', said)).rejects.toMatchObject({
          code: 'BL_STORE',
        });
        expect((await store.reviews.get(one.id))?.state).toBe('open');
        await store.reviews.answerAll(
          wrong.map(({ id }) => ({ id, sha256: hashOf('a') })),
          'quarantine',
          said,
        );
        expect((await store.reviews.list({ state: 'rejected', limit: 9 })).length).toBe(2);
      });

      test('what waits too long is marked once, told once a group, and not decided by it', async () => {
        const { id } = await held('/in/a');
        await held('/in/b');
        pass(clocks, 1000);
        const before = clocks.now.toISOString();
        const { id: later } = await held('/in/c');
        expect(await store.reviews.escalate(before, 10)).toBe(2);
        expect(await store.reviews.escalate(before, 10)).toBe(0);
        expect((await actions()).filter((action) => action === 'escalated')).toHaveLength(1);
        expect((await store.reviews.get(id))?.state).toBe('open');
        expect((await store.reviews.list({ escalated: false, limit: 9 })).map((review) => review.id)).toEqual(
          [later],
        );
        expect(await store.counts()).toMatchObject({ open_reviews: 3, escalated_reviews: 2 });
      });

      test('who uploaded what is known by its path, from the last byte on', async () => {
        const upload = {
          id: 'u',
          path: Buffer.from('/in/u'),
          folder: Buffer.from('/in/.u'),
          name: 'a\nb',
          who: 'w',
        };
        await store.uploads.begin(upload);
        await store.uploads.begin({ ...upload, id: 'v', path: Buffer.from('/in/v') });
        expect((await store.uploads.arriving()).map(({ id }) => id)).toEqual(['u', 'v']);
        await store.uploads.arrived('u', { size: 12, sha256: hashOf('a') });
        await store.uploads.brokeOff('v');
        await store.uploads.brokeOff('u');
        expect(await store.uploads.arriving()).toEqual([]);
        expect(await store.uploads.at(Buffer.from('/in/u'))).toMatchObject({
          id: 'u',
          name: 'a\nb',
          who: 'w',
        });
        expect(await store.uploads.at(Buffer.from('/in/v'))).toBe(null);
        const now = clocks.now.toISOString();
        expect(await store.uploads.bytesOf('w', now)).toBe(12);
        expect(await store.uploads.bytesOf('another', now)).toBe(0);
        pass(clocks, 1);
        expect(await store.uploads.bytesOf('w', clocks.now.toISOString())).toBe(0);
        expect((await actions()).filter((action) => action === 'uploaded')).toHaveLength(1);
      });

      test.each([
        ['auto_approve', 'approved'],
        ['quarantine', 'rejected'],
      ] as const)(
        'an answer (%s) is kept for good, and its file is decided again',
        async (decision, state) => {
          const { file, id } = await held('/in/a');
          const until = '2027-01-01T00:00:00.000Z';
          const review = await store.reviews.answer(id, decision, { ...answer, remember: true, until });
          expect(review).toMatchObject({
            state,
            answer: { ...answer, remember: true, until, at: clocks.now.toISOString() },
          });
          expect(await store.files.get(file.id)).toMatchObject({ state: 'decided', decision });
          const record = (await store.journal.read({ after: 0, limit: 99 })).at(-1);
          expect(record).toMatchObject({
            action: state,
            who: 'anna',
            detail: decision === 'quarantine' ? 'looked at it' : `looked at it; remembered until ${until}`,
            sha256: hashOf('a'),
          });
          await expect(store.reviews.answer(id, decision, answer)).rejects.toMatchObject({
            code: 'BL_STORE',
          });
        },
      );

      test('what is remembered can be taken back, with the journal, and only once', async () => {
        const file = await decide('/in/a', forReview());
        const { id } = await store.reviews.holdInPlace(file.id, null);
        expect(await store.reviews.forget(id, { who: 'rita', reason: 'x' })).toBe(null);
        const lasting = { who: 'rita', reason: 'checked', sha256: hashOf('a'), remember: true, until: null };
        await store.reviews.answer(id, 'auto_approve', lasting);
        expect(await store.reviews.remembered(hashOf('a'))).toHaveLength(1);
        const gone = await store.reviews.forget(id, { who: 'otto', reason: 'withdrawn' });
        expect(gone).toMatchObject({ state: 'approved', forgotten: { who: 'otto' } });
        expect(await store.reviews.remembered(hashOf('a'))).toEqual([]);
        expect(await store.reviews.forget(id, { who: 'otto', reason: 'withdrawn' })).toBe(null);
        const told = await store.journal.read({ after: 0, limit: 100 });
        expect(told.at(-1)).toMatchObject({
          action: 'forgotten',
          item: id,
          who: 'otto',
          detail: 'withdrawn',
        });
      });

      test('what was not looked at cannot be answered', async () => {
        const { id } = await held('/in/a');
        const other = { ...answer, sha256: hashOf('f') };
        await expect(store.reviews.answer(id, 'auto_approve', other)).rejects.toMatchObject({
          code: 'BL_STORE',
        });
        const unread = await held('/in/b', { sha256: null });
        await expect(store.reviews.answer(unread.id, 'auto_approve', answer)).rejects.toThrow(
          /never read to its end/,
        );
        expect((await store.reviews.get(id))?.state).toBe('open');
      });

      test('a held file that is overwritten ends its review: nothing is left to be approved', async () => {
        const { file, id } = await held('/in/a');
        await accept('/in/a');
        expect((await store.files.get(file.id))?.state).toBe('superseded');
        expect((await store.reviews.get(id))?.state).toBe('closed');
        await expect(store.reviews.answer(id, 'auto_approve', answer)).rejects.toMatchObject({
          code: 'BL_STORE',
        });
      });

      test('a held file that was moved away, approved and brought back is not held again', async () => {
        const file = await decide('/in/a', forReview());
        const hold = intentOf('hold', { file: file.id });
        await store.ledger.intend(hold);
        const location = Buffer.from(`/review/${hold.id}`);
        await store.ledger.done(hold.id, { location, facts: factsOf(hold.id), detail: null });
        await store.ledger.close(hold.id);
        await store.reviews.answer(hold.id, 'auto_approve', answer);
        const release = intentOf('release', { file: file.id, item: hold.id });
        await store.ledger.intend(release);
        await store.ledger.done(release.id, { location: Buffer.from('/in/a'), facts: null, detail: null });
        await store.ledger.close(release.id);
        expect(await store.ledger.item(hold.id)).toBe(null);
        expect((await store.gate.at(Buffer.from('/in/a'), hashOf('a'))).approved).toBe(true);
        const again = await decide('/in/a', forReview());
        expect(again).toMatchObject({ state: 'in_place', decision: 'auto_approve' });
        expect((await store.gate.at(Buffer.from('/in/a'), hashOf('a'))).approved).toBe(true);
      });
    });

    describe('its gate', () => {
      const path = Buffer.from('/in/a');
      const at = async (hash = hashOf('a')) => store.gate.at(path, hash);

      test('only an approval that is settled opens it, at that place, for those bytes', async () => {
        expect(await at()).toMatchObject({ approved: false, file: null });
        await accept('/in/a');
        expect((await at()).because).toBe('it waits to be scanned');
        const [work] = await take();
        expect((await at()).because).toBe('it is being scanned');
        await store.files.record(work?.lease ?? '', approved());
        expect((await at()).approved).toBe(false);
        await store.files.leave(work?.id ?? '', null);
        expect(await at()).toMatchObject({ approved: true, file: work?.id, decision: 'auto_approve' });
        expect(await at(hashOf('f'))).toMatchObject({
          approved: false,
          because: expect.stringContaining('bytes'),
        });
        expect((await store.gate.at(Buffer.from('/in/copy'), hashOf('a'))).approved).toBe(false);
        await accept('/in/a');
        expect((await at()).approved).toBe(false);
      });

      test('a provisional approval does not open it', async () => {
        await decide('/in/a', approved({ provisional: true }));
        expect(await at()).toMatchObject({
          approved: false,
          because: expect.stringContaining('provisional'),
        });
      });

      test('a released file is known at the place where it went', async () => {
        const file = await decide('/in/a', approved());
        const release = intentOf('release', { file: file.id });
        await store.ledger.intend(release);
        const there = Buffer.from('/approved/a');
        await store.ledger.done(release.id, { location: there, facts: null, detail: null });
        await store.ledger.close(release.id);
        expect((await store.gate.at(there, hashOf('a'))).approved).toBe(true);
        expect((await store.gate.at(there, hashOf('f'))).approved).toBe(false);
        expect((await at()).approved).toBe(false);
      });

      test('anywhere, the last decision about the same bytes counts', async () => {
        const first = await decide('/in/a', approved());
        await store.files.leave(first.id, null);
        expect((await store.gate.anywhere(hashOf('a'))).approved).toBe(true);
        await store.files.lose(first.id, 'gone');
        expect((await store.gate.anywhere(hashOf('a'))).approved).toBe(true);
        pass(clocks, 1000);
        await decide('/in/b', forQuarantine());
        expect((await store.gate.anywhere(hashOf('a'))).approved).toBe(false);
        expect((await store.gate.anywhere(hashOf('f'))).approved).toBe(false);
      });
    });

    describe('its second judgements', () => {
      const policy = hashOf('c');
      const underOther = async (): Promise<string[]> =>
        (await store.judgements.underOther(policy, 10)).map(({ file }) => Buffer.from(file.path).toString());

      test('what was judged under another policy is handed out with what it was judged from, until it is dealt with', async () => {
        await settled('/in/a');
        await settled('/in/b');
        const [first] = await store.judgements.underOther(policy, 1);
        expect(first).toMatchObject({ basis: { from: 'these findings' }, decision: 'auto_approve' });
        await store.judgements.stands(first?.scan ?? '', policy);
        // Of two that were recorded in the same millisecond, either may come first.
        const dealtWith = Buffer.from(first?.file.path ?? '').toString();
        expect(await underOther()).toEqual(['/in/a', '/in/b'].filter((path) => path !== dealtWith));
        // Under the one that they were made under, nothing is to be done for the other.
        expect(await store.judgements.underOther(hashOf('b'), 10)).toHaveLength(1);
      });

      test('what came to an end, is under way or was approved by a person is not handed out', async () => {
        await settled('/in/gone');
        await store.files.lose((await store.files.at(Buffer.from('/in/gone')))?.id ?? '', 'gone');
        const waits = await settled('/in/again', approved({ provisional: true })).catch(() => null);
        expect(waits).toBe(null);
        await store.files.rescanProvisional(1);
        await settled('/in/person', forReview());
        const [review] = await store.reviews.list({ state: 'open', limit: 1 });
        const answer = { who: 'anna', reason: 'looked', sha256: hashOf('a'), remember: false, until: null };
        await store.reviews.answer(review?.id ?? '', 'auto_approve', answer);
        expect(await underOther()).toEqual([]);
      });

      test('a harsher judgement moves a file on, a milder one does not, and both are in the journal', async () => {
        const file = await settled('/in/a');
        const again = { ...based(forReview()), policy_sha256: policy };
        const came = await store.judgements.again(file.id, file.scan ?? '', again, 'under policy c');
        expect(came).toEqual({ tightened: true, state: 'decided' });
        const now = await store.files.get(file.id);
        expect(now).toMatchObject({ decision: 'manual_review', verdict: 'suspicious', state: 'decided' });
        expect(await store.judgements.again(file.id, file.scan ?? '', again, 'too late')).toBe(null);
        await store.reviews.holdInPlace(file.id, null);
        const milder = { ...based(approved()), policy_sha256: hashOf('d') };
        expect(await store.judgements.again(file.id, now?.scan ?? '', milder, 'a milder one')).toEqual({
          tightened: false,
          state: 'held',
        });
        expect((await store.files.get(file.id))?.decision).toBe('manual_review');
        expect(await store.reviews.list({ state: 'open', limit: 5 })).toHaveLength(1);
        expect((await actions()).filter((action) => action === 'judged_again')).toHaveLength(2);
      });

      test('a held file that is to be quarantined ends its review', async () => {
        const file = await settled('/in/a', forReview());
        await store.judgements.again(file.id, file.scan ?? '', based(forQuarantine()), 'an engine is back');
        expect(await store.files.get(file.id)).toMatchObject({ state: 'decided', decision: 'quarantine' });
        expect(await store.reviews.list({ state: 'open', limit: 5 })).toEqual([]);
      });

      test('held files that an engine has not seen are found, in pages', async () => {
        for (const letter of ['a', 'b', 'c'])
          await settled(`/in/${letter}`, forReview({ provisional: letter !== 'b' }));
        const [first, ...none] = await store.judgements.heldProvisionally({ limit: 1 });
        expect(none).toEqual([]);
        const rest = await store.judgements.heldProvisionally({ limit: 5, after: first?.id ?? '' });
        const found = [first, ...rest].map((file) => Buffer.from(file?.path ?? '').toString());
        expect(found.toSorted()).toEqual(['/in/a', '/in/c']);
      });

      test('what only waits for an engine is provisional, whatever was decided', async () => {
        const waits = await decide('/in/a', { ...forReview({ provisional: true }), awaits_engines: true });
        expect(waits).toMatchObject({ state: 'provisional', decision: 'manual_review' });
        const asked = await decide('/in/b', forReview({ provisional: true }));
        expect(asked.state).toBe('decided');
      });

      test('a policy is told of once', async () => {
        expect(await store.judgements.takePolicy(policy)).toBe(true);
        expect(await store.judgements.takePolicy(policy)).toBe(false);
        expect(await actions()).toContain('policy_taken');
      });
    });

    describe('its rules', () => {
      test('are told of when they are others, and as fewer when more than a tenth is gone', async () => {
        expect([await bring(100, 'a'), await bring(100, 'a')]).toEqual([true, false]);
        expect([await bring(90, 'b'), await bring(80, 'c'), await bring(100, 'd')]).toEqual([
          true,
          true,
          true,
        ]);
        const told = (await actions()).filter((action) => action.startsWith('rules_'));
        expect(told).toEqual(['rules_taken', 'rules_taken', 'rules_fewer', 'rules_taken']);
      });
    });

    describe('its receivers of events', () => {
      test('a new one begins at the end of the journal, and each goes on where it was after a crash', async () => {
        const head = await store.journal.head();
        const fresh = await store.sinks.open('webhook');
        expect(fresh).toMatchObject({ ...head, state: 'new', failures: 0, delivered: 0 });
        const at = { ...fresh, seq: 7, hash: hashOf('a'), minute: '2026-11-28T12:00', in_minute: 3 };
        const failing = { ...at, state: 'failing', failures: 2, detail: 'x'.repeat(5000) } as const;
        await store.sinks.save(failing);
        await under.crash(store);
        store = await under.open(clocks);
        expect(await store.sinks.open('webhook')).toEqual({ ...failing, detail: 'x'.repeat(500) });
        await store.sinks.open('syslog');
        await store.sinks.turnOff(['syslog']);
        const all = await store.sinks.list();
        expect(all.map((one) => [one.name, one.state, one.seq])).toEqual([
          ['syslog', 'new', (await store.journal.head()).seq],
          ['webhook', 'off', 7],
        ]);
      });

      test('names are hashed with the same key for good', async () => {
        const key = await store.sinks.namesKey();
        expect(Buffer.from(key, 'base64')).toHaveLength(32);
        await under.crash(store);
        store = await under.open(clocks);
        expect(await store.sinks.namesKey()).toBe(key);
      });

      test('an alarm is in the journal with what it says, and is known again after a crash', async () => {
        expect(await store.alarms.up()).toEqual({});
        await store.alarms.tell('clamav', { action: 'engine_down', item: 'clamav', detail: 'refused' });
        await store.alarms.canaryOk('2026-11-28T12:00:00.000Z');
        await under.crash(store);
        store = await under.open(clocks);
        expect(await store.alarms.up()).toEqual({ clamav: 'engine_down' });
        expect((await store.counts()).last_canary_ok).toBe('2026-11-28T12:00:00.000Z');
        const records = await store.journal.read({ after: 0, limit: 100 });
        expect(records.find(({ action }) => action === 'engine_down')).toMatchObject({
          item: 'clamav',
          detail: 'refused',
        });
      });

      test('the last accepted file is known, whatever became of it', async () => {
        expect(await store.files.lastAccepted()).toBeNull();
        await accept('/in/a');
        pass(clocks, 5000);
        const last = await accept('/in/b');
        expect(await store.files.lastAccepted()).toBe(last.accepted_at);
      });
    });

    describe('its release calls', () => {
      const call = { event: hashOf('e'), seq: 7, file: 'a file' };
      const failed = { ok: false, detail: 'ended with 3', again_at: '2026-11-28T13:00:00.000Z' } as const;

      test('what failed waits until it is due, counts its attempts, and is gone once it was told', async () => {
        expect(await store.releases.cursor()).toBe(null);
        await store.releases.record(call, failed);
        expect(await store.releases.cursor()).toBe(7);
        expect(await due('2026-11-28T12:59:59.000Z')).toEqual([]);
        expect(await due('2026-11-28T13:00:00.000Z')).toEqual([{ ...call, attempts: 1 }]);
        await store.releases.record(call, failed);
        expect(await due('2026-11-28T14:00:00.000Z')).toEqual([{ ...call, attempts: 2 }]);
        expect(await store.counts()).toMatchObject({ hooks_waiting: 1, hooks_failed: 0 });
        await store.releases.record(call, { ok: true, detail: 'ended with 0' });
        expect(await due('2026-11-28T14:00:00.000Z')).toEqual([]);
        expect((await store.counts()).oldest_hook).toBe(null);
        expect(await actions()).toEqual(['store_made', 'hook_failed', 'hook_failed', 'hook_told']);
      });

      test('a clock that was put back by years does not keep it waiting', async () => {
        await store.releases.record(call, failed);
        expect(await due('2020-01-01T00:00:00.000Z', '2020-01-01T06:00:00.000Z')).toHaveLength(1);
      });

      test('what was given up is counted, waits again when it is asked for, and survives a crash', async () => {
        await store.releases.record(call, { ...failed, again_at: null });
        expect(await store.counts()).toMatchObject({ hooks_waiting: 0, hooks_failed: 1 });
        await under.crash(store);
        store = await under.open(clocks);
        expect((await store.counts()).hooks_failed).toBe(1);
        expect(await store.releases.tryAgain()).toBe(1);
        expect(await due(clocks.now.toISOString())).toEqual([{ ...call, attempts: 0 }]);
        expect(await store.releases.dropAll('no hook any more')).toBe(1);
        expect((await actions()).at(-1)).toBe('hook_given_up');
      });
    });

    describe('its list of what does not rest', () => {
      test('is as of the last look, byte by byte, and counted', async () => {
        const path = Buffer.from('/in/caf\xe9\0set', 'latin1');
        const met_at = '2026-11-28T11:00:00.000Z';
        const begun = [{ path: Buffer.from('/in/r\xe9po', 'latin1'), kind: 'restic', met_at }];
        await store.unsettled.replace({ files: 3, oldest_at: met_at, begun_sets: 1, begun }, [
          { path, met_at },
        ]);
        expect(await store.unsettled.begun()).toEqual(begun);
        await under.crash(store);
        store = await under.open(clocks);
        const [kept, ...others] = await store.unsettled.list();
        expect(others).toEqual([]);
        expect(Buffer.from(kept?.path ?? '').equals(path)).toBe(true);
        expect(await store.counts()).toMatchObject({ unsettled: 3, begun_sets: 1, oldest_unsettled: met_at });
        await store.unsettled.replace({ files: 0, oldest_at: null, begun_sets: 0, begun: [] }, []);
        expect(await store.unsettled.list()).toEqual([]);
      });
    });

    describe('its attacks', () => {
      test('last until their end, are told of once, and survive a crash', async () => {
        const path = Buffer.from('/in/caf\xe9', 'latin1');
        const mass = { rule: 'share-of-files', detail: '6 of 6 files', evidence: { files: 6, ending: null } };
        const until = (ms: number): string => new Date(clocks.now.getTime() + ms).toISOString();
        await store.attacks.note({ path, until: until(60_000), mass });
        const since = clocks.now.toISOString();
        pass(clocks, 30_000);
        await store.attacks.note({ path, until: until(60_000), mass });
        await under.crash(store);
        store = await under.open(clocks);
        pass(clocks, 59_000);
        const [kept, ...others] = await store.attacks.lasting(10);
        expect(others).toEqual([]);
        expect(kept).toMatchObject({ since, mass });
        expect(Buffer.from(kept?.path ?? '').equals(path)).toBe(true);
        expect((await store.counts()).attacked_folders).toBe(1);
        expect((await actions()).filter((action) => action === 'mass_encryption')).toHaveLength(1);
        pass(clocks, 2000);
        expect(await store.attacks.lasting(10)).toEqual([]);
        expect((await store.counts()).attacked_folders).toBe(0);
        // Another one of the same folder is news.
        await store.attacks.note({ path, until: until(60_000), mass });
        expect((await store.attacks.lasting(10))[0]?.since).toBe(clocks.now.toISOString());
        expect((await actions()).filter((action) => action === 'mass_encryption')).toHaveLength(2);
      });
    });

    describe('its tokens', () => {
      test('are told of once, by whoever made and revoked them', async () => {
        const created_at = '2026-11-28T10:00:00.000Z';
        const anna = { id: 'a'.repeat(12), name: 'anna', role: 'admin', created_at, expires_at: null };
        const gone = { ...anna, revoked_at: created_at, revoked_by: 'rita (1000)' };
        expect(await store.tokens.tell([{ ...anna, made_by: 'otto (0)' }], [])).toBe(1);
        expect(await store.tokens.tell([{ ...anna, made_by: 'otto (0)' }], [])).toBe(0);
        await under.crash(store);
        store = await under.open(clocks);
        expect(await store.tokens.tell([], [gone])).toBe(1);
        expect(await store.tokens.tell([], [gone])).toBe(0);
        const told = await store.journal.read({ after: 0, limit: 100 });
        expect(told.slice(-2)).toMatchObject([
          { action: 'token_made', who: 'otto (0)' },
          { action: 'token_revoked', who: 'rita (1000)' },
        ]);
      });
    });

    describe('its journal, clock and retention', () => {
      test('every record names the one before, and can be read on from any of them', async () => {
        await quarantined('/in/a');
        const all = await store.journal.read({ after: 0, limit: 99 });
        expect(all.map(({ seq }) => seq)).toEqual(all.map((_, at) => at + 1));
        for (const [at, { prev }] of all.entries()) expect(prev).toBe(all[at - 1]?.hash ?? '0'.repeat(64));
        expect(await store.journal.read({ after: 1, limit: 2 })).toEqual(all.slice(1, 3));
        const head = all.at(-1)?.hash;
        expect(await store.journal.head()).toEqual({ seq: all.length, hash: head });
        expect(await store.journal.verify()).toEqual({
          records: all.length,
          head,
          broken: null,
          head_found: null,
          missing: null,
        });
        expect((await store.journal.verify({ head: all[0]?.hash ?? '' })).head_found).toBe(true);
        expect((await store.journal.verify({ head: 'f'.repeat(64) })).head_found).toBe(false);
        const places = all.map(({ seq, hash }) => ({ seq, hash })).toReversed();
        const empty = { seq: 0, hash: '0'.repeat(64) };
        expect((await store.journal.verify({ places: [...places, empty] })).missing).toBe(null);
        const elsewhere = { seq: 1, hash: all[1]?.hash ?? '' };
        expect((await store.journal.verify({ places: [...places, elsewhere] })).missing).toEqual(elsewhere);
        const cutOff = { seq: all.length + 1, hash: 'f'.repeat(64) };
        expect((await store.journal.verify({ places: [...places, cutOff] })).missing).toEqual(cutOff);
      });

      test('a record is printable ASCII, bounded, and gives its path back', async () => {
        for (const { name: text } of NASTY_NAMES) {
          const path = Buffer.from(text);
          const written = await store.journal.append({
            action: 'decided',
            time: clocks.now.toISOString(),
            who: 'w',
            file: null,
            item: null,
            path,
            sha256: null,
            decision: null,
            verdict: null,
            detail: text,
          });
          expect(written.line).toMatch(/^[\x20-\x7e]*$/);
        }
        expect((await store.journal.verify()).broken).toBe(null);
        const back = await store.journal.read({ after: 1, limit: 1000 });
        expect(back.map(({ path }) => Buffer.from(path ?? '').toString('hex'))).toEqual(
          NASTY_NAMES.map(({ name: text }) => Buffer.from(text).subarray(0, 8192).toString('hex')),
        );
      });

      test('a clock that jumps by more than a day, either way, stops what goes by age, and is told', async () => {
        await accept('/in/a');
        expect((await store.checkClock()).jumped).toBe(false);
        pass(clocks, 10 * DAY_MS);
        expect((await store.checkClock()).jumped).toBe(false);
        clocks.now = new Date(clocks.now.getTime() + 3650 * DAY_MS);
        expect((await store.checkClock()).jumped).toBe(true);
        expect(await store.retain(RETENTION)).toEqual({ reports: 0, files: 0, suspended: true });
        expect((await actions()).filter((action) => action === 'clock_jumped')).toHaveLength(1);
      });

      test('a clock that is set back behind what was seen stays distrusted', async () => {
        await store.checkClock();
        clocks.now = new Date(clocks.now.getTime() - 2 * DAY_MS);
        expect((await store.checkClock()).jumped).toBe(true);
        pass(clocks, 2 * 3_600_000);
        expect((await store.checkClock()).jumped).toBe(true);
      });

      test('old reports go, but not those that a person may still have to look at; summaries stay', async () => {
        const old = await decide('/in/old', approved());
        await store.files.leave(old.id, null);
        const waits = await decide('/in/held', forReview());
        await store.reviews.holdInPlace(waits.id, null);
        const gone = await accept('/in/gone');
        await store.files.lose(gone.id, 'gone');
        pass(clocks, 100 * DAY_MS);
        expect(await store.retain(RETENTION)).toEqual({ reports: 1, files: 0, suspended: false });
        expect((await store.scans.get(old.scan ?? ''))?.result).toBe(null);
        expect((await store.scans.get(waits.scan ?? ''))?.result).not.toBe(null);
        expect((await store.gate.at(Buffer.from('/in/old'), hashOf('a'))).approved).toBe(true);
        pass(clocks, 400 * DAY_MS);
        expect(await store.retain(RETENTION)).toMatchObject({ files: 1 });
        expect(await store.files.get(gone.id)).toBe(null);
        expect(await store.files.get(old.id)).not.toBe(null);
        expect((await store.journal.verify()).broken).toBe(null);
      });

      test('reports that take too much room go, the oldest first', async () => {
        for (const path of ['/in/a', '/in/b']) {
          const file = await decide(path, approved());
          await store.files.leave(file.id, null);
        }
        expect(await store.retain({ ...RETENTION, report_bytes: 1 })).toMatchObject({ reports: 2 });
      });

      test('the last scan is the last one, and no judgement of an old one; what was rejected is not in place', async () => {
        const first = await decide('/in/a', { ...approved(), finished_at: '2026-11-28T10:00:00.000Z' });
        await decide('/in/b', { ...approved(), finished_at: '2026-11-28T11:00:00.000Z' });
        const earlier = { ...forQuarantine(), finished_at: '2026-11-28T10:00:00.000Z' };
        await store.judgements.again(first.id, first.scan ?? '', earlier, 'under another policy');
        expect((await store.counts()).last_decided).toBe('2026-11-28T11:00:00.000Z');
        await store.files.refuse(first.id, 'a set');
        expect(await store.counts()).toMatchObject({
          files: { in_place: 1 },
          in_place_rejected: 1,
          in_place_restored: 0,
        });
      });

      test('counts say what waits and since when', async () => {
        await accept('/in/a');
        await accept('/in/b', { lane: 'large' });
        await take();
        const counts = await store.counts();
        expect(Object.keys(counts.files)).toEqual(FILE_STATES);
        expect(Object.keys(counts.waiting)).toEqual(LANES);
        expect(counts).toMatchObject({
          files: { waiting: 1, scanning: 1, held: 0 },
          waiting: { fresh: 0, large: 1, rescan: 0 },
          oldest_waiting: clocks.now.toISOString(),
          last_accepted: clocks.now.toISOString(),
          last_decided: null,
          quarantined: 0,
          unfinished_dispositions: 0,
          journal_records: 1,
        });
      });

      test('the store keeps its name', async () => {
        const id = await store.instanceId();
        await under.crash(store);
        store = await under.open(clocks);
        expect(await store.instanceId()).toBe(id);
      });

      test('methods that are called at once do not mix', async () => {
        const paths = Array.from({ length: 50 }, (_, at) => `/in/${at}`);
        await Promise.all(paths.map(async (path) => accept(path)));
        const taken = await Promise.all(paths.map(async () => take()));
        const leases = taken.flat().map(({ lease }) => lease);
        expect(new Set(leases).size).toBe(50);
        await Promise.all(leases.map(async (lease) => store.files.record(lease, scanOf())));
        expect((await store.journal.verify()).broken).toBe(null);
        expect((await store.counts()).files.decided).toBe(50);
      });
    });
  });
}
